"""References and account numbers people write: their check digits.

Sources: ISO 11649 (creditor reference, ISO 7064 MOD 97-10), ISO 13616 (IBAN), ABA routing numbers.
"""

from __future__ import annotations

import re
from uuid import UUID

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException
from stdnum.us import rtn

from apps.finance.debits import errors

#: Ours: RF, two check digits, 13 signs.
LENGTH = 17
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FOUND = re.compile(r"RF\d{2}[0-9A-Z]{1,21}")
_ACCOUNT = re.compile(r"[0-9A-Za-z-]{4,17}")


def creditor_reference(body: str) -> str:
    """Return ``RF``, two check digits and the body (1 to 21 letters and digits)."""
    return f"RF{98 - _as_number(f'{body}RF00') % 97:02d}{body}"


def is_creditor_reference(text: str) -> bool:
    if not _FOUND.fullmatch(text):
        return False
    return _as_number(text[4:] + text[:4]) % 97 == 1


def _as_number(text: str) -> int:
    return int("".join(str(_DIGITS.index(sign)) for sign in text))


def reference_for(public_id: UUID) -> str:
    """Return the reference of a transfer: 13 signs of its random id, hard to mistype or guess."""
    number, body = public_id.int % 36**13, ""
    for _ in range(13):
        number, digit = divmod(number, 36)
        body = _DIGITS[digit] + body
    return creditor_reference(body)


def references_in(text: str) -> list[str]:
    """Return the valid references in what a payer wrote, with or without spaces (at most 5)."""
    joined = re.sub(r"[^0-9A-Z]", "", text.upper())
    found: list[str] = []
    for start in [match.start() for match in re.finditer("RF", joined)][:20]:
        # What follows without a space is not part of it.
        candidate = joined[start : start + LENGTH]
        if len(candidate) == LENGTH and is_creditor_reference(candidate):
            found.append(candidate)
    return list(dict.fromkeys(found))[:5]


def clean_iban(text: str) -> str:
    """
    :raises AccountInvalid: its length, check digits or national check are wrong
    """
    try:
        return str(IBAN(text, validate_bban=True).compact)
    except (SchwiftyException, ValueError) as error:
        raise errors.AccountInvalid(field="iban") from error


def bic_of(iban: str) -> str:
    """Return the bank's BIC where the registry knows it."""
    found = IBAN(iban).bic
    return str(found.compact) if found else ""


def clean_routing(text: str) -> str:
    """
    :raises AccountInvalid: not nine digits, or the check digit is wrong
    """
    digits = text.strip()
    if not rtn.is_valid(digits):
        raise errors.AccountInvalid(field="routing")
    return digits


def clean_account(text: str) -> str:
    """
    :raises AccountInvalid: not 4 to 17 letters, digits or hyphens
    """
    account = text.strip().replace(" ", "")
    if not _ACCOUNT.fullmatch(account):
        raise errors.AccountInvalid(field="account")
    return account
