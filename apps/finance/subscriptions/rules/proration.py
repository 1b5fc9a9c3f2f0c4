"""What a change of plan gives back and costs, to the cent.

The unused part of what is paid, to the second, counts against the new price; a fresh period
begins with the change. What a period is worth is what was charged for it and what it brought
along, so in a chain of changes nothing is lost and nothing is paid twice: the sum of all charges
is the value used of the periods left, and the price of the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from apps.core.money import Money

_SECOND = timedelta(seconds=1)
#: For life is longer than any interval.
_FOR_LIFE = 10_000


@dataclass(frozen=True, slots=True)
class Paid:
    """Of a period, in smallest units: what was ``asked`` for it, what of that is ``kept`` (the
    rest went back), and the ``credit`` it brought along of the period before."""

    asked: int
    kept: int
    credit: int


class ChangeKind(StrEnum):
    UPGRADE = "UPGRADE"
    DOWNGRADE = "DOWNGRADE"
    SWITCH = "SWITCH"


def unused(*, worth: Money, begins: datetime, until: datetime, at: datetime) -> Money:
    """Return the part of a period's worth that lies after a moment, by whole seconds, rounded
    half up to the smallest unit; nothing after its end, all of it before it begins."""
    whole = (until - begins) // _SECOND
    left = min(max((until - at) // _SECOND, 0), whole)
    if whole <= 0:
        return Money.zero(worth.currency)
    return Money((2 * worth.minor * left + whole) // (2 * whole), worth.currency)


def worth_of(chain: Sequence[Paid]) -> int:
    """
    Return what the last of some periods is worth, each of which brought along what was unused of
    the one before.

    A credit counts so far as the period it comes from is still paid for: where half of that
    period's money went back, so did half of its credit, rounded half up.
    """
    value = whole = 0
    for paid in chain:
        credit = (2 * paid.credit * value + whole) // (2 * whole) if whole else paid.credit
        value, whole = paid.kept + credit, paid.asked + paid.credit
    return value


def kind_of(
    *, tier: int, months: int, price: Money, new_tier: int, new_months: int, new_price: Money
) -> ChangeKind:
    """Say what a change is: by tier first, then by interval, then by price.

    :raises CurrencyMismatch: the prices are in two currencies
    """
    if new_tier != tier:
        return ChangeKind.UPGRADE if new_tier > tier else ChangeKind.DOWNGRADE
    if new_months != months:
        return ChangeKind.SWITCH
    return ChangeKind.UPGRADE if price < new_price else ChangeKind.DOWNGRADE


def is_at_once(
    kind: ChangeKind, *, months: int, new_months: int, credit: Money, new: Money
) -> bool:
    """
    Say if a change holds now, or with the next period.

    An upgrade and a longer interval hold now. But nothing is ever paid out for a change: where the
    credit is more than the new period costs, it waits until what is paid is used up.
    """
    if new < credit or kind == ChangeKind.DOWNGRADE:
        return False
    if kind == ChangeKind.SWITCH:
        return (new_months or _FOR_LIFE) > (months or _FOR_LIFE)
    return True


def charge_of(*, new: Money, credit: Money) -> Money:
    """Return what is charged for a period that costs ``new``, of which ``credit`` is paid."""
    return new - credit
