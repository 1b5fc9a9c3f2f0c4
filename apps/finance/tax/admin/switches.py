"""Console pages of which brands collect tax."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.admin import Asked, ConsoleAdmin, Fact, Facts, Page, Way, ask, state, when
from apps.finance.tax import services as tax
from apps.finance.tax.admin.forms import SwitchForm
from apps.finance.tax.models import BrandTaxation

TURN = Asked(
    title="Turn a brand's tax on or off",
    lead="On: fans of the brand say where they live, and confirmed rates are collected from now "
    "on. Register with the places' tax offices first. Payments begun before stay as they are.",
    button="Turn it",
    permission="tax.turn_tax",
)


@admin.register(BrandTaxation)
class BrandTaxationAdmin(ConsoleAdmin):
    list_display = ("brand", "word", "from_when", "who")
    list_display_links = ("brand",)
    list_select_related = ("cluster", "by")
    intro = "When each brand began to collect tax, or ceased to. The newest row of a brand counts."
    empty_title = "No brand collects tax"
    empty_text = "Prices have no tax in them until a brand is turned on."

    def ways_on(self, request: HttpRequest) -> list[Way]:
        if not request.user.has_perm(TURN.permission):
            return []
        return [Way(TURN.title, self.address("new"), is_main=True)]

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        mine = path("new/", gate(self.new_view), name="tax_brandtaxation_new")
        return [mine, *super().get_urls()]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Turn a brand's tax on or off."""

        def run(given: dict[str, Any], by: Any) -> str:
            row = tax.turn_tax(
                cluster=given["cluster"],
                is_on=given["turn"] == "on",
                by=by,
                reason=given["reason"],
                now=timezone.now(),
            )
            return f"{row.cluster} {'collects' if row.is_on else 'no longer collects'} tax."

        return ask(self, request, TURN, form=SwitchForm, run=run)

    @admin.display(description="Brand")
    def brand(self, row: BrandTaxation) -> str:
        return row.cluster.name

    @admin.display(description="Tax")
    def word(self, row: BrandTaxation) -> SafeString:
        return state("ACTIVE", "On") if row.is_on else state("OFF", "Off")

    @admin.display(description="Since")
    def from_when(self, row: BrandTaxation) -> SafeString:
        return when(row.since)

    @admin.display(description="By")
    def who(self, row: BrandTaxation) -> str:
        return str(row.by)

    def page(self, request: HttpRequest, row: BrandTaxation) -> Page:
        return Page(
            title=row.cluster.name,
            subtitle="Collects tax" if row.is_on else "Collects no tax",
            state=self.word(row),
            main=[
                Facts(
                    "Record",
                    [
                        Fact("Since", when(row.since)),
                        Fact("By", self.who(row)),
                        Fact("Why", row.reason),
                    ],
                )
            ],
        )
