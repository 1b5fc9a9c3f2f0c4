"""When a fan must be reminded of what is going to be charged.

Mastercard wants a reminder 3 to 7 days before a trial of more than 7 days ends, and 7 to 30 days
before a renewal of 6 months or more; Visa one at least 7 days before the first charge after a
trial or an introductory price. Seven days before serve the first and the last. California's
automatic renewal law (Bus. & Prof. Code 17602) wants one each year.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

TRIAL_AHEAD = timedelta(days=7)
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


def of_trial(*, began_at: datetime, ends_at: datetime) -> datetime:
    """Return when to say that a trial ends: 7 days before; a short one at three quarters of it,
    at the latest a day before, at the earliest when it begins."""
    if ends_at - began_at > TRIAL_AHEAD:
        return max(began_at, ends_at - TRIAL_AHEAD)
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
) -> datetime | None:
    """
    Return when the fan must be reminded next, given when the period that is paid ends.

    ``introductory``: the period is cheaper than the next. ``told_at`` is the last reminder: of
    this period where it came in it. None: not within this period; ask again at the renewal.
    """
    if until is None or (told_at is not None and told_at >= period_began_at):
        return None
    if is_trial:
        return of_trial(began_at=period_began_at, ends_at=until)
    if months >= LONG_MONTHS:
        return until - LONG_AHEAD
    if introductory:
        return max(period_began_at, until - TRIAL_AHEAD)
    yearly = max(told_at or started_at, started_at) + YEAR
    return max(yearly, period_began_at) if yearly < until else None


def kind_of(*, months: int, is_trial: bool, introductory: bool) -> Reminder:
    """Return which reminder is due at the moment ``next_reminder`` named."""
    if is_trial:
        return Reminder.TRIAL_ENDING
    if months >= LONG_MONTHS or introductory:
        return Reminder.RENEWAL_AHEAD
    return Reminder.ANNUAL
