"""When periods begin and end: calendar months counted from an anchor, in the anchor's time zone.

A period's end is never worked out from the period before it but from the anchor, so that one that
began on the 31st ends on 28 February and then on 31 March again (ISO 8601 has no rule for it; this
is the field's usual one). Days are those of the subscription's time zone: an instant that the
clocks skip is taken as if they had not moved yet, one that comes twice is the first of the two.
"""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apps.finance.subscriptions.choices import Alignment


def add_months(anchor: datetime, months: int, zone: str = "UTC") -> datetime:
    """Return the same day and wall-clock time so many months later, the last day of a shorter
    month instead of a day it does not have. In UTC."""
    local = anchor.astimezone(ZoneInfo(zone))
    index = local.year * 12 + local.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    moved = local.replace(year=year, month=month + 1, day=min(local.day, last), fold=0)
    return moved.astimezone(UTC)


def add_days(moment: datetime, days: int, zone: str = "UTC") -> datetime:
    """Return the same wall-clock time so many days later, in UTC."""
    local = moment.astimezone(ZoneInfo(zone))
    return (local + timedelta(days=days)).replace(fold=0).astimezone(UTC)


def end_of(*, anchor: datetime, months: int, count: int, zone: str = "UTC") -> datetime | None:
    """Return the end of the ``count``-th period (from 1) since the anchor; None: for life."""
    return None if months == 0 else add_months(anchor, months * count, zone)


def first_of_next_month(moment: datetime, zone: str = "UTC") -> datetime:
    """Return midnight of the first day of the month after, in UTC."""
    local = moment.astimezone(ZoneInfo(zone)).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0, fold=0
    )
    return add_months(local, 1, zone)


def anchor_of(*, begins: datetime, alignment: str, zone: str = "UTC") -> datetime:
    """Return the moment from which full periods are counted."""
    if alignment == Alignment.CALENDAR:
        local = begins.astimezone(ZoneInfo(zone))
        first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
        return begins if first == local else first_of_next_month(begins, zone)
    return begins
