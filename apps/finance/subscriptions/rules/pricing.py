"""What a period costs: promotions, bundles of months, and which price holds from when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from apps.core.money import BPS_WHOLE, Money
from apps.finance.subscriptions.choices import Consent, Discount

#: Mail about a higher price reaches a subscriber between 30 and 7 days before the first charge of
#: it (California Business and Professions Code 17602(e), as in force from 1 July 2025).
NOTICE_MOST = timedelta(days=30)
NOTICE_LEAST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Cut:
    """What a promotion takes off; ``periods`` 0: off every period."""

    discount: str
    percent_bps: int
    amount_minor: int
    currency: str
    periods: int


class Holds(Enum):
    """Which price the next period has."""

    OLD = "OLD"
    NEW = "NEW"
    #: Neither: the fan had to agree to the new one and did not, so the subscription ends.
    NEITHER = "NEITHER"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of price as it stands for one subscriber who was told of it."""

    old_minor: int
    new_minor: int
    effective_at: datetime
    told_at: datetime | None
    withdrawn_at: datetime | None
    consent: str


def reduced(amount: Money, cut: Cut) -> Money:
    """
    Return the price less what the promotion takes off; never below zero.

    The share of a percentage is rounded half up on the smallest unit (``Money.share_bps``).

    :raises CurrencyMismatch: an amount off is in another currency
    """
    if cut.discount == Discount.PERCENT:
        return amount - amount.share_bps(cut.percent_bps)
    left = amount - Money(cut.amount_minor, cut.currency)
    return left if left.minor > 0 else Money.zero(amount.currency)


def amount_of_period(*, amount: Money, cut: Cut | None, left: int | None) -> Money:
    """
    Return what a period costs before tax on top.

    ``left`` is how many periods, this one among them, the promotion is still good for; None: all.

    :raises CurrencyMismatch: an amount off is in another currency
    """
    if cut is None or left == 0:
        return amount
    return reduced(amount, cut)


def left_at_first(cut: Cut) -> int | None:
    """Return for how many periods a promotion is good that was just taken; None: all."""
    return cut.periods or None


def left_after(left: int | None) -> int | None:
    """Return for how many more periods it is good once one of them was opened."""
    return None if left is None else max(0, left - 1)


def total_of(*, amount: Money, cut: Cut | None, periods: int) -> Money:
    """Return what so many periods cost from the first on; ``periods`` is one or more."""
    if cut is None:
        return Money(amount.minor * periods, amount.currency)
    cheap = periods if not cut.periods else min(periods, cut.periods)
    minor = reduced(amount, cut).minor * cheap + amount.minor * (periods - cheap)
    return Money(minor, amount.currency)


def price_that_holds(change: Change | None, *, begins: datetime) -> Holds:
    """
    Say which price the period that begins at this moment has.

    A lower one holds from its day on, a higher one only where the fan was told of it a week before
    the period begins, or has answered; who must agree and did not pays neither.
    """
    if change is None or change.withdrawn_at is not None or begins < change.effective_at:
        return Holds.OLD
    if change.new_minor <= change.old_minor:
        return Holds.NEW
    if change.consent == Consent.GIVEN:
        return Holds.NEW
    if change.consent == Consent.REFUSED:
        return Holds.NEITHER
    if change.told_at is None or begins < change.told_at + NOTICE_LEAST:
        return Holds.OLD
    return Holds.NEW if change.consent == Consent.NOT_NEEDED else Holds.NEITHER


def rise_bps(*, old: Money, new: Money) -> int:
    """Return by how many ten-thousandths a price rises, rounded up; 0 when it does not.

    :raises CurrencyMismatch: they are in two currencies
    """
    risen = (new - old).minor
    return 0 if risen <= 0 else -(-risen * BPS_WHOLE // old.minor)


def saved(*, monthly: Money | None, amount: Money, months: int) -> tuple[Money, int] | None:
    """
    Return what a price of several months saves against as many single ones, and how many
    hundredths of that: rounded down, as no more is to be promised. None: it saves nothing.

    :raises CurrencyMismatch: they are in two currencies
    """
    if monthly is None or months <= 1:
        return None
    single = Money(monthly.minor * months, monthly.currency)
    less = single - amount
    return (less, less.minor * 100 // single.minor) if less.minor > 0 else None


def monthly_minor(*, amount_minor: int, months: int) -> int:
    """Return what a price is a month, rounded down to the smallest unit; 0 when it is for life."""
    return amount_minor // months if months else 0
