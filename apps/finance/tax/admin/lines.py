"""Console pages of the tax on sales, and the figures of a quarter's return."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.admin import (
    Cell,
    ConsoleAdmin,
    DaysFilter,
    Fact,
    Facts,
    Page,
    Table,
    Way,
    amount,
    source_link,
    state,
    when,
)
from apps.core.show import money_text
from apps.finance.tax import selectors
from apps.finance.tax.admin.forms import QuarterForm
from apps.finance.tax.models import TaxLine
from apps.finance.tax.rules.countries import name_of
from apps.finance.tax.selectors.returns import quarter_of


class ProofFilter(admin.SimpleListFilter):
    title = "proofs"
    parameter_name = "proofs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("look", "Do not agree")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TaxLine]) -> QuerySet[TaxLine]:
        return queryset.filter(proofs_agree=False) if self.value() == "look" else queryset


@admin.register(TaxLine)
class TaxLineAdmin(ConsoleAdmin):
    list_display = ("number", "where", "rate_text", "net", "due", "quarter", "word")
    list_display_links = ("number",)
    list_filter = (ProofFilter, DaysFilter.on("recorded_at"))
    search_fields = ("quarter",)
    search_help_text = "A quarter: 2026-Q1"
    intro = "Each tax on each sale, with what proves the buyer's place."
    empty_title = "No tax was due yet"
    empty_text = "A brand collects none until it is turned on, and by confirmed rates only."
    export_columns = (
        "source", "cluster", "place", "kind", "percent", "base_minor", "tax_minor", "currency",
        "sold_on", "quarter", "proofs_agree",
    )  # fmt: skip

    def ways_on(self, request: HttpRequest) -> list[Way]:
        return [Way("Return of a quarter", self.address("return"), is_main=True)]

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        mine = path("return/", gate(self.return_view), name="tax_taxline_return")
        return [mine, *super().get_urls()]

    def return_view(self, request: HttpRequest) -> HttpResponse:
        """Show the figures of a quarter's return, by place and rate."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = request.GET.get("quarter", quarter_of(timezone.now().date()))
        form = QuarterForm({"quarter": asked})
        rows = []
        if form.is_valid():
            asked = form.cleaned_data["quarter"]
            rows = selectors.return_of(quarter=asked)
        context = {
            "title": "Return of a quarter",
            "form": form,
            "back": self.address("changelist"),
            "section": Table(
                f"Tax collected in {asked}" if form.is_valid() else "Tax collected",
                [Cell("Place"), Cell("Tax"), Cell("Sales", number=True), Cell("Net", number=True),
                 Cell("Tax due", number=True), Cell("In euro", number=True)],
                [
                    [
                        name_of(row.place),
                        f"{row.kind} {row.percent.normalize():f} %",
                        f"{row.sales:,}",
                        money_text(row.base),
                        money_text(row.tax),
                        money_text(row.in_euro) if row.in_euro is not None else "no rate yet",
                    ]
                    for row in rows
                ],
                empty="No tax was due in this quarter.",
            ),
        }  # fmt: skip
        return self.drawn(
            request, "admin/tax/return.html", context, status=422 if form.errors else 200
        )

    def matching(self, term: str) -> Q | None:
        return Q(quarter=term.upper())

    @admin.display(description="Line")
    def number(self, row: TaxLine) -> str:
        return f"#{row.pk}"

    @admin.display(description="Place")
    def where(self, row: TaxLine) -> str:
        return name_of(row.place)

    @admin.display(description="Tax")
    def rate_text(self, row: TaxLine) -> str:
        return f"{row.get_kind_display()} {row.percent.normalize():f} %"

    @admin.display(description="Net")
    def net(self, row: TaxLine) -> SafeString:
        return amount(row.base_minor, row.currency)

    @admin.display(description="Tax due")
    def due(self, row: TaxLine) -> SafeString:
        return amount(row.tax_minor, row.currency)

    @admin.display(description="Proofs")
    def word(self, row: TaxLine) -> SafeString:
        return state("OK", "Agree") if row.proofs_agree else state("WAITING", "Do not agree")

    def page(self, request: HttpRequest, row: TaxLine) -> Page:
        return Page(
            title=f"{row.get_kind_display()} of {name_of(row.place)}",
            subtitle=f"Tax on a sale in {row.quarter}",
            state=self.word(row),
            amount=self.due(row),
            notice=""
            if row.proofs_agree
            else "Fewer than two proofs, or of two countries: ask the adviser what to declare.",
            main=[
                Facts(
                    "Sale",
                    [
                        Fact("Sale", source_link(row.source)),
                        Fact("Brand", row.cluster),
                        Fact("Net", self.net(row)),
                        Fact("Rate", self.rate_text(row)),
                        Fact("Tax", self.due(row)),
                    ],
                )
            ],
            side=[
                Facts(
                    "Place",
                    [
                        Fact("Proofs", ", ".join(row.proofs)),
                        Fact("Sold on", f"{row.sold_on:%Y-%m-%d}"),
                        Fact("Recorded", when(row.recorded_at)),
                    ],
                )
            ],
        )
