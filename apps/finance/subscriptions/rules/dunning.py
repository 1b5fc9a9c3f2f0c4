"""What may follow a charge that failed: the days of the next tries, or none.

The days are data (DunningPolicy). Card networks limit what may be tried at all: after a decline of
Visa's category 1 never again with the card, else 15 tries in 30 days at most (Visa Rules 7.3.6.4);
which decline is which says ``payments.rules.declines``, and payments itself refuses what they
forbid. Access goes on for the days of grace, apart from the tries.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.finance.subscriptions.choices import DeclineClass

#: The first charge and its repeats, of one period: with 15 Visa charges a fee for each.
MOST_TRIES = 15
WINDOW = timedelta(days=30)
#: A charge that waits for its payer to confirm it at the bank fails with this code.
CONFIRM = "payer_needed"
DEFAULT_DAYS = (1, 3, 7, 14)
DEFAULT_GRACE_DAYS = 3
MOST_GRACE_DAYS = 60
#: One mail tells of all tries that fail within a day.
ONE_MAIL_WITHIN = timedelta(hours=24)
#: Refused before a gateway was asked. Of these nothing changes by waiting: the fan must do
#: something. All others are tried again: limits are set back, what fails at ours is mended.
_FOR_THE_FAN = frozenset(
    {
        "payments.means_not_found",
        "payments.refused",
        "tax.place_missing",
        "tax.place_unknown",
        "tax.place_too_wide",
    }
)
_NEVER = frozenset({"payments.never_again"})


def class_of_refusal(code: str) -> DeclineClass:
    """Return what may follow a charge that payments refused to begin, by the refusal's code."""
    if code in _NEVER:
        return DeclineClass.NEVER
    return DeclineClass.PAYER if code in _FOR_THE_FAN else DeclineClass.LATER


@dataclass(frozen=True, slots=True)
class Policy:
    """When to try again, in days after the first failure, and how long access goes on."""

    days: tuple[int, ...] = DEFAULT_DAYS
    grace_days: int = DEFAULT_GRACE_DAYS

    @property
    def grace(self) -> timedelta:
        return timedelta(days=self.grace_days)


DEFAULT = Policy()


@dataclass(frozen=True, slots=True)
class Next:
    """``try_at`` None: no charge follows by itself; nothing paid until ``ends_at`` ends it."""

    try_at: datetime | None
    ends_at: datetime

    @property
    def due_at(self) -> datetime:
        return self.try_at or self.ends_at


def after_failure(
    *,
    policy: Policy,
    decline: DeclineClass,
    first_failed_at: datetime,
    tries: int,
    access_until: datetime | None,
    now: datetime,
) -> Next:
    """
    Return what follows the ``tries``-th failed charge of a period (1: that of the due day).

    The next day of the schedule that is still to come, whatever was tried by hand in between.
    After the last the subscription ends, but never while the days of grace run. Where another
    try is of no use (NEVER) or needs the fan (PAYER), nothing is tried by itself and the fan has
    until the last day of the schedule to pay another way.
    """
    last = first_failed_at + timedelta(days=policy.days[-1] if policy.days else 0)
    ends_at = max(now, last, access_until or now)
    if decline is not DeclineClass.LATER or tries >= MOST_TRIES:
        return Next(None, ends_at)
    for day in policy.days:
        at = first_failed_at + timedelta(days=day)
        if at > now:
            return Next(at, ends_at)
    return Next(None, ends_at)


def tells_by_mail(*, told_at: datetime | None, now: datetime) -> bool:
    """Test if a failed charge gets a mail of its own: not within a day of the one before."""
    return told_at is None or now - told_at >= ONE_MAIL_WITHIN


def problem_of(days: Sequence[object], grace_days: int) -> str:
    """Return why this is no schedule, in words for staff; empty when it is one.

    Rising whole days from 1 to 30, so that no window of 30 days sees more than 15 charges of a
    period, the first included.
    """
    numbers = [day for day in days if isinstance(day, int) and not isinstance(day, bool)]
    if len(numbers) != len(days) or any(not 1 <= day <= WINDOW.days for day in numbers):
        return "Days are whole numbers from 1 to 30."
    if any(later <= earlier for earlier, later in itertools.pairwise(numbers)):
        return "Each day comes after the one before."
    if len(numbers) > MOST_TRIES - 1:
        return "Card networks allow 15 tries in 30 days, the first included."
    if not 0 <= grace_days <= MOST_GRACE_DAYS:
        return "Grace is 0 to 60 days."
    return ""
