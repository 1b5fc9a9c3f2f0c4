"""Console pages of exchange rates: what was published, and when we knew it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.admin import (
    Asked,
    Cell,
    ConsoleAdmin,
    DaysFilter,
    Fact,
    Facts,
    Page,
    Table,
    Way,
    ask,
    change_link,
    when,
)
from apps.finance.fx import services as fx
from apps.finance.fx.admin.forms import RateForm
from apps.finance.fx.models import ExchangeRate

RECORD = Asked(
    title="Record a rate",
    lead="For a rate that no file brings, or to correct one: the newest row of a day counts, and "
    "none is ever changed. A rate over a quarter away from the last known one is refused.",
    button="Record the rate",
    permission="fx.record_rate",
)


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ConsoleAdmin):
    list_display = ("pair", "day", "figure", "source", "recorded", "who")
    list_display_links = ("pair",)
    list_filter = (DaysFilter.on("recorded_at"),)
    list_select_related = ("by",)
    search_fields = ("base",)
    search_help_text = "A pair: EUR/USD"
    intro = "What a unit of the first currency was worth in the second, by day and by source."
    empty_title = "No rates yet"
    empty_text = "Import the ECB's file with manage.py import_rates, or record one by hand."
    export_columns = ("base", "quote", "on", "rate", "source", "recorded_at", "reason")

    def ways_on(self, request: HttpRequest) -> list[Way]:
        if not request.user.has_perm(RECORD.permission):
            return []
        return [Way(RECORD.title, self.address("new"), is_main=True)]

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        return [
            path("new/", gate(self.new_view), name="fx_exchangerate_new"),
            *super().get_urls(),
        ]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Record a rate by hand."""

        def run(given: dict[str, Any], by: Any) -> str:
            row = fx.record_rate(**given, by=by, now=timezone.now())
            return f"Recorded: {row} is {row.rate.normalize():f}."

        return ask(self, request, RECORD, form=RateForm, run=run)

    def matching(self, term: str) -> Q | None:
        base, _, quote = term.upper().partition("/")
        return Q(base=base, quote=quote) if quote else Q(base=base)

    @admin.display(description="Pair")
    def pair(self, row: ExchangeRate) -> str:
        return f"{row.base}/{row.quote}"

    @admin.display(description="Day")
    def day(self, row: ExchangeRate) -> str:
        return f"{row.on:%Y-%m-%d}"

    @admin.display(description="Rate")
    def figure(self, row: ExchangeRate) -> SafeString:
        return format_html('<span class="c-mono">{}</span>', f"{row.rate.normalize():f}")

    @admin.display(description="Known since")
    def recorded(self, row: ExchangeRate) -> SafeString:
        return when(row.recorded_at)

    @admin.display(description="By")
    def who(self, row: ExchangeRate) -> str:
        return str(row.by) if row.by else "import"

    def page(self, request: HttpRequest, row: ExchangeRate) -> Page:
        same = (
            ExchangeRate.objects.filter(base=row.base, quote=row.quote, on=row.on)
            .select_related("by")
            .order_by("-id")[:50]
        )
        newest = same[0].pk
        return Page(
            title=f"{self.pair(row)} on {self.day(row)}",
            subtitle="Exchange rate",
            notice="" if newest == row.pk else "A newer row for this day counts instead.",
            main=[
                Table(
                    "All that was recorded for this day, the newest first",
                    [Cell("Rate", number=True), Cell("Source"), Cell("Known since"), Cell("By"),
                     Cell("Why")],
                    [
                        [
                            change_link("fx_exchangerate", one.pk, f"{one.rate.normalize():f}"),
                            one.source,
                            when(one.recorded_at),
                            self.who(one),
                            one.reason or "as published",
                        ]
                        for one in same
                    ],
                    empty="",
                ),
            ],
            side=[
                Facts(
                    "Rate",
                    [
                        Fact(f"1 {row.base} is worth", f"{row.rate.normalize():f} {row.quote}"),
                        Fact("Source", row.source),
                        Fact("Day", self.day(row)),
                        Fact("Known since", when(row.recorded_at)),
                        Fact("By", self.who(row)),
                        Fact("Why", row.reason or "as published"),
                    ],
                )
            ],
        )  # fmt: skip
