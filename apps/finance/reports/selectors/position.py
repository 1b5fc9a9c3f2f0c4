"""The balance sheet: what is owned, what is owed, and that the two are equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.core.db import reads_one_state
from apps.core.money import Money
from apps.finance.ledger.choices import AccountType
from apps.finance.reports.choices import Role
from apps.finance.reports.rules import layouts, periods
from apps.finance.reports.rules.layouts import CREDIT, codes_of, is_result
from apps.finance.reports.rules.sheets import Paper
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

CLOSING = (
    "Assets and liabilities translated at the rate of the last day (IAS 21.39a), the result of "
    "the year at each month's average (IAS 21.39b). Equity is translated at the rate of the last "
    "day too, not at the rates at which it was paid in or earned, so the translation difference "
    "is that of this year's result alone."
)


@dataclass(frozen=True, slots=True)
class _Stand:
    """One column: what stands on each code, and the result not yet closed into equity."""

    nets: Mapping[str, int]
    year: Mapping[str, int]
    difference: int = 0

    @property
    def earlier(self) -> int:
        """What earlier years left on income and expense accounts, debits less credits."""
        total = sum(minor for code, minor in self.nets.items() if is_result(code))
        return total - sum(self.year.values())


@reads_one_state
def balance_sheet(scope: Scope) -> Report:
    """Return assets, liabilities and equity at the end of a period.

    Income and expenses that no closing has moved into equity yet are lines of their own: the
    result of the year (calendar) so far, and what earlier years left. Translated, the difference
    between the two rates of the result is a line of equity (IAS 21.41), which also takes up what
    rounding leaves, at most one smallest unit for each figure translated.

    :raises RateMissing: an amount to translate has no rate
    """
    columns = tuple(
        Column(column.key, periods.day_text(column.period.end), column.period)
        for column in scope.columns
    )
    read = [_read(scope, column) for column in columns]
    rates: Translator | None = None
    if scope.translate_to:
        rates = Translator(scope.translate_to, scope.today)
        stands = [
            {scope.translate_to: _translated(scope, rates, column, nets, year)}
            for column, (nets, year) in zip(columns, read, strict=True)
        ]
    else:
        stands = [
            {currency: _Stand(nets[currency], year.get(currency, {})) for currency in nets}
            for nets, year in read
        ]
    sheets = tuple(
        Sheet(currency, tuple(_balance_rows(scope, columns, stands, currency)))
        for currency in _currencies(scope, stands)
    )
    basis = f"{ACCRUAL} {CLOSING}" if rates else ACCRUAL
    return Report(
        "balance-sheet",
        "Balance sheet",
        scope,
        columns,
        sheets,
        basis,
        rates.rates if rates else (),
    )


def _read(scope: Scope, column: Column) -> tuple[Nets, Nets]:
    year = periods.year_to(column.period.end)
    return (
        amounts.balances(scope, column.period.end),
        amounts.results(scope, year, closing=True),
    )


def _translated(scope: Scope, rates: Translator, column: Column, nets: Nets, year: Nets) -> _Stand:
    """Translate one column; what the two rates of the result and rounding leave is a line."""
    end = column.period.end
    at_close = rates.at_close(nets, end)
    averaged = rates.by_months(
        lambda month: amounts.results(scope, month, closing=True),
        periods.year_to(end),
        among=year,
    )
    closing_year = rates.at_close(year, end)
    moved = {code: at_close[code] - closing_year.get(code, 0) for code in at_close}
    expected = sum(closing_year.values()) - sum(averaged.values())
    for code, minor in averaged.items():
        moved[code] = moved.get(code, 0) + minor
    left = -sum(moved.values())
    figures = sum(len(by_code) for by_code in nets.values()) + len(at_close)
    is_rounding = abs(left - expected) <= figures
    return _Stand(moved, averaged, left if is_rounding else expected)


def _currencies(scope: Scope, stands: Sequence[Mapping[str, _Stand]]) -> list[str]:
    found = {
        currency
        for column in stands
        for currency, stand in column.items()
        if any(stand.nets.values()) or any(stand.year.values())
    }
    return sorted(found | ({scope.currency or scope.translate_to} - {""}))


def _balance_rows(
    scope: Scope, columns: Sequence[Column], stands: Sequence[Mapping[str, _Stand]], currency: str
) -> list[Row]:
    mine = [column.get(currency, _Stand({}, {})) for column in stands]

    def drill(number: int, codes: tuple[str, ...]) -> Drill | None:
        return drill_of(scope, codes, currency, None, columns[number].period.end)

    paper = Paper(currency, [stand.nets for stand in mine], drill)
    equity = paper.lay_out(layouts.EQUITY)[:-1]
    results = _result_rows(scope, columns, mine, currency)
    difference = [-stand.difference for stand in mine]
    if any(difference):
        results.append(
            paper.computed("translation", "Translation difference", Role.LINE, difference, level=1)
        )
    assets, liabilities = paper.lay_out(layouts.ASSETS), paper.lay_out(layouts.LIABILITIES)
    lines = [row for row in (*equity, *results) if row.role == Role.LINE]
    sums = [
        sum(row.figures[number].amount.minor for row in lines) for number in range(len(columns))
    ]
    owed = [figure.amount.minor for figure in liabilities[-1].figures]
    owned = [figure.amount.minor for figure in assets[-1].figures]
    both = [a + b for a, b in zip(owed, sums, strict=True)]
    proof = [a - b for a, b in zip(owned, both, strict=True)]
    own = (*codes_of(AccountType.EQUITY), *layouts.RESULT_CODES)
    all_ = (*codes_of(AccountType.LIABILITY), *own)

    def total(key: str, label: str, minors: Sequence[int], codes: tuple[str, ...]) -> Row:
        figures = (
            Figure(Money(minor, currency), drill(number, codes))
            for number, minor in enumerate(minors)
        )
        return Row(key, label, 0, Role.TOTAL, tuple(figures))

    return [
        *assets,
        *liabilities,
        *equity,
        *results,
        total("equity", "Total equity", sums, own),
        total("both", "Total liabilities and equity", both, all_),
        paper.computed("proof", "Assets less liabilities and equity", Role.PROOF, proof),
    ]


def _result_rows(
    scope: Scope, columns: Sequence[Column], stands: Sequence[_Stand], currency: str
) -> list[Row]:
    codes = layouts.RESULT_CODES
    year, earlier = [], []
    for column, stand in zip(columns, stands, strict=True):
        days = periods.year_to(column.period.end)
        this_year = Money(CREDIT * sum(stand.year.values()), currency)
        before_it = Money(CREDIT * stand.earlier, currency)
        year.append(Figure(this_year, drill_of(scope, codes, currency, days.start, days.end)))
        earlier.append(
            Figure(before_it, drill_of(scope, codes, currency, None, before(days.start)))
        )
    rows = [Row("result_year", "Result of the year, not yet closed", 1, Role.LINE, tuple(year))]
    if any(figure.amount for figure in earlier):
        rows.append(
            Row(
                "result_earlier",
                "Result of earlier years, not yet closed",
                1,
                Role.LINE,
                tuple(earlier),
            )
        )
    return rows
