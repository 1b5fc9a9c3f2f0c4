"""What a payer agrees to before we may take money from a bank account.

Sources: SEPA: the words that EPC document EPC392-08 (appearance of a CORE mandate) prescribes.
ACH: Nacha Operating Rules, subsections 2.3.2.2 and 2.5.17 (WEB: an authorisation must be readily
identifiable, say its terms, amount, timing and account, and how it is revoked) and Regulation E,
12 CFR 1005.10. A lawyer and the bank confirm them before the first debit; who changes a word
makes a new version, and what was signed keeps its own words.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from apps.finance.debits.choices import Scheme


@dataclass(frozen=True, slots=True)
class Words:
    """The text to be shown whole and agreed to; ``version`` names it to the letter."""

    text: str
    version: str


def words_for(
    scheme: Scheme, *, creditor: str, creditor_id: str, notice_days: int, retries: int
) -> Words:
    """Return what the payer of a scheme agrees to; the same input gives the same version."""
    text = (
        _sepa(creditor, creditor_id, notice_days)
        if scheme == Scheme.SEPA
        else _ach(creditor, retries)
    )
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Words(text, f"{scheme.lower()}-{digest[:16]}")


def _sepa(creditor: str, creditor_id: str, notice_days: int) -> str:
    return (
        f"SEPA Direct Debit Mandate. Creditor: {creditor}. Creditor identifier: {creditor_id}. "
        f"By signing this mandate form, you authorise (A) {creditor} to send instructions to your "
        f"bank to debit your account and (B) your bank to debit your account in accordance with "
        f"the instructions from {creditor}. As part of your rights, you are entitled to a refund "
        f"from your bank under the terms and conditions of your agreement with your bank. A "
        f"refund must be claimed within 8 weeks starting from the date on which your account was "
        f"debited. Your rights are explained in a statement that you can obtain from your bank. "
        f"Type of payment: recurrent. You are told of each debit, its amount and its day at least "
        f"{notice_days} days before."
    )


def _ach(creditor: str, retries: int) -> str:
    again = (
        f"If a debit is returned because there is not enough money, the same amount may be "
        f"presented up to {retries} more times within 180 days. "
        if retries
        else ""
    )
    return (
        f"You authorise {creditor} to debit the bank account you name here electronically (ACH), "
        f"each time for the amount that you ask for on this website while you are signed in, and "
        f"not before the day you ask. A first entry over $0.00 checks the account. {again}"
        f"You confirm that the account is yours, or that you may sign for it, that it is kept in "
        f"the United States, and that it is for personal use. This authorisation stays in force "
        f"until you revoke it on this website; a debit that was sent to the bank before goes on. "
        f"You may have a copy of it at any time."
    )
