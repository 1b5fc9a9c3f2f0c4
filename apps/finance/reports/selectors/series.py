"""Income and expenses over time, for charts."""

from __future__ import annotations

from collections import defaultdict

from apps.core.db import reads_one_state
from apps.core.money import Money
from apps.finance.ledger.choices import AccountType, EntryKind
from apps.finance.ledger.selectors.series import moved_by_day, moved_by_month
from apps.finance.reports import errors
from apps.finance.reports.choices import Step
from apps.finance.reports.rules import periods
from apps.finance.reports.rules.insights import Point, Series
from apps.finance.reports.rules.layouts import RESULT_CODES, type_of
from apps.finance.reports.rules.periods import Period
from apps.finance.reports.rules.statements import Scope
from apps.finance.reports.selectors.amounts import Nets, Translator

#: Days in a chart at most.
MOST_DAYS = 366


@reads_one_state
def result_series(scope: Scope, step: Step) -> tuple[Series, ...]:
    """Return revenue (all income) and costs (all expenses) of each day or month of a period.

    One series for each currency with amounts and for the one asked for; translated there is one,
    each day and month at the average rate of its month.

    :raises TooFine: more than MOST_DAYS days are asked for
    :raises RateMissing: a month with amounts has no rate
    """
    if step == Step.DAY and scope.period.days > MOST_DAYS:
        raise errors.TooFine(days=scope.period.days, most=MOST_DAYS)
    cuts = periods.days_within if step == Step.DAY else periods.months_within
    parts = {part.start.replace(day=1) if step == Step.MONTH else part.start: part
             for part in cuts(scope.period)}  # fmt: skip
    read = moved_by_day if step == Step.DAY else moved_by_month
    moved: dict[Period, Nets] = {part: {} for part in parts.values()}
    for row in read(
        start=scope.period.start,
        end=scope.period.end,
        codes=RESULT_CODES,
        but_kinds=(EntryKind.PERIOD_CLOSE,),
        cluster=scope.cluster,
        currency=scope.currency,
    ):
        sums = moved[parts[row.day]].setdefault(row.currency, defaultdict(int))
        sums[row.code] += row.net_minor
    if scope.translate_to:
        rates = Translator(scope.translate_to, scope.today)
        moved = {
            part: {rates.to: _translated(rates, nets, part, scope)} for part, nets in moved.items()
        }
    found = {currency for nets in moved.values() for currency in nets}
    return tuple(
        Series(currency, step, tuple(_point(part, moved[part], currency) for part in moved))
        for currency in sorted(found | ({scope.currency or scope.translate_to} - {""}))
    )


def _translated(rates: Translator, nets: Nets, part: Period, scope: Scope) -> dict[str, int]:
    """Take the rate that the profit and loss of the whole period takes for that month."""
    whole = periods.month_of(part.start)
    month = Period(whole.start, min(whole.end, scope.period.end))
    return rates.by_months(lambda _: nets, month, among=nets)


def _point(part: Period, nets: Nets, currency: str) -> Point:
    revenue = costs = 0
    for code, minor in nets.get(currency, {}).items():
        if type_of(code) == AccountType.INCOME:
            revenue -= minor
        else:
            costs += minor
    return Point(part, part.label, Money(revenue, currency), Money(costs, currency))
