"""The charts of the reports: bars side by side, with a legend, and never the only way to read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from apps.core.admin import Cell, Table, amount
from apps.core.money import Money
from apps.finance.fx.errors import RateMissing
from apps.finance.reports import selectors
from apps.finance.reports.choices import Cash, Step
from apps.finance.reports.rules.insights import Point, Series
from apps.finance.reports.rules.periods import Period
from apps.finance.reports.rules.statements import Report, Scope, Sheet

#: A trend shows so many months, the last of them that of the report.
MONTHS = 12
#: Pixels of the thickest bar, and half of the width of a chart on a desk: bars of one label stand
#: together, however few labels there are.
THICKEST, HALF_OF_WIDTH = 28, 440
#: Colours of the console's stylesheet, by the word that its legend has for them.
COLOURS = {
    "first": "var(--color-primary-500)",
    "second": "var(--color-base-400)",
    "line": "var(--c-green)",
}
#: The sums worth comparing, by report: key of the row, and a word short enough to stand below.
SUMS = {
    "balance-sheet": (
        ("assets", "Assets"),
        ("liabilities", "Liabilities"),
        ("equity", "Equity"),
    ),
    "cash-flow": (
        (f"{Cash.OPERATING}_total", "Operating"),
        (f"{Cash.INVESTING}_total", "Investing"),
        (f"{Cash.FINANCING}_total", "Financing"),
        (f"{Cash.EXCHANGE}_total", "Exchange"),
        ("change", "Change in cash"),
    ),
}


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars as the console's library takes them, what their colours mean, the same as rows.

    Without ``table`` the page has the figures elsewhere.
    """

    title: str
    data: str
    legend: Sequence[tuple[str, str]]
    table: Table | None = None


def bars(label: str, values: Sequence[Money], colour: str, **more: Any) -> dict[str, Any]:
    """Return one set of bars; it stands beside the others, not before them."""
    return {
        "label": label,
        "data": [str(money.decimal) for money in values],
        "backgroundColor": COLOURS[colour],
        "grouped": True,
        "borderRadius": 3,
        "maxBarThickness": THICKEST,
        "categoryPercentage": min(0.8, len(values) * THICKEST / HALF_OF_WIDTH),
        "displayYAxis": True,
        **more,
    }


def line(label: str, values: Sequence[Money]) -> dict[str, Any]:
    colour = COLOURS["line"]
    return bars(label, values, "line", type="line", borderColor=colour, order=-1)


def sums_chart(report: Report, sheet: Sheet) -> Chart | None:
    """Return the main sums of a sheet, a column of the report in each colour; None if all zero.

    The sheet itself says the same as a table.
    """
    found = {row.key: row for row in sheet.rows}
    rows = [(found[key], word) for key, word in SUMS.get(report.name, ()) if key in found]
    rows = [pair for pair in rows if any(figure.amount for figure in pair[0].figures)]
    if not rows:
        return None
    columns = list(zip(report.columns, ("first", "second"), strict=False))
    sets = [
        bars(column.label, [row.figures[n].amount for row, _ in rows], colour)
        for n, (column, colour) in enumerate(columns)
    ]
    return Chart(
        f"{report.title}, {sheet.currency}",
        json.dumps({"labels": [word for _, word in rows], "datasets": sets}),
        [(column.label, colour) for column, colour in columns],
    )


def trends(scope: Scope, today: date) -> dict[str, Chart]:
    """Return revenue, costs and result of the months to the report's, by currency.

    There is none in a currency that one of these months cannot be translated to.
    """
    try:
        found = selectors.result_series(replace(scope, period=year_before(scope)), Step.MONTH)
    except RateMissing:
        return {}
    charts = ((series.currency, trend_chart(series, most_recent=today)) for series in found)
    return {currency: chart for currency, chart in charts if chart}


def year_before(scope: Scope) -> Period:
    """Return the last MONTHS months to the end of the period, all of a longer period."""
    end = scope.period.end
    ordinal = end.year * 12 + end.month - MONTHS
    start = date(ordinal // 12, ordinal % 12 + 1, 1)
    return Period(min(start, scope.period.start), end)


def trend_chart(series: Series, *, most_recent: date) -> Chart | None:
    """Return revenue and costs as bars and the result as a line, from the first that is not zero.

    What begins after ``most_recent`` is left out: nothing can have happened in it.
    """
    points = [point for point in series.points if point.period.start <= most_recent]
    while points and not (points[0].revenue or points[0].costs):
        points.pop(0)
    if not points:
        return None
    data = {
        "labels": [short(point, series.step) for point in points],
        "datasets": [
            bars("Revenue", [p.revenue for p in points], "first"),
            bars("Costs", [p.costs for p in points], "second"),
            line("Result", [p.result for p in points]),
        ],
    }
    title = f"Revenue, costs and result by {series.step.label.lower()}, {series.currency}"
    legend = [("Revenue", "first"), ("Costs", "second"), ("Result", "line")]
    return Chart(title, json.dumps(data), legend, series_table(title, series, points))


def short(point: Point, step: Step) -> str:
    """Return ``5 Nov`` or ``Nov 26``: it stands below a bar."""
    start = point.period.start
    return f"{start.day} {start:%b}" if step == Step.DAY else f"{start:%b %y}"


def series_table(title: str, series: Series, points: Sequence[Point]) -> Table:
    columns = [
        Cell(str(series.step.label)),
        Cell("Revenue", number=True),
        Cell("Costs", number=True),
        Cell("Result", number=True),
    ]
    rows = [
        [p.label, *(amount(m.minor, m.currency) for m in (p.revenue, p.costs, p.result))]
        for p in points
    ]
    return Table(title, columns, rows, empty="")
