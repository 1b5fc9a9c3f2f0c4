"""Decisions about payouts that need no database: the same input, the same answer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from apps.core.money import Money
from apps.payouts import choices, errors

#: OUT-2: the smallest payout, per rail and currency, in the smallest unit. House rule.
MINIMUMS = {choices.Rail.PAXUM: {"USD": 20_00}}

#: Far above any earnings, far below what the database and the ledger can count.
LARGEST_MINOR = 10**15

#: A claim is good for so long; far longer than one look-up and one call can take.
LEASE = timedelta(minutes=10)
#: Retries: one minute, doubled each time, at most six hours, then give it to a person.
FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=6)
MAX_ATTEMPTS = 12
#: A rail's history can lag behind its payments. Only this much after the call, and
#: after two looks that found nothing, a payout counts as not paid.
SETTLE_WINDOW = timedelta(minutes=15)
LOOKS_FOR_ABSENCE = 2
MAX_LOOKS = 10
MAX_RESENDS = 1

PAXUM_FIELDS = ("email", "first_name", "last_name", "business_name")
LONGEST_NAME = 100


def minimum_of(*, rail: str, currency: str) -> Money:
    """
    Return the smallest amount that ``rail`` pays out in ``currency``.

    :raises RailNotOffered: we do not pay out by that rail, or not in that currency
    """
    try:
        return Money(MINIMUMS[choices.Rail(rail)][currency], currency)
    except (ValueError, KeyError) as error:
        raise errors.RailNotOffered(rail=rail, currency=currency) from error


def check_amount(*, rail: str, amount: Money) -> None:
    """
    :raises BelowMinimum: ``amount`` is less than the rail pays out in that currency
    :raises AboveMaximum: ``amount`` is larger than any payout can be
    :raises RailNotOffered: the rail does not pay out that currency at all
    """
    minimum = minimum_of(rail=rail, currency=amount.currency)
    if amount < minimum:
        raise errors.BelowMinimum(minimum=str(minimum.decimal), currency=amount.currency)
    if amount.minor > LARGEST_MINOR:
        raise errors.AboveMaximum(currency=amount.currency)


def approvals_needed(*, amount: Money, four_eyes_from: Decimal) -> int:
    """OUT-5: two different people from ``four_eyes_from`` (whole units) upwards, else one."""
    return 2 if amount.decimal >= four_eyes_from else 1


def check_move(*, current: str, target: str) -> None:
    """
    :raises WrongState: ``target`` may not follow ``current``
    """
    if target not in choices.NEXT[current]:
        raise errors.WrongState(status=current, wanted=target)


def backoff(*, attempt: int, seed: str) -> timedelta:
    """
    Return how long to wait after the ``attempt``-th failure (1, 2, …).

    One minute doubled each time up to six hours, then between half and all of it:
    the part is taken from ``seed``, so that payouts that failed together do not
    all come back together, and a replay of the same day waits the same.
    """
    doublings: int = 2 ** min(max(attempt, 1) - 1, 20)
    whole = min(FIRST_DELAY * doublings, LONGEST_DELAY)
    digest = hashlib.sha256(f"{seed}:{attempt}".encode()).digest()
    permille = 500 + int.from_bytes(digest[:4]) % 501
    return whole * permille / 1000


def may_resend(*, misses: int, unknown_since: datetime, now: datetime, resends: int) -> bool:
    """Test if looks that found nothing are enough to send once more."""
    return (
        misses >= LOOKS_FOR_ABSENCE
        and now - unknown_since >= SETTLE_WINDOW
        and resends < MAX_RESENDS
    )


def needs_a_person(
    *, looks: int, misses: int, since: datetime, now: datetime, resends: int
) -> bool:
    """Test if a payout of unknown outcome should stop being looked up by machine.

    So after ten looks, or when the one resend was used and it is not there again.
    """
    gone_again = (
        resends >= MAX_RESENDS and misses >= LOOKS_FOR_ABSENCE and now - since >= SETTLE_WINDOW
    )
    return looks >= MAX_LOOKS or gone_again


def clean_details(*, rail: str, details: Mapping[str, object]) -> dict[str, str]:
    """
    Return a method's details in their one normal form: trimmed, e-mail in small letters.

    Paxum needs the e-mail of the account and the name it is registered in, a person's
    or a business's: Paxum pays only when a name sent along matches its file.

    :raises RailNotOffered: we do not pay out by that rail
    :raises BadDetails: a field is missing, unknown or not well formed
    """
    if rail not in MINIMUMS:
        raise errors.RailNotOffered(rail=rail)
    unknown = set(details) - set(PAXUM_FIELDS)
    if unknown:
        raise errors.BadDetails(field=min(unknown), problem="unknown")
    clean = {field: _one_line(field, details.get(field, "")) for field in PAXUM_FIELDS}
    clean["email"] = clean["email"].lower()
    try:
        validate_email(clean["email"])
    except ValidationError as error:
        raise errors.BadDetails(field="email", problem="not an e-mail address") from error
    _check_payee_name(clean)
    return clean


def _one_line(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise errors.BadDetails(field=field, problem="not text")
    text = " ".join(value.split())
    if len(text) > LONGEST_NAME or not text.isprintable():
        raise errors.BadDetails(field=field, problem="too long or not printable")
    return text


def _check_payee_name(clean: Mapping[str, str]) -> None:
    person = [field for field in ("first_name", "last_name") if clean[field]]
    if len(person) == 1:
        raise errors.BadDetails(field="last_name", problem="first and last name go together")
    if not person and not clean["business_name"]:
        raise errors.BadDetails(field="first_name", problem="a person's or business's name")


def reference_of(public_id: UUID) -> str:
    """
    Return our reference of a payout at its rail.

    From its random id, not its number: a database put back from a backup counts the
    same numbers again, and a look-up must never find an older payment under them.
    """
    return f"PO-{public_id.hex[:20].upper()}"


def fingerprint(*, rail: str, details: Mapping[str, str]) -> str:
    """Return what is the same for two methods that pay into the same account."""
    return hashlib.sha256(f"{rail}:{details['email']}".encode()).hexdigest()
