"""The trial balance: opening, movements and closing of every code, and equal sides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from apps.core.money import Money
from apps.finance.reports.choices import Role
from apps.finance.reports.rules import layouts
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
from apps.finance.reports.selectors.amounts import Nets, Translator, before
from apps.finance.reports.selectors.statements import ACCRUAL, drill_of

ONE_RATE = "All amounts translated at the rate of the last day."
#: Each even one and the one after it are the two sides of a pair.
SIDES = (
    ("opening_debit", "Opening debit"),
    ("opening_credit", "Opening credit"),
    ("debits", "Debits"),
    ("credits", "Credits"),
    ("closing_debit", "Closing debit"),
    ("closing_credit", "Closing credit"),
)


def trial_balance(scope: Scope) -> Report:
    """Return what each code stood at, moved, and stands at; both sides of each pair are equal.

    Every entry counts, also those that close a year. It has no comparison. The last proof line
    holds the closing balances against what the books say of that day. Translated, all amounts
    take the rate of the last day, and what rounding leaves is a line of its own.

    :raises RateMissing: an amount to translate has no rate
    """
    columns = tuple(Column(key, label, scope.period) for key, label in SIDES)
    parts = _read(scope)
    slack = 0
    rates: Translator | None = None
    if scope.translate_to:
        rates = Translator(scope.translate_to)
        slack = sum(len(by_code) for part in parts for by_code in part.values())
        parts = [{scope.translate_to: rates.at_close(part, scope.period.end)} for part in parts]
    found = {c for part in parts for c, by_code in part.items() if any(by_code.values())}
    sheets = tuple(
        Sheet(currency, tuple(_rows(scope, [p.get(currency, {}) for p in parts], currency, slack)))
        for currency in sorted(found | ({scope.currency or scope.translate_to} - {""}))
    )
    basis = f"{ACCRUAL} {ONE_RATE}" if rates else ACCRUAL
    used = rates.rates if rates else ()
    return Report("trial-balance", "Trial balance", scope, columns, sheets, basis, used)


def _read(scope: Scope) -> list[Nets]:
    """Return opening, debits, credits and closing."""
    debits: Nets = defaultdict(lambda: defaultdict(int))
    credits_: Nets = defaultdict(lambda: defaultdict(int))
    for row in amounts.movements(scope, scope.period):
        debits[row.currency][row.code] += row.debits_minor
        credits_[row.currency][row.code] += row.credits_minor
    opening = amounts.balances(scope, before(scope.period.start))
    return [opening, debits, credits_, amounts.balances(scope, scope.period.end)]


def _rows(
    scope: Scope, parts: Sequence[Mapping[str, int]], currency: str, slack: int
) -> list[Row]:
    opening, debits, credits_, closing = parts
    rows, sums, missed = [], [0] * len(SIDES), 0
    for code in sorted({code for part in parts for code, minor in part.items() if minor}):
        stood, up, down = opening.get(code, 0), debits.get(code, 0), credits_.get(code, 0)
        stands = stood + up - down
        missed += abs(stands - closing.get(code, 0))
        minors = [max(stood, 0), max(-stood, 0), up, down, max(stands, 0), max(-stands, 0)]
        sums = [a + b for a, b in zip(sums, minors, strict=True)]
        drills = _drills(scope, code, currency)
        figures = [Money(minor, currency) for minor in minors]
        rows.append(
            Row(
                code,
                layouts.name_of(code),
                1,
                Role.LINE,
                tuple(map(Figure, figures, drills)),
                code,
            )
        )
    rounding = _rounding(sums, slack)
    if any(rounding):
        rows.append(_row("rounding", "Rounding of the translation", Role.LINE, rounding, currency))
        sums = [a + b for a, b in zip(sums, rounding, strict=True)]
    away = missed if missed > slack else 0
    sides = [sums[n] - sums[n + 1] if n % 2 == 0 else 0 for n in range(len(sums))]
    return [
        *rows,
        _row("total", "Total", Role.TOTAL, sums, currency),
        _row("proof", "Debits less credits", Role.PROOF, sides, currency),
        _row("books", "Away from the books", Role.PROOF, [0, 0, 0, 0, away, 0], currency),
    ]


def _row(key: str, label: str, role: Role, minors: Sequence[int], currency: str) -> Row:
    figures = tuple(Figure(Money(minor, currency)) for minor in minors)
    return Row(key, label, 1 if role == Role.LINE else 0, role, figures)


def _drills(scope: Scope, code: str, currency: str) -> list[Drill]:
    start, end = scope.period.start, scope.period.end
    opening = drill_of(scope, (code,), currency, None, before(start))
    moved = drill_of(scope, (code,), currency, start, end)
    closing = drill_of(scope, (code,), currency, None, end)
    return [opening, opening, moved, moved, closing, closing]


def _rounding(sums: Sequence[int], slack: int) -> list[int]:
    """Return what makes the sides of each pair equal, where rounding explains the difference."""
    lines = [0] * len(sums)
    for n in range(0, len(sums), 2):
        left = sums[n] - sums[n + 1]
        if abs(left) <= slack:
            lines[n], lines[n + 1] = max(-left, 0), max(left, 0)
    return lines
