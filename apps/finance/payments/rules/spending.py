"""How much a fan may still spend: windows, and when a change of a limit counts.

Windows are calendar days, weeks from Monday, and months, in UTC: a fan's own zone could be changed
to begin a new day. Making a limit stricter counts at once; making it looser, or removing it,
counts a day later, so that nobody does it in the heat of the moment (the UK's conditions for
remote gambling, social responsibility code 3.4.3, ask 24 hours [M]; nothing asks it here).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import TextChoices

from apps.core.money import Money

LOOSER_AFTER = timedelta(hours=24)


class Per(TextChoices):
    DAY = "DAY", "Day"
    WEEK = "WEEK", "Week"
    MONTH = "MONTH", "Month"


@dataclass(frozen=True, slots=True)
class Breach:
    """The limit that a purchase would break, and how much of it is left."""

    per: Per
    limit: Money
    left: Money
    resets_at: datetime


def window_of(per: Per, now: datetime) -> tuple[datetime, datetime]:
    """Return when the window that ``now`` lies in began, and when the next one begins."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if per == Per.DAY:
        return day, day + timedelta(days=1)
    if per == Per.WEEK:
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=7)
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


def begins_at(*, current: Money | None, wanted: Money | None, now: datetime) -> datetime:
    """Return from when a new limit counts: at once where it is stricter, else a day later."""
    stricter = wanted is not None and (current is None or wanted < current)
    return now if stricter else now + LOOSER_AFTER


def breach_of(
    amount: Money, *, limits: Mapping[Per, int], spent: Mapping[Per, int], now: datetime
) -> Breach | None:
    """Return the limit that ``amount`` would break: the one that opens again last, or None."""
    broken = [
        Breach(
            per,
            Money(limit, amount.currency),
            Money(max(limit - spent.get(per, 0), 0), amount.currency),
            window_of(per, now)[1],
        )
        for per, limit in limits.items()
        if spent.get(per, 0) + amount.minor > limit
    ]
    return max(broken, key=lambda breach: breach.resets_at, default=None)
