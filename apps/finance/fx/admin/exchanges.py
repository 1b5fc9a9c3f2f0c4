"""Console pages of exchanges, and of what is held of each currency."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
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
    amount,
    ask,
    change_link,
    when,
)
from apps.core.show import money_text
from apps.finance.fx import selectors
from apps.finance.fx import services as fx
from apps.finance.fx.admin.forms import ExchangeForm
from apps.finance.fx.models import CurrencyPosition, Exchange
from apps.finance.ledger import selectors as ledger

EXCHANGE = Asked(
    title="Record an exchange",
    lead="Money of one currency that the bank turned into another, with the amounts of its "
    "statement. What a closed position has earned or lost is booked at average cost.",
    button="Book the exchange",
    permission="fx.exchange_currency",
)


@admin.register(Exchange)
class ExchangeAdmin(ConsoleAdmin):
    list_display = ("__str__", "sold_text", "bought_text", "gained", "day", "who")
    list_filter = (DaysFilter.on("recorded_at"),)
    list_select_related = ("by",)
    intro = "Currencies exchanged through the trading account 3900."
    empty_title = "Nothing was exchanged yet"
    empty_text = "Record what a bank or a rail has exchanged for us."

    def ways_on(self, request: HttpRequest) -> list[Way]:
        if not request.user.has_perm(EXCHANGE.permission):
            return []
        return [Way(EXCHANGE.title, self.address("new"), is_main=True)]

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        return [path("new/", gate(self.new_view), name="fx_exchange_new"), *super().get_urls()]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Book an exchange; sending the form twice books it once."""

        def run(given: dict[str, Any], by: Any) -> str:
            done = fx.exchange(
                **{key: given[key] for key in (
                    "sold", "sold_from", "bought", "bought_into", "effective_on", "reason",
                )},
                idempotency_key=given["key"],
                by=by,
                now=timezone.now(),
            )  # fmt: skip
            return f"Booked. Realised: {money_text(done.gain)}."

        return ask(self, request, EXCHANGE, form=ExchangeForm, run=run)

    @admin.display(description="Sold")
    def sold_text(self, row: Exchange) -> SafeString:
        return amount(row.sold_minor, row.sold_currency)

    @admin.display(description="Bought")
    def bought_text(self, row: Exchange) -> SafeString:
        return amount(row.bought_minor, row.bought_currency)

    @admin.display(description="Gain or loss")
    def gained(self, row: Exchange) -> SafeString:
        return amount(row.gain.minor, row.gain.currency)

    @admin.display(description="Day")
    def day(self, row: Exchange) -> str:
        return f"{row.effective_on:%Y-%m-%d}"

    @admin.display(description="By")
    def who(self, row: Exchange) -> str:
        return str(row.by)

    def page(self, request: HttpRequest, row: Exchange) -> Page:
        entry = ledger.entry_of(row.source)
        return Page(
            title=f"{money_text(row.sold)} for {money_text(row.bought)}",
            subtitle=str(row),
            main=[
                Facts(
                    "Exchange",
                    [
                        Fact("Sold", self.sold_text(row), hint=row.sold_from),
                        Fact("Bought", self.bought_text(row), hint=row.bought_into),
                        Fact("Worth", amount(row.value.minor, row.value.currency),
                             hint=row.rate_note),
                        Fact("Gain or loss", self.gained(row)),
                    ],
                )
            ],
            side=[
                Facts(
                    "Record",
                    [
                        Fact("Journal entry",
                             change_link("ledger_entry", entry.pk, entry.number)
                             if entry else "none"),
                        Fact("Day", self.day(row)),
                        Fact("Recorded", when(row.recorded_at)),
                        Fact("By", self.who(row)),
                        Fact("Why", row.reason),
                    ],
                )
            ],
        )  # fmt: skip


@admin.register(CurrencyPosition)
class CurrencyPositionAdmin(ConsoleAdmin):
    list_display = ("currency", "held", "paid")
    list_display_links = ("currency",)
    ordering = ("currency",)
    intro = "What was exchanged into other currencies and not yet back, at average cost."
    empty_title = "No positions"
    empty_text = "The first exchange opens one."

    @admin.display(description="Held")
    def held(self, row: CurrencyPosition) -> SafeString:
        return amount(row.quantity_minor, row.currency)

    @admin.display(description="Cost")
    def paid(self, row: CurrencyPosition) -> SafeString:
        return amount(row.cost.minor, row.cost.currency)

    def page(self, request: HttpRequest, row: CurrencyPosition) -> Page:
        today = timezone.now().astimezone(UTC).date()
        here = next(
            each for each in selectors.positions(on=today) if each.currency == row.currency
        )
        return Page(
            title=row.currency,
            subtitle="Position in the trading account 3900",
            amount=self.held(row),
            notice="; ".join(selectors.position_findings()),
            main=[
                Table(
                    "Position",
                    [Cell("Held", number=True), Cell("Cost", number=True),
                     Cell("Worth today", number=True), Cell("Not realised", number=True)],
                    [[
                        self.held(row),
                        self.paid(row),
                        money_text(here.worth) if here.worth is not None else "no rate",
                        money_text(here.unrealised) if here.unrealised is not None else "",
                    ]],
                    empty="",
                )
            ],
        )  # fmt: skip
