"""What the analytics are made of: figures, slices for charts, success rates and series."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from apps.core.money import Money
from apps.finance.reports.choices import Step
from apps.finance.reports.rules.periods import Period
from apps.finance.reports.rules.statements import Drill, RateUsed, Scope

_TENTH = Decimal("0.1")


def percent_of(part: int, whole: int) -> Decimal | None:
    """Return ``part`` of ``whole`` in percent with one decimal; None of nothing."""
    if not whole:
        return None
    return (Decimal(part * 100) / whole).quantize(_TENTH, ROUND_HALF_UP)


def each_of(total: Money, count: int) -> Money | None:
    """Return ``total`` divided by ``count``, to the smallest unit, half away from zero."""
    if not count:
        return None
    units = (2 * abs(total.minor) + count) // (2 * count)
    return Money(units if total.minor >= 0 else -units, total.currency)


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a whole: ``key`` is stable, ``percent`` its share (None of nothing).

    ``drill`` leads to the lines of a part that the books have; payments are no entries.
    """

    key: str
    label: str
    amount: Money
    percent: Decimal | None
    drill: Drill | None = None


@dataclass(frozen=True, slots=True)
class InsightSheet:
    """The figures in one currency.

    ``volume`` is what fans paid, gross and with tax, by the day of capture, refunds not taken off.
    ``revenue`` is account 4000 by accounting date, refunds taken off; by gateway it is the fees
    fixed when payments were captured. ``payers`` are people (not profiles) with at least one
    payment captured in the period in this currency; somebody who pays in two currencies counts
    in both sheets, so payers of sheets are not to be added up.
    """

    currency: str
    volume: Money
    payments: int
    payers: int
    revenue: Money
    volume_by_kind: tuple[Slice, ...]
    volume_by_brand: tuple[Slice, ...]
    volume_by_gateway: tuple[Slice, ...]
    revenue_by_kind: tuple[Slice, ...]
    revenue_by_brand: tuple[Slice, ...]
    fees_by_gateway: tuple[Slice, ...]
    revenue_drill: Drill | None = None

    @property
    def arpu(self) -> Money | None:
        """Average revenue per user: ``revenue`` divided by ``payers``, of this period alone.

        The platform's revenue, not what fans paid; users are those who paid, not all who signed
        up (elsewhere called ARPPU). To the smallest unit, half away from zero; None without
        payers.
        """
        return each_of(self.revenue, self.payers)

    @property
    def average_payment(self) -> Money | None:
        return each_of(self.volume, self.payments)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of payments started in the period through one gateway ("": the wallet)."""

    gateway: str
    started: int
    captured: int
    declined: int
    abandoned: int
    unknown: int

    @property
    def waiting(self) -> int:
        return self.started - self.captured - self.declined - self.abandoned - self.unknown

    @property
    def success_percent(self) -> Decimal | None:
        """Captured of those decided: captured or declined. Who walks away decides nothing."""
        return percent_of(self.captured, self.captured + self.declined)


@dataclass(frozen=True, slots=True)
class Decline:
    gateway: str
    code: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Place:
    """Payments of buyers in one place (ISO 3166: DE, US-CA); "" where it is not known.

    A place is known where tax was worked out. Amounts stay in their currency.
    """

    place: str
    payments: int
    net: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class Insights:
    """The analytics of a period; ``compared`` the same of the period compared with."""

    scope: Scope
    period: Period
    payers: int
    sheets: tuple[InsightSheet, ...]
    outcomes: tuple[Outcome, ...]
    declines: tuple[Decline, ...]
    places: tuple[Place, ...]
    rates: tuple[RateUsed, ...]
    compared: Insights | None = None

    @property
    def total(self) -> Outcome:
        """What became of all payments started, through whatever gateway."""
        return Outcome(
            "",
            *(
                sum(getattr(outcome, name) for outcome in self.outcomes)
                for name in ("started", "captured", "declined", "abandoned", "unknown")
            ),
        )


@dataclass(frozen=True, slots=True)
class Point:
    """One day or month of a chart; costs are positive, result = revenue - costs."""

    period: Period
    label: str
    revenue: Money
    costs: Money

    @property
    def result(self) -> Money:
        return self.revenue - self.costs


@dataclass(frozen=True, slots=True)
class Series:
    """Income and expenses over time in one currency; every day or month of the period is there."""

    currency: str
    step: Step
    points: tuple[Point, ...]
