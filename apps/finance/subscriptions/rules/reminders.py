"""When a fan must be reminded of what is going to be charged.

Mastercard wants a reminder 3 to 7 days before a trial of more than 7 days ends, and 7 to 30 days
before a renewal of 6 months or more; Visa one at least 7 days before the first charge after a
trial or an introductory price. Seven days of the calendar serve the first and the last.
California's automatic renewal law (Bus. & Prof. Code 17602) wants one each year.

Whoever is to be reminded is not charged before: a reminder that comes late puts the charge off.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from apps.finance.subscriptions.rules.calendar import add_days

TRIAL_AHEAD = timedelta(days=7)
#: Days of the calendar that must lie between a reminder and its charge.
NOTICE_DAYS = 7
SHORT_NOTICE_DAYS = 1
LONG_AHEAD = timedelta(days=14)
LONG_MONTHS = 6
#: Of a short trial: when three quarters are over, but a day before its end.
SHORT_AHEAD = timedelta(days=1)
YEAR = timedelta(days=365)


class Reminder(Enum):
    """The kind of mail each is."""

    TRIAL_ENDING = "subscription.trial_ending"
    RENEWAL_AHEAD = "subscription.renewal_ahead"
    ANNUAL = "subscription.annual_reminder"


def of_trial(*, began_at: datetime, ends_at: datetime, zone: str = "UTC") -> datetime:
    """Return when to say that a trial ends: as the day begins that is 7 days before; a short one
    at three quarters of it, at the latest a day before, at the earliest when it begins."""
    if ends_at - began_at > TRIAL_AHEAD:
        return max(began_at, _week_before(ends_at, zone))
    return max(began_at, min(began_at + (ends_at - began_at) * 3 / 4, ends_at - SHORT_AHEAD))


def next_reminder(
    *,
    months: int,
    started_at: datetime,
    until: datetime | None,
    is_trial: bool,
    period_began_at: datetime,
    introductory: bool = False,
    told_at: datetime | None = None,
    is_told: bool = False,
    zone: str = "UTC",
) -> datetime | None:
    """
    Return when the fan must be reminded next, given when the period that is paid ends.

    ``introductory``: the period is cheaper than the next. ``told_at`` is the last reminder,
    ``is_told`` if it was of this period. None: not within it; ask again at the renewal.
    """
    if until is None or is_told:
        return None
    if is_trial:
        return of_trial(began_at=period_began_at, ends_at=until, zone=zone)
    if months >= LONG_MONTHS:
        return until - LONG_AHEAD
    if introductory:
        return max(period_began_at, _week_before(until, zone))
    yearly = max(told_at or started_at, started_at) + YEAR
    return max(yearly, period_began_at) if yearly < until else None


def kind_of(*, months: int, is_trial: bool, introductory: bool) -> Reminder:
    """Return which reminder is due at the moment ``next_reminder`` named."""
    if is_trial:
        return Reminder.TRIAL_ENDING
    if months >= LONG_MONTHS or introductory:
        return Reminder.RENEWAL_AHEAD
    return Reminder.ANNUAL


def of_pause(*, months: int, resumes_at: datetime, now: datetime) -> datetime | None:
    """Return when to remind of the charge that ends a pause; None: none is demanded."""
    return max(now, resumes_at - LONG_AHEAD) if months >= LONG_MONTHS else None


def charged_from(
    *, kind: Reminder, began_at: datetime, until: datetime, now: datetime, zone: str
) -> datetime:
    """
    Return when what is reminded of now may be charged: on its regular moment ``until``, or, where
    less than the demanded days of the calendar are left to it, as many days later.
    """
    if kind is Reminder.ANNUAL:
        return until
    is_short = kind is Reminder.TRIAL_ENDING and until - began_at <= TRIAL_AHEAD
    where = ZoneInfo(zone)
    left = (until.astimezone(where).date() - now.astimezone(where).date()).days
    late = (SHORT_NOTICE_DAYS if is_short else NOTICE_DAYS) - left
    return add_days(until, late, zone) if late > 0 else until


def _week_before(until: datetime, zone: str) -> datetime:
    """Return where the day begins that is seven before: said at any hour of it, a week is left."""
    day = (until - TRIAL_AHEAD).astimezone(ZoneInfo(zone))
    return day.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(until.tzinfo)
