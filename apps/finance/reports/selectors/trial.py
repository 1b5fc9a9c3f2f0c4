"""The trial balance: opening, movements and closing of every code, and equal sides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.core.db import reads_one_state
from apps.core.money import Money
from apps.finance.ledger.choices import Side
from apps.finance.reports.choices import Role
from apps.finance.reports.rules import layouts
from apps.finance.reports.rules.periods import Period
from apps.finance.reports.rules.statements import (
    Column,
    Drill,
    Figure,
    Report,
    Row,
    Scope,
    Sheet,
)
from apps.finance.reports.selectors import amounts
from apps.finance.reports.selectors.amounts import Nets, before
from apps.finance.reports.selectors.statements import ACCRUAL, drill_of

ONE_RATE = "All amounts translated at the rate of the last day."
#: Before the keys of the columns of the period compared with.
COMPARED = "compared_"
#: Each even one and the one after it are the two sides of a pair.
SIDES = (
    ("opening_debit", "Opening debit"),
    ("opening_credit", "Opening credit"),
    ("debits", "Debits"),
    ("credits", "Credits"),
    ("closing_debit", "Closing debit"),
    ("closing_credit", "Closing credit"),
)


@dataclass(frozen=True, slots=True)
class _Part:
    """One period in one currency: opening, debits, credits and closing by code."""

    period: Period
    opening: Mapping[str, int]
    debits: Mapping[str, int]
    credits: Mapping[str, int]
    closing: Mapping[str, int]

    @property
    def codes(self) -> set[str]:
        parts = (self.opening, self.debits, self.credits, self.closing)
        return {code for part in parts for code, minor in part.items() if minor}

    def stands(self, code: str) -> int:
        moved = self.debits.get(code, 0) - self.credits.get(code, 0)
        return self.opening.get(code, 0) + moved

    def minors(self, code: str) -> list[int]:
        stood, stands = self.opening.get(code, 0), self.stands(code)
        return [
            max(stood, 0),
            max(-stood, 0),
            self.debits.get(code, 0),
            self.credits.get(code, 0),
            max(stands, 0),
            max(-stands, 0),
        ]

    @property
    def missed(self) -> int:
        return sum(abs(self.stands(code) - self.closing.get(code, 0)) for code in self.codes)


@reads_one_state
def trial_balance(scope: Scope) -> Report:
    """Return what each code stood at, moved, and stands at; both sides of each pair are equal.

    Every entry counts, also those that close a year. A comparison adds the same six columns of
    the other period. The last proof line holds the closing balances against what the books say of
    that day. Translated, all amounts of a period take the rate of its last day, and what rounding
    leaves is a line of its own.

    :raises RateMissing: an amount to translate has no rate
    """
    periods = [scope.period] + ([scope.compared] if scope.compared else [])
    columns = tuple(
        Column(f"{COMPARED if n else ''}{key}", f"{label}, {period.label}" if n else label, period)
        for n, period in enumerate(periods)
        for key, label in SIDES
    )
    read = [_read(scope, period) for period in periods]
    slack = 0
    rates = amounts.translator(scope)
    if rates is not None:
        slack = sum(len(by_code) for parts in read for part in parts for by_code in part.values())
        read = [
            [{rates.to: rates.at_close(part, period.end)} for part in parts]
            for parts, period in zip(read, periods, strict=True)
        ]
    found = {c for parts in read for part in parts for c, by in part.items() if any(by.values())}
    sheets = []
    for currency in sorted(found | ({scope.currency or scope.translate_to} - {""})):
        mine = [
            _Part(period, *(part.get(currency, {}) for part in parts))
            for parts, period in zip(read, periods, strict=True)
        ]
        sheets.append(Sheet(currency, tuple(_rows(scope, mine, currency, slack))))
    basis = f"{ACCRUAL} {ONE_RATE}" if rates else ACCRUAL
    used = rates.rates if rates else ()
    return Report("trial-balance", "Trial balance", scope, columns, tuple(sheets), basis, used)


def _read(scope: Scope, period: Period) -> list[Nets]:
    """Return opening, debits, credits and closing."""
    debits: Nets = defaultdict(lambda: defaultdict(int))
    credits_: Nets = defaultdict(lambda: defaultdict(int))
    for row in amounts.movements(scope, period):
        debits[row.currency][row.code] += row.debits_minor
        credits_[row.currency][row.code] += row.credits_minor
    opening = amounts.balances(scope, before(period.start))
    return [opening, debits, credits_, amounts.balances(scope, period.end)]


def _rows(scope: Scope, parts: Sequence[_Part], currency: str, slack: int) -> list[Row]:
    rows, sums = [], [0] * len(SIDES) * len(parts)
    for code in sorted({code for part in parts for code in part.codes}):
        minors = [minor for part in parts for minor in part.minors(code)]
        sums = [a + b for a, b in zip(sums, minors, strict=True)]
        drills = [drill for part in parts for drill in _drills(scope, part.period, code, currency)]
        figures = tuple(
            Figure(Money(minor, currency), drill if minor else None)
            for minor, drill in zip(minors, drills, strict=True)
        )
        rows.append(Row(code, layouts.name_of(code), 1, Role.LINE, figures, code))
    rounding = _rounding(sums, slack)
    if any(rounding):
        rows.append(_row("rounding", "Rounding of the translation", Role.LINE, rounding, currency))
        sums = [a + b for a, b in zip(sums, rounding, strict=True)]
    sides = [sums[n] - sums[n + 1] if n % 2 == 0 else 0 for n in range(len(sums))]
    away = [part.missed if part.missed > slack else 0 for part in parts]
    return [
        *rows,
        _total(scope, parts, sums, currency),
        _row("proof", "Debits less credits", Role.PROOF, sides, currency),
        _row(
            "books",
            "Away from the books",
            Role.PROOF,
            [minor for missed in away for minor in (0, 0, 0, 0, missed, 0)],
            currency,
        ),
    ]


def _row(key: str, label: str, role: Role, minors: Sequence[int], currency: str) -> Row:
    figures = tuple(Figure(Money(minor, currency)) for minor in minors)
    return Row(key, label, 1 if role == Role.LINE else 0, role, figures)


def _total(scope: Scope, parts: Sequence[_Part], sums: Sequence[int], currency: str) -> Row:
    """Return the sums; those of the movements lead to all lines of their side."""
    drills: list[Drill | None] = []
    for part in parts:
        days = part.period.start, part.period.end
        both = [drill_of(scope, (), currency, *days, side=side) for side in Side.values]
        drills += [None, None, *both, None, None]
    figures = tuple(
        Figure(Money(minor, currency), drill) for minor, drill in zip(sums, drills, strict=True)
    )
    return Row("total", "Total", 0, Role.TOTAL, figures)


def _drills(scope: Scope, period: Period, code: str, currency: str) -> list[Drill | None]:
    start, end = period.start, period.end
    opening = drill_of(scope, (code,), currency, None, before(start))
    moved = [drill_of(scope, (code,), currency, start, end, side=s) for s in Side.values]
    closing = drill_of(scope, (code,), currency, None, end)
    return [opening, opening, *moved, closing, closing]


def _rounding(sums: Sequence[int], slack: int) -> list[int]:
    """Return what makes the sides of each pair equal, where rounding explains the difference."""
    lines = [0] * len(sums)
    for n in range(0, len(sums), 2):
        left = sums[n] - sums[n + 1]
        if abs(left) <= slack:
            lines[n], lines[n + 1] = max(-left, 0), max(left, 0)
    return lines
