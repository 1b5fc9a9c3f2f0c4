"""Which periods a subscription has, by number: counted from its anchor, never from the last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apps.core.money import Money
from apps.finance.subscriptions.rules.calendar import add_days, add_months, anchor_of, end_of


@dataclass(frozen=True, slots=True)
class Anchor:
    """``number`` is that of the period that begins at ``at``; ``months`` 0: for life."""

    at: datetime
    number: int
    months: int
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Beginning:
    """The first period of a subscription, and from where the next ones are counted."""

    until: datetime | None
    anchor: Anchor
    is_trial: bool = False


def beginning(
    *, at: datetime, months: int, alignment: str, trial_days: int = 0, zone: str = "UTC"
) -> Beginning:
    """
    Return how a subscription begins at this moment.

    A trial is period 1 and ends at the same wall-clock time so many days later. What is aligned
    with the calendar has next a period in proportion, up to the first of the month, unless it is
    the first of the month already.
    """
    trial_ends = add_days(at, trial_days, zone) if trial_days else None
    begins, number = (trial_ends, 2) if trial_ends else (at, 1)
    if months == 0:
        return Beginning(None, Anchor(at, 1, 0, zone))
    counted_from = anchor_of(begins=begins, alignment=alignment, zone=zone)
    anchor = Anchor(counted_from, number + (counted_from != begins), months, zone)
    if trial_ends:
        return Beginning(trial_ends, anchor, is_trial=True)
    return Beginning(bounds(anchor, 1, begins=at)[1], anchor)


def bounds(anchor: Anchor, number: int, *, begins: datetime) -> tuple[datetime, datetime | None]:
    """
    Return beginning and end of a period; None: no end.

    ``begins`` is the end of the period before, and matters only to the one before the anchor.
    """
    count = number - anchor.number
    if count < 0:
        return begins, anchor.at
    if anchor.months == 0:
        return begins, None
    start = add_months(anchor.at, anchor.months * count, anchor.zone) if count else anchor.at
    return start, end_of(anchor=anchor.at, months=anchor.months, count=count + 1, zone=anchor.zone)


def is_in_proportion(anchor: Anchor, number: int) -> bool:
    """Test if a period is the short one before the first full one of the calendar."""
    return number < anchor.number


def in_proportion(full: Money, *, anchor: Anchor, begins: datetime) -> Money:
    """
    Return the price of the short period: by days, of those that a full period up to the anchor
    has; the day it begins counts. Rounded half up to the smallest unit. So it is the same all
    day, whenever the fan confirms.
    """
    zone = ZoneInfo(anchor.zone)
    last = anchor.at.astimezone(zone).date()
    first = add_months(anchor.at, -anchor.months, anchor.zone).astimezone(zone).date()
    days, whole = (last - begins.astimezone(zone).date()).days, (last - first).days
    return Money((2 * full.minor * days + whole) // (2 * whole), full.currency)


def number_at(anchor: Anchor, moment: datetime) -> int:
    """Return the number of the full period that contains a moment not before the anchor."""
    if anchor.months == 0:
        return anchor.number
    zone = ZoneInfo(anchor.zone)
    then, first = moment.astimezone(zone), anchor.at.astimezone(zone)
    passed = (then.year - first.year) * 12 + then.month - first.month
    number = anchor.number + max(passed // anchor.months - 1, 0)
    while (until := bounds(anchor, number, begins=anchor.at)[1]) is not None and until <= moment:
        number += 1
    return number


def days_of(months: int) -> int:
    """Return a period's length for gateways, which renew by days and have no months."""
    return {1: 30, 3: 90, 6: 180, 12: 365, 24: 730}.get(months, months * 30)


def days_to(moment: datetime, *, now: datetime) -> int:
    """Return how many days it is, at least one: a clock that is changed in between makes a month
    an hour shorter, not a day."""
    return max((moment - now + timedelta(hours=12)).days, 1)


#: A gateway that renews tells by webhook; before that a renewal is not missing.
GATEWAY_WAITS = timedelta(days=3)
