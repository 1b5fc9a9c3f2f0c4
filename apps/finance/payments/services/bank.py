"""Payments by our own bank: opened, ended and returned by what its files and statements say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apps.accounts.models import Profile
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.payments import errors
from apps.finance.payments.adapters.base import Account, Disputed, Notice, Told
from apps.finance.payments.choices import PAID, Kind, Method, Status
from apps.finance.payments.models import MerchantAccount, Transaction
from apps.finance.payments.rules import limits
from apps.finance.payments.services.disputes import dispute_news
from apps.finance.payments.services.move import cancel, capture, fail, move, note
from apps.finance.payments.services.opening import Wish, first_by_key, open_at
from apps.finance.payments.services.way import PayBy
from apps.finance.risk import services as risk
from apps.finance.risk.choices import Outcome

#: As in ``start``: the payer is not told why.
REFUSED = "refused"
_BY_BANK = frozenset({Method.BANK_DEBIT, Method.BANK_TRANSFER})


@dataclass(frozen=True, slots=True)
class BankReturn:
    """Money the bank takes back; ``key`` names the return, at most 120 characters."""

    key: str
    code: str
    reason: str
    amount: Money


@joins_transaction
def open_bank_payment(
    *,
    fan: Profile,
    amount: Money,
    account_id: int,
    idempotency_key: str,
    now: datetime,
    why: str,
    pay_by: PayBy | None = None,
) -> tuple[Transaction, bool]:
    """
    Open a wallet deposit by bank that waits in PROCESSING; also return whether it is new. What
    risk does not let through is FAILED (``is_refused``), to be said when it is committed.

    Nobody is asked about it: the bank's files and statements bring every word. Nothing is booked.
    A file waits for no person, so a debit to be challenged or looked at is refused as well; a
    transfer the payer sends, only one that is blocked.

    :raises KeyReused: the key was used for another payment
    :raises NoMerchantAccount: the account is no bank account of the fan's brand, or switched off
    :raises CurrencyNotOffered, AmountOutOfRange: the account does not take it
    :raises NoFee: the brand has no rates for this method
    """
    account = MerchantAccount.objects.filter(pk=account_id, cluster=fan.cluster_id).first()
    if account is None or not account.is_active or account.method not in _BY_BANK:
        raise errors.NoMerchantAccount()
    wish = Wish(
        fan, Kind.WALLET_DEPOSIT, account.method, amount, idempotency_key,
        pay_by=pay_by or PayBy(),
    )  # fmt: skip
    limits.check_words(message="", idempotency_key=idempotency_key)
    if (first := first_by_key(wish)) is not None:
        return first, False
    if account.currency != amount.currency:
        raise errors.CurrencyNotOffered(currency=amount.currency)
    limits.check_between(amount, account.least_minor, account.most_minor)
    transaction, outcome = open_at(wish, account=account, now=now)
    if outcome is None:
        return transaction, False
    risk.decide_nothing(subject=f"transaction:{transaction.public_id}")
    sent_by_payer = account.method == Method.BANK_TRANSFER
    if outcome == Outcome.ALLOW or (sent_by_payer and outcome != Outcome.BLOCK):
        move(transaction=transaction, target=Status.PROCESSING, now=now, reason=why)
        return transaction, True
    fail(transaction=transaction, now=now, code=REFUSED, reason="Refused by a risk rule",
         told="")  # fmt: skip
    return transaction, True


def is_refused(transaction: Transaction) -> bool:
    """Test if risk did not let a bank payment through."""
    return transaction.status == Status.FAILED and transaction.failure_code == REFUSED


@joins_transaction
def bank_paid(*, transaction_id: int, reference: str, reason: str, now: datetime) -> bool:
    """
    The bank has the money for good: capture and book it. Said again it changes nothing.

    :raises WrongState: the payment was given up by something that is final
    """
    transaction = _locked(transaction_id)
    if transaction.status in PAID:
        return False
    capture(transaction=transaction, now=now, reason=reason, reference=reference)
    return True


@joins_transaction
def bank_cancelled(*, transaction_id: int, reason: str, now: datetime) -> bool:
    """Nothing was sent to the bank, or nothing came: give the payment up. Again: no change."""
    transaction = _locked(transaction_id)
    if transaction.status == Status.CANCELLED:
        return False
    cancel(transaction=transaction, now=now, reason=reason)
    return True


@joins_transaction
def bank_returned(*, transaction_id: int, news: BankReturn, now: datetime) -> Status:
    """
    The bank gives the money back to the payer: decline what is not captured yet; what is becomes
    a lost dispute, as no answer of ours brings it back. The same return again changes nothing.

    :raises WrongState: the payment was given up before
    :raises StaffMustLook: the case is another payment's
    """
    transaction = _locked(transaction_id)
    facts = {"return": news.key, "code": news.code}
    if transaction.status not in PAID:
        if transaction.status == Status.FAILED:
            note(transaction=transaction, now=now, reason="Returned again", facts=facts)
        else:
            fail(transaction=transaction, now=now, code=news.code, reason=news.reason, facts=facts)
        return Status.FAILED
    for told in (Told.CHARGEBACK, Told.CHARGEBACK_LOST):
        dispute_news(transaction=transaction, notice=_notice(news, told, now), now=now)
    return Status(transaction.status)


def _notice(news: BankReturn, told: Told, now: datetime) -> Notice:
    return Notice(
        event_type=f"bank.{told.name.lower()}",
        told=told,
        dedupe_key=f"{news.key}:{told.name}"[:120],
        account=Account(""),
        amount=news.amount,
        occurred_at=now,
        code=news.code,
        reason=news.reason,
        dispute=Disputed(reference=news.key, reason_code=news.code, reason=news.reason),
    )


def _locked(transaction_id: int) -> Transaction:
    return (
        Transaction.objects.select_for_update(of=("self",))
        .select_related("cluster", "payer", "payee")
        .get(pk=transaction_id)
    )
