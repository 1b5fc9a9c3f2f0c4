"""Console pages of what payments are set to: our accounts at gateways, and fees."""

from __future__ import annotations

from decimal import Decimal

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from apps.core.admin import ConsoleAdmin, Fact, Facts, Page, amount, state, when
from apps.finance.payments.models import FeeSchedule, MerchantAccount


def percent(bps: int) -> str:
    return f"{Decimal(bps) / 100:.2f} %"


@admin.register(MerchantAccount)
class MerchantAccountAdmin(ConsoleAdmin):
    list_display = ("__str__", "brand", "descriptor", "currency", "word")
    list_select_related = ("cluster",)
    ordering = ("cluster__position", "id")
    intro = "Our accounts at gateways, by brand. No brand charges by another's."
    empty_text = "Without an account here a brand cannot take cards."

    @admin.display(description="Brand")
    def brand(self, row: MerchantAccount) -> str:
        return row.cluster.name

    @admin.display(description="State")
    def word(self, row: MerchantAccount) -> SafeString:
        return state("ACTIVE") if row.is_active else state("OFF", "Switched off")

    def page(self, request: HttpRequest, row: MerchantAccount) -> Page:
        return Page(
            title=str(row),
            subtitle=f"Merchant account of {row.cluster.name}",
            state=self.word(row),
            main=[
                Facts(
                    "Account",
                    [
                        Fact("Gateway", row.get_gateway_display()),
                        Fact("Number", row.account_number),
                        Fact("Subaccount", row.subaccount or "none"),
                        Fact("Form", row.flex_id or "none"),
                        Fact("Secrets", f"set {row.credentials or row.gateway}"),
                        Fact("On the card statement", row.descriptor),
                        Fact("Category code", row.mcc or "not set"),
                    ],
                ),
                Facts(
                    "What it takes",
                    [
                        Fact("Currency", row.currency),
                        Fact("Smallest charge", amount(row.least_minor, row.currency)),
                        Fact("Largest charge", amount(row.most_minor, row.currency)),
                        Fact(
                            "Most in a month",
                            amount(row.monthly_cap_minor, row.currency)
                            if row.monthly_cap_minor
                            else "no cap",
                        ),
                        Fact("Countries", ", ".join(row.countries) or "all"),
                        Fact("Card brands", ", ".join(row.card_brands) or "all"),
                        Fact("Open from", row.processes_from or "always"),
                        Fact("Open until", row.processes_until or "further notice"),
                    ],
                ),
            ],
            side=[
                Facts(
                    "Costs us",
                    [
                        Fact("Of a charge", percent(row.cost_bps)),
                        Fact("Each charge", amount(row.cost_fixed_minor, row.currency)),
                        Fact("Rank", row.rank),
                    ],
                )
            ],
        )


@admin.register(FeeSchedule)
class FeeScheduleAdmin(ConsoleAdmin):
    list_display = ("__str__", "brand", "platform", "processing", "since")
    list_filter = ("kind", "method")
    list_select_related = ("cluster",)
    intro = "Rates by brand and date. A row is never edited; a later one replaces it."
    empty_text = "Without rates no payment can be started."

    @admin.display(description="Brand")
    def brand(self, row: FeeSchedule) -> str:
        return row.cluster.name if row.cluster else "every brand"

    @admin.display(description="Platform fee")
    def platform(self, row: FeeSchedule) -> str:
        return percent(row.platform_bps)

    @admin.display(description="Processing fee")
    def processing(self, row: FeeSchedule) -> str:
        fixed = Decimal(row.processing_fixed_minor) / 100
        return f"{percent(row.processing_bps)} + {fixed:.2f}"

    @admin.display(description="From")
    def since(self, row: FeeSchedule) -> SafeString:
        return when(row.effective_from)

    def page(self, request: HttpRequest, row: FeeSchedule) -> Page:
        return Page(
            title=f"{row.get_kind_display()} by {row.get_method_display().lower()}",
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
