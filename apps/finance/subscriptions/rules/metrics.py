"""What the figures of subscriptions mean, worked out of sums; docs/metrics.md says it in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from apps.core.money import Money
from apps.finance.subscriptions.choices import Movement

#: Days of a month on average (the Gregorian calendar's 146,097 days in 4,800 months).
DAYS_A_MONTH = Fraction(146_097, 4_800)
_TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Moved:
    """What came or went by one kind of movement."""

    count: int = 0
    subscribers: int = 0
    minor: int = 0

    def __add__(self, other: Moved) -> Moved:
        return Moved(
            self.count + other.count,
            self.subscribers + other.subscribers,
            self.minor + other.minor,
        )


@dataclass(frozen=True, slots=True)
class Step:
    """A day or month of a range: what moved in it, and what stood at its end."""

    start: date
    end: date
    moved: Mapping[Movement, Moved]
    mrr_end: Money
    subscribers_end: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken in a range; ``net`` is the creators'."""

    payments: int
    gross: Money
    tax: Money
    platform_fee: Money
    processing_fee: Money
    net: Money
    refunded: Money


@dataclass(frozen=True, slots=True)
class Trials:
    """Trials that were over in a range: how many went on to pay, and how many are not decided."""

    over: int = 0
    converted: int = 0
    undecided: int = 0

    @property
    def conversion_percent(self) -> Decimal | None:
        return percent(self.converted, self.over - self.undecided)


@dataclass(frozen=True, slots=True)
class CohortRow:
    """Who began to pay in a month; ``stayed[n]`` paid n months later, at that month's end."""

    month: date
    began: int
    stayed: tuple[int, ...]

    def percent(self, age: int) -> Decimal | None:
        return percent(self.stayed[age], self.began) if age < len(self.stayed) else None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The figures of a range in one currency."""

    currency: str
    start: date
    end: date
    mrr_start: Money
    subscribers_start: int
    steps: tuple[Step, ...]
    taken: Taken
    subscriber_days: int
    moved: Mapping[Movement, Moved] = field(default_factory=dict)

    @property
    def mrr_end(self) -> Money:
        return self.steps[-1].mrr_end if self.steps else self.mrr_start

    @property
    def subscribers_end(self) -> int:
        return self.steps[-1].subscribers_end if self.steps else self.subscribers_start

    @property
    def churn_percent(self) -> Decimal | None:
        """Of those who paid at the start and came since: how many ended, by 100 at the start."""
        return percent(self.of(Movement.CHURN).count, self.subscribers_start)

    @property
    def revenue_churn_percent(self) -> Decimal | None:
        """What churn and contraction took, by 100 of MRR at the start."""
        lost = -(self.of(Movement.CHURN).minor + self.of(Movement.CONTRACTION).minor)
        return percent(lost, self.mrr_start.minor)

    @property
    def arpu(self) -> Money | None:
        """MRR at the end for each subscriber; rounded half up on the smallest unit."""
        if self.subscribers_end <= 0:
            return None
        return Money(half_up(Fraction(self.mrr_end.minor, self.subscribers_end)), self.currency)

    @property
    def ltv(self) -> Money | None:
        """ARPU over monthly churn: who ended, by the months subscribers spent in the range."""
        churned, arpu = self.of(Movement.CHURN).count, self.arpu
        if not churned or arpu is None or self.subscriber_days <= 0:
            return None
        months = Fraction(self.subscriber_days) / DAYS_A_MONTH
        return Money(half_up(Fraction(arpu.minor) * months / churned), self.currency)

    def of(self, movement: Movement) -> Moved:
        return self.moved.get(movement, Moved())


def total(steps: Iterable[Mapping[Movement, Moved]]) -> dict[Movement, Moved]:
    """Add up movements, each kind by itself."""
    found = dict.fromkeys(Movement, Moved())
    for step in steps:
        for movement, moved in step.items():
            found[movement] += moved
    return found


def percent(part: int, whole: int) -> Decimal | None:
    """Return hundredths of a whole with one place, rounded half up; None of nothing."""
    if whole <= 0:
        return None
    return (Decimal(part) * 100 / Decimal(whole)).quantize(_TENTH, ROUND_HALF_UP)


def half_up(value: Fraction) -> int:
    """Round to the nearest whole number, halves away from zero."""
    sign = -1 if value < 0 else 1
    return sign * ((2 * abs(value.numerator) + value.denominator) // (2 * value.denominator))


def months_between(start: date, end: date) -> list[tuple[date, date]]:
    """Return the months of a range, the first and the last cut to it."""
    found, first = [], start
    while first <= end:
        year, month = divmod(first.year * 12 + first.month, 12)
        following = date(year, month + 1, 1)
        last = min(end, date.fromordinal(following.toordinal() - 1))
        found.append((first, last))
        first = following
    return found
