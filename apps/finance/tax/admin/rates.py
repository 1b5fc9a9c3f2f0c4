"""Console pages of tax rates."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.admin import (
    Asked,
    Cell,
    ConsoleAdmin,
    Fact,
    Facts,
    Page,
    Queue,
    QueueFilter,
    Table,
    Verb,
    Way,
    ask,
    change_link,
    state,
    when,
)
from apps.finance.tax import services as tax
from apps.finance.tax.admin.forms import RateForm
from apps.finance.tax.models import TaxRate
from apps.finance.tax.rules.countries import name_of

SET = Asked(
    title="Enter a rate",
    lead="Nothing is collected by it until another person has confirmed it. No row is edited: "
    "a rate ends where the next one of its place, product and kind begins.",
    button="Enter the rate",
    permission="tax.set_rate",
)


def confirm_refusal(row: TaxRate, by: Any) -> str:
    if row.is_confirmed:
        return "it is confirmed already."
    return "you entered it: another person confirms." if row.by_id == by.pk else ""


def confirm_preview(row: TaxRate, _by: Any) -> str:
    return (
        f"From {row.valid_from:%Y-%m-%d}, brands that collect tax take {row.percent.normalize():f}"
        f" % {row.get_kind_display()} on sales to {name_of(row.place)}. Source: {row.source}."
    )


def confirm_run(row: TaxRate, by: Any, reason: str) -> str:
    tax.confirm_rate(rate_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Confirmed: it counts from its first day."


CONFIRM = Verb(
    name="confirm",
    label="Confirm",
    permission="tax.confirm_rate",
    preview=confirm_preview,
    refusal=confirm_refusal,
    run=confirm_run,
    icon="fact_check",
    help="Only after reading the law or the adviser's word, not from memory.",
)


QUEUES = QueueFilter.of(confirm=Queue("To confirm", Q(confirmed_at__isnull=True)))


@admin.register(TaxRate)
class TaxRateAdmin(ConsoleAdmin):
    list_display = ("where", "what", "figure", "shown", "since", "word")
    list_display_links = ("where",)
    list_filter = (QUEUES, "kind")
    list_select_related = ("by", "confirmed_by")
    ordering = ("place", "product", "kind", "-valid_from", "-id")
    search_fields = ("place",)
    search_help_text = "A place: DE, US-CA"
    intro = "What places tax, from which day. Each row was entered by one person or a file, and "
    intro += "counts once another person has confirmed it."
    empty_title = "No rates, so no tax"
    empty_text = "Enter one, or import a file with manage.py import_tax_rates."
    verbs = (CONFIRM,)
    export_columns = (
        "place", "product", "kind", "percent", "is_inclusive", "valid_from", "source",
        "recorded_at", "confirmed_at",
    )  # fmt: skip

    def ways_on(self, request: HttpRequest) -> list[Way]:
        if not request.user.has_perm(SET.permission):
            return []
        return [Way(SET.title, self.address("new"), is_main=True)]

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        return [path("new/", gate(self.new_view), name="tax_taxrate_new"), *super().get_urls()]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Enter a rate."""

        def run(given: dict[str, Any], by: Any) -> str:
            inclusive = given.pop("shown") == "inside"
            row = tax.set_rate(**given, is_inclusive=inclusive, by=by, now=timezone.now())
            return f"Entered: {row}. Another person must confirm it."

        return ask(self, request, SET, form=RateForm, run=run)

    def matching(self, term: str) -> Q | None:
        return Q(place=term.upper()) if len(term) <= 6 else None  # noqa: PLR2004 - US-CA

    @admin.display(description="Place")
    def where(self, row: TaxRate) -> str:
        return name_of(row.place)

    @admin.display(description="On")
    def what(self, row: TaxRate) -> str:
        return row.get_product_display()

    @admin.display(description="Tax")
    def figure(self, row: TaxRate) -> str:
        return f"{row.get_kind_display()} {row.percent.normalize():f} %"

    @admin.display(description="Shown")
    def shown(self, row: TaxRate) -> str:
        return "inside the price" if row.is_inclusive else "on top"

    @admin.display(description="From")
    def since(self, row: TaxRate) -> str:
        return f"{row.valid_from:%Y-%m-%d}"

    @admin.display(description="State")
    def word(self, row: TaxRate) -> SafeString:
        if row.is_confirmed:
            return state("ACTIVE", "Confirmed")
        return state("WAITING", "To confirm")

    def page(self, request: HttpRequest, row: TaxRate) -> Page:
        others = TaxRate.objects.filter(place=row.place, product=row.product, kind=row.kind)
        others = others.order_by("-valid_from", "-id")[:50]
        return Page(
            title=str(row),
            subtitle=f"Tax rate of {name_of(row.place)}",
            state=self.word(row),
            notice="" if row.is_confirmed else "Nothing is collected by a rate to be confirmed.",
            main=[
                Table(
                    "All rates of this place, product and kind",
                    [Cell("From"), Cell("Tax"), Cell("State"), Cell("Source")],
                    [
                        [
                            change_link("tax_taxrate", one.pk, self.since(one)),
                            self.figure(one),
                            self.word(one),
                            one.source,
                        ]
                        for one in others
                    ],
                    empty="",
                )
            ],
            side=[
                Facts(
                    "Rate",
                    [
                        Fact("On", self.what(row)),
                        Fact("Shown", self.shown(row)),
                        Fact("First day", self.since(row)),
                        Fact("Source", row.source),
                    ],
                ),
                Facts(
                    "Record",
                    [
                        Fact("Entered", when(row.recorded_at)),
                        Fact("By", row.by or "import"),
                        Fact("Why", row.reason or "none given"),
                        Fact("Confirmed", when(row.confirmed_at)),
                        Fact("By", row.confirmed_by or "nobody yet"),
                    ],
                ),
            ],
        )
