"""How well paying works, in FanzDash: by gateway, account, brand, country and card."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from apps.core.admin import Cell, Table, amount
from apps.dash.views.charts import Chart, bars
from apps.dash.views.filters import ReportForm
from apps.dash.views.insights import percent
from apps.dash.views.pieces import Piece, asked_of, check, page_of
from apps.finance.payments.choices import Gateway, Kind, Method
from apps.finance.payments.selectors.cuts import Cut
from apps.finance.reports import selectors
from apps.finance.reports.rules.cuts import DayOfPayments, Part, PaymentsReport

#: How each cut is asked for, and what its first column is called.
WORDS = {
    Cut.GATEWAY: "Gateway",
    Cut.ACCOUNT: "MID",
    Cut.BRAND: "Brand",
    Cut.KIND: "Kind",
    Cut.METHOD: "Method",
    Cut.COUNTRY: "Country of the card",
    Cut.CARD: "Card network",
}
#: What an empty key means.
NOT_KNOWN = {Cut.GATEWAY: "From the wallet", Cut.ACCOUNT: "From the wallet"}
#: How a key reads where it is a code of ours; others are names already.
READS: dict[Cut, dict[str, str]] = {
    Cut.GATEWAY: {one.value: one.label for one in Gateway},
    Cut.KIND: {one.value: one.label for one in Kind},
    Cut.METHOD: {one.value: one.label for one in Method},
}


class PayingForm(ReportForm):
    """The bar above the page: what payments are cut by."""

    by = forms.ChoiceField(
        label="Cut by", required=False, choices=[(cut.value, word) for cut, word in WORDS.items()]
    )
    field_order = ("by", "period", "start", "end", "brand", "currency")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, has_comparison=False, **kwargs)
        del self.fields["translate"]


def paying_page(request: HttpRequest) -> HttpResponse:
    """Show how many payments were started, captured and declined, and what they cost."""
    check(request)
    form = PayingForm(asked_of(request))

    def pieces() -> list[Piece]:
        by = Cut(form.cleaned_data["by"] or Cut.GATEWAY)
        return pieces_of(selectors.payments_by(by, form.scope(timezone.now().date())), by)

    return page_of(
        request,
        title="How paying works",
        lead="Payments started in the period: how many were captured or declined, and their cost.",
        form=form,
        pieces=pieces,
        api="reports:payments",
        forms_of_file=(("CSV", "csv"), ("JSON", "json")),
    )


def pieces_of(report: PaymentsReport, by: Cut) -> list[Piece]:
    """Return a chart of each currency's days, and the table of the parts."""
    if not report.parts:
        return []
    currencies = sorted({day.volume.currency for day in report.days})
    charts = [
        Piece(chart=chart_of([day for day in report.days if day.volume.currency == each], each))
        for each in currencies
    ]
    return [Piece(section=parts_table(report.parts, by)), *charts]


def parts_table(parts: Sequence[Part], by: Cut) -> Table:
    names = ("Started", "Captured", "Declined", "Success", "Volume", "Processing", "Cost")
    return Table(
        f"By {WORDS[by].lower() if by is not Cut.ACCOUNT else 'MID'}",
        [Cell(WORDS[by]), *(Cell(name, number=True) for name in names)],
        [
            [
                READS.get(by, {}).get(part.key, part.key) or NOT_KNOWN.get(by, "not known"),
                f"{part.started:,}",
                f"{part.captured:,}",
                f"{part.declined:,}",
                percent(part.success_percent),
                amount(part.volume.minor, part.volume.currency),
                amount(part.cost.minor, part.cost.currency),
                percent(part.cost_percent),
            ]
            for part in parts
        ],
        empty="No payment was started in this period.",
    )


def chart_of(days: Sequence[DayOfPayments], currency: str) -> Chart:
    """Return the captured volume of each day as bars, and the same with its rates as a table."""
    title = f"Captured day by day, {currency}"
    volumes = [day.volume for day in days]
    data = {
        "labels": [f"{day.day.day} {day.day:%b}" for day in days],
        "datasets": [bars("Volume", volumes, "first")],
    }
    rows = [
        [
            f"{day.day:%Y-%m-%d}",
            f"{day.started:,}",
            f"{day.captured:,}",
            f"{day.declined:,}",
            percent(day.success_percent),
            amount(day.volume.minor, currency),
        ]
        for day in days
    ]
    names = ("Started", "Captured", "Declined", "Success", "Volume")
    columns = [Cell("Day"), *(Cell(name, number=True) for name in names)]
    return Chart(title, json.dumps(data), [("Volume", "first")], Table(title, columns, rows, ""))
