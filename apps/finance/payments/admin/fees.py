"""What payments cost, in the console: rates by brand, kind, method and day."""

from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.clusters.models import Cluster
from apps.core.admin import Asked, ConsoleAdmin, Fact, Facts, Page, Way, ask, when
from apps.core.money import BPS_WHOLE
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Method
from apps.finance.payments.models import FeeSchedule
from apps.finance.payments.rules.fees import Rates

SET = Asked(
    title="Set a rate",
    lead="From a day on. Payments that began before keep the fees they were told.",
    button="Set the rate",
    permission="payments.set_fee",
)


def percent(bps: int) -> str:
    return f"{Decimal(bps) / 100:.2f} %"


class FeeForm(forms.Form):
    """A rate; shares in basis points, as the books have them."""

    cluster = forms.ModelChoiceField(
        Cluster.objects.order_by("position"),
        required=False,
        label="Brand",
        empty_label="Every brand without a rate of its own",
    )
    kind = forms.ChoiceField(choices=Kind.choices)
    method = forms.ChoiceField(choices=Method.choices, label="Paid by")
    since = forms.DateField(
        label="From the day",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="It begins at midnight UTC; tomorrow at the earliest.",
    )
    platform_bps = forms.IntegerField(
        min_value=0,
        max_value=BPS_WHOLE,
        label="Platform fee",
        help_text="Basis points; 1500 is 15 %. A deposit has none.",
    )
    processing_bps = forms.IntegerField(
        min_value=0, max_value=BPS_WHOLE, label="Processing fee", help_text="Basis points."
    )
    processing_fixed_minor = forms.IntegerField(
        min_value=0, initial=0, label="Processing fee of each payment", help_text="Cents."
    )
    reason = forms.CharField(max_length=300, label="Why, or who decided it")


@admin.register(FeeSchedule)
class FeeScheduleAdmin(ConsoleAdmin):
    list_display = ("what", "brand", "platform", "processing", "since")
    list_display_links = ("what",)
    list_filter = ("kind", "method")
    list_select_related = ("cluster",)
    intro = "Rates by brand and date. A row is never edited; a later one replaces it."
    empty_text = "Without rates no payment can be started."

    def ways_on(self, request: HttpRequest) -> list[Way]:
        if not request.user.has_perm(SET.permission):
            return []
        return [Way(SET.title, self.address("new"), is_main=True)]

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        new = path("new/", gate(self.new_view), name="payments_feeschedule_new")
        return [new, *super().get_urls()]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Set a rate from a day on."""
        return ask(self, request, SET, form=FeeForm, run=_set)

    @admin.display(description="Rate of")
    def what(self, row: FeeSchedule) -> str:
        return f"{row.get_kind_display()} by {row.get_method_display().lower()}"

    @admin.display(description="Brand")
    def brand(self, row: FeeSchedule) -> str:
        return row.cluster.name if row.cluster else "every brand"

    @admin.display(description="Platform fee")
    def platform(self, row: FeeSchedule) -> str:
        return percent(row.platform_bps)

    @admin.display(description="Processing fee")
    def processing(self, row: FeeSchedule) -> str:
        if not row.processing_fixed_minor:
            return percent(row.processing_bps)
        fixed = Decimal(row.processing_fixed_minor) / 100
        return f"{percent(row.processing_bps)} + {fixed:.2f} each"

    @admin.display(description="From")
    def since(self, row: FeeSchedule) -> SafeString:
        return when(row.effective_from)

    def page(self, request: HttpRequest, row: FeeSchedule) -> Page:
        return Page(
            title=self.what(row),
            subtitle=f"Fees of {self.brand(row)}",
            main=[
                Facts(
                    "Rates",
                    [
                        Fact("Platform fee", self.platform(row)),
                        Fact("Processing fee", self.processing(row)),
                        Fact("From", when(row.effective_from)),
                    ],
                )
            ],
        )


def _set(given: dict[str, Any], by: Any) -> str:
    row = payments.set_fee(
        cluster=given["cluster"],
        kind=Kind(given["kind"]),
        method=Method(given["method"]),
        rates=Rates(
            given["platform_bps"], given["processing_bps"], given["processing_fixed_minor"]
        ),
        effective_from=datetime.combine(given["since"], time.min, UTC),
        by=by,
        reason=given["reason"],
        now=timezone.now(),
    )
    return f"The rate {row} is set."
