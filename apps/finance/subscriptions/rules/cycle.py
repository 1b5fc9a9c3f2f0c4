"""Which period comes next and what it costs.

Charged late, a period still begins and ends on its regular days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from apps.core.money import Money
from apps.finance.subscriptions.rules.periods import (
    Anchor,
    bounds,
    in_proportion,
    is_in_proportion,
    number_at,
)
from apps.finance.subscriptions.rules.pricing import Cut, amount_of_period


@dataclass(frozen=True, slots=True)
class Term:
    """A period: its number, and from when until when; None: no end."""

    number: int
    begins: datetime
    ends: datetime | None


def next_term(
    *,
    anchor: Anchor,
    last_number: int,
    current_until: datetime,
    access_until: datetime | None,
    now: datetime,
) -> Term:
    """
    Return the period that is to be charged now: the one after the last.

    But where access ended and the whole period went by since, the one that ``now`` lies in:
    nobody pays for what was closed.
    """
    number = last_number + 1
    ends = _end(anchor, number)
    was_open = access_until is None or access_until > now
    if was_open or ends is None or ends > now:
        return Term(number, current_until, ends)
    number = max(number_at(anchor, now), number + 1)
    return Term(number, *bounds(anchor, number, begins=current_until))


@lru_cache(maxsize=16_384)
def _end(anchor: Anchor, number: int) -> datetime | None:
    """Return where a period ends; many of a batch were begun together, as after a promotion."""
    return bounds(anchor, number, begins=anchor.at)[1]


def charged(
    *,
    full: Money,
    anchor: Anchor,
    number: int,
    begins: datetime,
    cut: Cut | None,
    left: int | None,
) -> Money:
    """Return what a period costs before tax: its price less the promotion, and of that the part
    in proportion before the calendar's first full one."""
    price = amount_of_period(amount=full, cut=cut, left=left)
    if is_in_proportion(anchor, number):
        return in_proportion(price, anchor=anchor, begins=begins)
    return price
