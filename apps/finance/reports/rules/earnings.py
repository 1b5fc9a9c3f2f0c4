"""What a creator's statement is made of."""

from __future__ import annotations

from dataclasses import dataclass

from apps.core.money import Money
from apps.finance.reports.choices import Earned
from apps.finance.reports.rules.periods import Period
from apps.finance.reports.rules.statements import Drill


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a creator has with the platform at one moment."""

    available: Money
    reserve: Money
    owed: Money

    @property
    def total(self) -> Money:
        return self.available + self.reserve - self.owed


@dataclass(frozen=True, slots=True)
class EarningsLine:
    """What entries of one kind were to a creator: ``net`` is ``gross`` less both fees.

    ``shared`` is the part of ``net`` that came from sales with several creators. The books keep
    such a sale's fees in one sum, so for that part gross is what the creator got.
    """

    kind: str
    label: str
    section: Earned
    gross: Money
    platform_fee: Money
    processing_fee: Money
    net: Money
    shared: Money
    drill: Drill


@dataclass(frozen=True, slots=True)
class EarningsSheet:
    """A creator's statement in one currency. ``proof`` must be zero."""

    currency: str
    opening: Holdings
    closing: Holdings
    lines: tuple[EarningsLine, ...]

    def of_section(self, section: Earned) -> Money:
        """Return what a section adds up to."""
        return self._sum([line.net for line in self.lines if line.section == section])

    @property
    def sections(self) -> tuple[tuple[Earned, Money], ...]:
        return tuple((section, self.of_section(section)) for section in Earned)

    @property
    def gross(self) -> Money:
        """What fans paid for sales, tax left out."""
        return self._sum([line.gross for line in self.lines if line.section == Earned.SALES])

    @property
    def fees(self) -> Money:
        sales = [line for line in self.lines if line.section == Earned.SALES]
        return self._sum([line.platform_fee + line.processing_fee for line in sales])

    @property
    def reserved(self) -> Money:
        """What went into the reserve, less what came out."""
        return self.closing.reserve - self.opening.reserve

    @property
    def proof(self) -> Money:
        moved = self._sum([line.net for line in self.lines])
        return self.closing.total - self.opening.total - moved

    def _sum(self, amounts: list[Money]) -> Money:
        return sum(amounts, Money.zero(self.currency))


@dataclass(frozen=True, slots=True)
class CreatorStatement:
    """What a creator earned in a period on one brand, and what became of it."""

    profile_id: int
    handle: str
    display_name: str
    cluster: str
    period: Period
    sheets: tuple[EarningsSheet, ...]

    @property
    def is_proved(self) -> bool:
        return not any(sheet.proof for sheet in self.sheets)
