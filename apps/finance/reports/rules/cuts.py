"""How well paying works: rates and costs of payments that share something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.core.money import Money
from apps.finance.reports.rules.insights import percent_of
from apps.finance.reports.rules.periods import Period


@dataclass(frozen=True, slots=True)
class Part:
    """Payments started in the period that share ``key``; "" where it is not known."""

    key: str
    started: int
    captured: int
    declined: int
    volume: Money
    cost: Money

    @property
    def success_percent(self) -> Decimal | None:
        """Captured of those decided: captured or declined. Who walks away decides nothing."""
        return percent_of(self.captured, self.captured + self.declined)

    @property
    def cost_percent(self) -> Decimal | None:
        """What processing took of the volume."""
        return percent_of(self.cost.minor, self.volume.minor)


@dataclass(frozen=True, slots=True)
class DayOfPayments:
    day: date
    started: int
    captured: int
    declined: int
    volume: Money

    @property
    def success_percent(self) -> Decimal | None:
        return percent_of(self.captured, self.captured + self.declined)


@dataclass(frozen=True, slots=True)
class PaymentsReport:
    """Payments of a period by one thing, and day by day."""

    period: Period
    by: str
    brand: str
    currency: str
    parts: tuple[Part, ...]
    days: tuple[DayOfPayments, ...]
