"""How far a month has gone towards a programme's line.

Sources (public, secondary; the acquirer's bulletin decides): Visa VAMP from 1 April 2025, ratio of
fraud reports and disputes to settled card-not-present sales of the month, with a least count;
Mastercard ECM and HECM, chargebacks of the month to sales of the month before, in basis points,
with a least count; Mastercard EFM, fraud chargebacks by amount and ratio.
"""

from __future__ import annotations

from dataclasses import dataclass

from apps.finance.monitoring.choices import Basis, Counted, Level

WHOLE_BPS = 10_000
#: A ratio of nothing sold is no number; so much is over every line.
ENDLESS_BPS = 100 * WHOLE_BPS


@dataclass(frozen=True, slots=True)
class Month:
    """One account and network in one month. ``fraud_minor`` in cents of USD or EUR."""

    sales: int = 0
    chargebacks: int = 0
    fraud_chargebacks: int = 0
    fraud_minor: int = 0
    fraud_reports: int = 0

    def __add__(self, other: Month) -> Month:
        return Month(
            self.sales + other.sales,
            self.chargebacks + other.chargebacks,
            self.fraud_chargebacks + other.fraud_chargebacks,
            self.fraud_minor + other.fraud_minor,
            self.fraud_reports + other.fraud_reports,
        )

    def projected(self, *, day: int, days: int) -> Month:
        """Return the whole month if it goes on as it did until the end of ``day``."""
        return Month(*(value * days // day for value in self._values))

    @property
    def _values(self) -> tuple[int, ...]:
        return (
            self.sales,
            self.chargebacks,
            self.fraud_chargebacks,
            self.fraud_minor,
            self.fraud_reports,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A programme's threshold. All its conditions together make a merchant excessive."""

    counted: Counted
    basis: Basis
    line_bps: int
    least_count: int = 0
    least_minor: int = 0
    least_sales: int = 0


@dataclass(frozen=True, slots=True)
class Reach:
    """``reach_bps`` is the part of the line that is reached: 10,000 stands on it.

    Where several conditions must hold together, it is the one that is furthest from holding.
    """

    count: int
    ratio_bps: int
    reach_bps: int


def reach_of(line: Line, *, month: Month, before: Month) -> Reach:
    """Return how far a month has gone; ``before`` is the month before it."""
    count = {
        Counted.DISPUTES_AND_FRAUD: month.chargebacks + month.fraud_reports,
        Counted.CHARGEBACKS: month.chargebacks,
        Counted.FRAUD_CHARGEBACKS: month.fraud_chargebacks,
    }[line.counted]
    sales = before.sales if line.basis == Basis.PREVIOUS_MONTH else month.sales
    ratio = _parts(count, sales)
    parts = [ratio * WHOLE_BPS // line.line_bps]
    parts += [
        has * WHOLE_BPS // least
        for has, least in (
            (count, line.least_count),
            (month.fraud_minor, line.least_minor),
            (sales, line.least_sales),
        )
        if least
    ]
    return Reach(count, ratio, min(parts))


def level_of(reach_bps: int) -> Level:
    """Return the word for a reach: alerts are given at 50, 75, 90 and 100 %."""
    for level, least in (
        (Level.OVER, 10_000),
        (Level.NEAR, 9_000),
        (Level.CLOSE, 7_500),
        (Level.HALF, 5_000),
    ):
        if reach_bps >= least:
            return level
    return Level.CALM


def _parts(count: int, of: int) -> int:
    """Return a ratio in basis points, rounded up: nobody is judged kindly."""
    if count == 0:
        return 0
    return min(ENDLESS_BPS, -(-count * WHOLE_BPS // of)) if of else ENDLESS_BPS
