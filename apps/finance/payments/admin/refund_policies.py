"""Who pays for refunds and chargebacks, in the console."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.clusters.models import Cluster
from apps.core.admin import Asked, ConsoleAdmin, Fact, Facts, Page, Way, amount, ask, when
from apps.core.money import Money
from apps.finance.ledger.choices import Bearer
from apps.finance.payments.models import RefundPolicy
from apps.finance.payments.rules.limits import CURRENCIES
from apps.finance.payments.rules.refunds import Policy
from apps.finance.payments.services.refund_policies import set_refund_policy

SET = Asked(
    title="Set a policy",
    lead="From a day on. Refunds asked for and disputes opened before keep their terms.",
    button="Set the policy",
    permission="payments.set_refund_policy",
)


class PolicyForm(forms.Form):
    """Amounts are written like 25.00, in the currency chosen."""

    cluster = forms.ModelChoiceField(
        Cluster.objects.order_by("position"),
        required=False,
        label="Brand",
        empty_label="Every brand without a policy of its own",
    )
    currency = forms.ChoiceField(choices=[(code, code) for code in sorted(CURRENCIES)])
    since = forms.DateField(
        label="From the day",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="It begins at midnight UTC; tomorrow at the earliest.",
    )
    platform_fee_returned = forms.BooleanField(
        required=False, initial=True, label="The platform gives its fee back"
    )
    processing_fee_returned = forms.BooleanField(
        required=False, label="The processor gives its fee back, by its contract"
    )
    kept_fees_borne_by = forms.ChoiceField(choices=Bearer.choices, label="Kept fees are borne by")
    four_eyes_from = forms.CharField(max_length=20, label="Two people decide from")
    loss_borne_by = forms.ChoiceField(choices=Bearer.choices, label="Losses are borne by")
    chargeback_fee = forms.CharField(
        max_length=20, initial="0.00", label="Processor's fee for a chargeback"
    )
    chargeback_fee_borne_by = forms.ChoiceField(
        choices=Bearer.choices, initial=Bearer.PLATFORM, label="That fee is borne by"
    )
    hold_share = forms.BooleanField(
        required=False, initial=True, label="Keep shares back while a bank decides"
    )
    refund_alerts_to = forms.CharField(
        max_length=20,
        initial="0.00",
        label="Refund announced disputes at once up to",
        help_text="0.00: never by itself.",
    )
    reason = forms.CharField(max_length=300, label="Why, or who decided it")


@admin.register(RefundPolicy)
class RefundPolicyAdmin(ConsoleAdmin):
    list_display = ("__str__", "brand", "limit", "alerts", "bearers", "since")
    list_filter = ("currency",)
    list_select_related = ("cluster", "by")
    intro = "Who pays for refunds and chargebacks, by brand, currency and date."
    empty_title = "No policy is set"
    empty_text = (
        "Every refund then needs two people, fees that processors keep and losses are the "
        "creator's, and nothing is refunded by itself."
    )

    def ways_on(self, request: HttpRequest) -> list[Way]:
        if not request.user.has_perm(SET.permission):
            return []
        return [Way(SET.title, self.address("new"), is_main=True)]

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        new = path("new/", gate(self.new_view), name="payments_refundpolicy_new")
        return [new, *super().get_urls()]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Set a policy from a day on."""
        return ask(self, request, SET, form=PolicyForm, run=_set)

    @admin.display(description="Brand")
    def brand(self, row: RefundPolicy) -> str:
        return row.cluster.name if row.cluster else "every brand"

    @admin.display(description="Two people from")
    def limit(self, row: RefundPolicy) -> SafeString:
        return amount(row.four_eyes_from_minor, row.currency)

    @admin.display(description="Alerts refunded up to")
    def alerts(self, row: RefundPolicy) -> SafeString:
        return amount(row.refund_alerts_to_minor, row.currency)

    @admin.display(description="Kept fees, losses")
    def bearers(self, row: RefundPolicy) -> str:
        return f"{row.get_kept_fees_borne_by_display()}, {row.get_loss_borne_by_display()}".lower()

    @admin.display(description="From")
    def since(self, row: RefundPolicy) -> SafeString:
        return when(row.effective_from)

    def page(self, request: HttpRequest, row: RefundPolicy) -> Page:
        fee = amount(row.chargeback_fee_minor, row.currency)
        back, kept = "given back", "kept"
        return Page(
            title=str(row),
            subtitle=f"Refund policy of {self.brand(row)}",
            main=[
                Facts(
                    "Refunds",
                    [
                        Fact("Platform fee", back if row.platform_fee_returned else kept),
                        Fact("Processor's fee", back if row.processing_fee_returned else kept),
                        Fact("Kept fees", f"borne by the {row.kept_fees_borne_by.lower()}"),
                        Fact("Two people from", self.limit(row)),
                    ],
                ),
                Facts(
                    "Disputes",
                    [
                        Fact("A loss", f"borne by the {row.loss_borne_by.lower()}"),
                        Fact("Fee of a chargeback", fee),
                        Fact("That fee", f"borne by the {row.chargeback_fee_borne_by.lower()}"),
                        Fact("Share while it is open", "kept back" if row.hold_share else "free"),
                        Fact("Alerts refunded up to", self.alerts(row)),
                        Fact("From", when(row.effective_from)),
                        Fact("Set by", row.by or "the platform"),
                    ],
                ),
            ],
        )


def _set(given: dict[str, Any], by: Any) -> str:
    currency = given["currency"]

    def minor(name: str) -> int:
        return max(0, Money.of(given[name].strip(), currency).minor)

    row = set_refund_policy(
        cluster=given["cluster"],
        currency=currency,
        policy=Policy(
            platform_fee_returned=given["platform_fee_returned"],
            processing_fee_returned=given["processing_fee_returned"],
            kept_fees_borne_by=Bearer(given["kept_fees_borne_by"]),
            loss_borne_by=Bearer(given["loss_borne_by"]),
            chargeback_fee_minor=minor("chargeback_fee"),
            chargeback_fee_borne_by=Bearer(given["chargeback_fee_borne_by"]),
            hold_share=given["hold_share"],
            four_eyes_from_minor=minor("four_eyes_from"),
            refund_alerts_to_minor=minor("refund_alerts_to"),
        ),
        effective_from=datetime.combine(given["since"], time.min, UTC),
        by=by,
        reason=given["reason"],
        now=timezone.now(),
    )
    return f"Policy {row} is set."
