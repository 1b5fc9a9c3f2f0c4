"""Analytics in FanzDash: what fans paid, what it earned, how often paying worked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from apps.core.admin import Cell, Table, amount
from apps.core.db import one_state
from apps.core.money import Money
from apps.core.show import money_text
from apps.dash.views.charts import trend_chart
from apps.dash.views.filters import ReportForm
from apps.dash.views.pieces import Piece, asked_of, check, page_of
from apps.finance.reports import selectors
from apps.finance.reports.choices import Step
from apps.finance.reports.rules.insights import Insights, InsightSheet, Series, Slice
from apps.finance.reports.rules.statements import Scope

#: A longer period is drawn by month.
DAYS_BY_DAY = 62
CUTS = (
    ("volume_by_kind", "Volume by kind"),
    ("volume_by_brand", "Volume by brand"),
    ("volume_by_gateway", "Volume by gateway"),
    ("revenue_by_kind", "Revenue by kind"),
    ("revenue_by_brand", "Revenue by brand"),
    ("fees_by_gateway", "Fees by gateway"),
)


def analytics_page(request: HttpRequest) -> HttpResponse:
    """Show volumes, payers, revenue and success of a period."""
    check(request)
    form = ReportForm(asked_of(request, compare="previous"))
    return page_of(
        request,
        title="Analytics",
        lead="What fans paid, what it earned, and how often paying worked.",
        form=form,
        pieces=lambda: analytics_pieces(form.scope(timezone.now().date())),
        api="reports:analytics",
        forms_of_file=(("CSV", "csv"), ("JSON", "json"), ("Page to print", "html")),
    )


def analytics_pieces(scope: Scope) -> list[Piece]:
    step = Step.DAY if scope.period.days <= DAYS_BY_DAY else Step.MONTH
    with one_state():
        found = selectors.insights(scope)
        series = {each.currency: each for each in selectors.result_series(scope, step)}
    pieces = []
    for sheet in found.sheets:
        pieces.append(Piece(sheet.currency, figures=figures_of(found, sheet)))
        if sheet.currency in series:
            pieces += series_pieces(series[sheet.currency])
        pieces += [
            Piece(section=slices_table(f"{title}, {sheet.currency}", getattr(sheet, name)))
            for name, title in CUTS
            if getattr(sheet, name)
        ]
    return [*pieces, *success_pieces(found)]


def figures_of(found: Insights, sheet: InsightSheet) -> list[tuple[str, str, str]]:
    """Return title, figure, and the same of the period compared with."""
    before = None
    if found.compared:
        before = next((s for s in found.compared.sheets if s.currency == sheet.currency), None)
    label = found.compared.period.label if found.compared else ""
    rows: list[tuple[str, Callable[[InsightSheet], Any]]] = [
        ("Volume", lambda s: s.volume),
        ("Platform revenue", lambda s: s.revenue),
        ("Payments", lambda s: s.payments),
        ("People who paid", lambda s: s.payers),
        ("Revenue for each of them", lambda s: s.arpu),
        ("Average payment", lambda s: s.average_payment),
    ]
    return [
        (title, said(value(sheet)), f"{label}: {said(value(before))}" if before else "")
        for title, value in rows
    ]


def said(value: Money | int | None) -> str:
    if value is None:
        return "none"
    return money_text(value) if isinstance(value, Money) else f"{value:,}"


def series_pieces(series: Series) -> list[Piece]:
    """Return revenue, costs and result over time as bars, and the same as a table."""
    chart = trend_chart(series, most_recent=timezone.now().date())
    return [Piece(chart=chart)] if chart else []


def slices_table(title: str, slices: Sequence[Slice]) -> Table:
    rows = [
        [part.label, amount(part.amount.minor, part.amount.currency), percent(part.percent)]
        for part in slices
    ]
    columns = [Cell("Part"), Cell("Amount", number=True), Cell("Share", number=True)]
    return Table(title, columns, rows, empty="Nothing in this period.")


def percent(value: Any) -> str:
    return "" if value is None else f"{value} %"


def success_pieces(found: Insights) -> list[Piece]:
    """Return what became of payments, why some were declined, and where buyers were taxed."""
    names = ("Gateway", "Started", "Captured", "Declined", "Abandoned", "Unknown", "Success")
    outcomes = Table(
        "What became of payments",
        [Cell(name, number=n > 0) for n, name in enumerate(names)],
        [
            [
                row.gateway or "wallet",
                row.started,
                row.captured,
                row.declined,
                row.abandoned,
                row.unknown,
                percent(row.success_percent),
            ]
            for row in found.outcomes
        ],
        empty="No payment was started in this period.",
    )
    declines = Table(
        "Why payments were declined",
        [Cell("Gateway"), Cell("Code"), Cell("Reason"), Cell("Payments", number=True)],
        [[row.gateway, row.code, row.reason, row.count] for row in found.declines],
        empty="None was declined.",
    )
    places = Table(
        "Payments by place",
        [
            Cell("Place"),
            Cell("Payments", number=True),
            Cell("Net", number=True),
            Cell("Tax", number=True),
        ],
        [
            [
                row.place or "not known",
                row.payments,
                amount(row.net.minor, row.net.currency),
                amount(row.tax.minor, row.tax.currency),
            ]
            for row in found.places
        ],
        empty="No place is known in this period.",
    )
    return [Piece(section=table) for table in (outcomes, declines, places)]
