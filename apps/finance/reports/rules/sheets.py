"""Lay amounts per code out as the rows of a statement. Amounts come debit-positive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from apps.core.money import Money
from apps.finance.reports.choices import Role
from apps.finance.reports.rules.layouts import (
    Layout,
    Section,
    Total,
    codes_within,
    name_of,
    sections_of,
)
from apps.finance.reports.rules.statements import Drill, Figure, Row

#: Chart code -> debits less credits, in the smallest unit.
Nets = Mapping[str, int]
#: Number of a column and codes -> the filter of their entries.
DrillOf = Callable[[int, tuple[str, ...]], Drill | None]


@dataclass(frozen=True, slots=True)
class Paper:
    """What every row of one sheet shares: its currency, its columns' amounts, its filters."""

    currency: str
    nets: Sequence[Nets]
    drill_of: DrillOf

    def lay_out(self, layout: Layout) -> list[Row]:
        """Return headings, accounts that moved, subtotals and totals, from top to bottom."""
        seen = {code for column in self.nets for code in column}
        codes = {part.key: codes_within(layout, part, seen) for part in sections_of(layout)}
        rows: list[Row] = []
        for part in layout:
            if isinstance(part, Section):
                rows += self._section(part, codes[part.key])
            else:
                rows.append(self._total(part, codes))
        return rows

    def computed(
        self, key: str, label: str, role: Role, minors: Iterable[int], *, level: int = 0
    ) -> Row:
        """Return a row of amounts that are no accounts' own."""
        figures = tuple(Figure(Money(minor, self.currency)) for minor in minors)
        return Row(key, label, level, role, figures)

    def _section(self, section: Section, codes: tuple[str, ...]) -> list[Row]:
        moved = [code for code in codes if any(column.get(code) for column in self.nets)]
        rows = [Row(section.key, section.label, 0, Role.HEADING)]
        rows += [
            Row(code, name_of(code), 1, Role.LINE, self._figures((code,), section.sign), code)
            for code in moved
        ]
        label = f"Total {section.label[0].lower()}{section.label[1:]}"
        figures = self._figures(codes, section.sign)
        return [*rows, Row(f"{section.key}_total", label, 0, Role.SUBTOTAL, figures)]

    def _total(self, total: Total, codes: Mapping[str, tuple[str, ...]]) -> Row:
        mine = tuple(code for section in total.sections for code in codes[section])
        return Row(total.key, total.label, 0, Role.TOTAL, self._figures(mine, total.sign))

    def _figures(self, codes: tuple[str, ...], sign: int) -> tuple[Figure, ...]:
        return tuple(
            Figure(
                Money(sign * sum(column.get(code, 0) for code in codes), self.currency),
                self.drill_of(number, codes),
            )
            for number, column in enumerate(self.nets)
        )
