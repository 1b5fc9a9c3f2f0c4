"""Profit and loss, and what the financial statements share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from apps.core.db import reads_one_state
from apps.finance.ledger.choices import EntryKind
from apps.finance.reports.rules import layouts, periods
from apps.finance.reports.rules.sheets import DrillOf, Paper
from apps.finance.reports.rules.statements import Column, Drill, Report, Scope, Sheet
from apps.finance.reports.selectors import amounts
from apps.finance.reports.selectors.amounts import Nets, Translator

#: The one basis of the ledger: an event counts on its accounting date, paid or not (IAS 1.27).
ACCRUAL = "Accrual: every entry counts on its accounting date, in UTC."
AVERAGE = "Translated month by month at the month's average rate (IAS 21.39b, 21.40)."


@reads_one_state
def profit_and_loss(scope: Scope) -> Report:
    """Return income and expenses of a period, and the result they leave.

    Corrections count in the period they are dated in; the entries that close a year never count.
    In one currency each has its sheet; translated there is one sheet, each month at its average
    rate. Totals are sums of the rounded figures shown.

    :raises RateMissing: a month with amounts to translate has no average rate
    """
    columns = scope.columns
    read = [amounts.results(scope, column.period) for column in columns]
    if scope.translate_to:
        translator = Translator(scope.translate_to, scope.today)
        nets = [
            {
                scope.translate_to: translator.by_months(
                    lambda month: amounts.results(scope, month), column.period, among=whole
                )
            }
            for column, whole in zip(columns, read, strict=True)
        ]
        rates, basis = translator.rates, f"{ACCRUAL} {AVERAGE}"
    else:
        nets, rates, basis = read, (), ACCRUAL
    sheets = tuple(
        Sheet(currency, tuple(paper.lay_out(layouts.PROFIT_AND_LOSS)))
        for currency, paper in papers(scope, columns, nets)
    )
    return Report("profit-loss", "Profit and loss", scope, columns, sheets, basis, rates)


def papers(
    scope: Scope, columns: Sequence[Column], nets: Sequence[Nets]
) -> Iterable[tuple[str, Paper]]:
    """Yield a sheet to be for each currency with amounts, and for the one asked for."""
    found = {c for column in nets for c, by_code in column.items() if any(by_code.values())}
    for currency in sorted(found | ({scope.currency or scope.translate_to} - {""})):
        of_currency = [column.get(currency, {}) for column in nets]
        yield currency, Paper(currency, of_currency, drill_for(scope, columns, currency))


def drill_for(scope: Scope, columns: Sequence[Column], currency: str) -> DrillOf:
    """Return the filter of what moved in a column's period, the closing of years left out."""

    def drill(number: int, codes: tuple[str, ...]) -> Drill | None:
        period = columns[number].period
        return drill_of(
            scope, codes, currency, period.start, period.end, but=(EntryKind.PERIOD_CLOSE,)
        )

    return drill


def drill_of(
    scope: Scope,
    codes: tuple[str, ...],
    currency: str,
    start: date | None,
    end: date,
    *,
    kinds: tuple[str, ...] = (),
    but: tuple[str, ...] = (),
    side: str = "",
    beside: tuple[str, ...] = (),
) -> Drill | None:
    """Return a filter within the brand asked for; a translated figure is of every currency.

    None before the first day of any books: there is nothing to list.
    """
    if end < periods.FIRST_DAY:
        return None
    if start is not None:
        start = max(start, periods.FIRST_DAY)
    return Drill(
        codes=codes,
        start=start,
        end=end,
        kinds=kinds,
        but_kinds=tuple(str(kind) for kind in but),
        cluster=scope.cluster,
        currency="" if scope.translate_to else currency,
        side=side,
        beside=beside,
    )
