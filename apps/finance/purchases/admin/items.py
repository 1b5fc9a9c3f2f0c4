"""Console pages of what creators sell one by one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.admin import (
    Cell,
    Fact,
    Facts,
    Page,
    Table,
    Verb,
    amount,
    change_link,
    state,
    when,
)
from apps.finance.purchases import services
from apps.finance.purchases.admin.things import ThingAdmin
from apps.finance.purchases.choices import ItemStatus
from apps.finance.purchases.models import Item
from apps.finance.purchases.selectors.items import MOST_COUNTED, sales_of


def archive_refusal(row: Item, _by: Any) -> str:
    return "it is off sale already." if row.status == ItemStatus.ARCHIVED else ""


def archive_preview(row: Item, _by: Any) -> str:
    return f"{row.title} can no longer be bought. Whoever bought it keeps it."


def archive_run(row: Item, by: Any, reason: str) -> str:
    services.take_off_sale(item_id=row.pk, by=by, reason=reason, now=timezone.now())
    return f"{row.title} is off sale."


@admin.register(Item)
class ItemAdmin(ThingAdmin):
    list_display = ("name", "creator_link", "kind", "price_shown", "word", "made")
    list_filter = ("kind", "status", "cluster")
    list_select_related = ("creator", "cluster", "recipient")
    intro = "What creators sell one by one: content, and messages that are paid for."
    empty_text = "What creators put up for sale appears here."
    icon = "sell"
    verbs = (
        Verb(
            name="take-off-sale",
            label="Take off sale",
            permission="purchases.archive_item",
            preview=archive_preview,
            refusal=archive_refusal,
            run=archive_run,
            danger=True,
            icon="remove_shopping_cart",
        ),
    )

    @admin.display(description="Price")
    def price_shown(self, row: Item) -> SafeString:
        return amount(row.price_minor, row.currency)

    @admin.display(description="State")
    def word(self, row: Item) -> SafeString:
        return state("ACTIVE" if row.status == ItemStatus.ACTIVE else "CLOSED",
                     row.get_status_display())  # fmt: skip

    @admin.display(description="Since")
    def made(self, row: Item) -> SafeString:
        return when(row.created_at)

    def page(self, request: HttpRequest, row: Item) -> Page:
        prices = row.prices.select_related("by").order_by("-id")[:50]
        sold = sales_of([row])[row.pk]
        included = "no plan" if row.least_tier is None else f"plans from tier {row.least_tier} on"
        return Page(
            title=row.title,
            subtitle=f"{row.get_kind_display()} {row.pk} on {row.cluster.name}",
            state=self.word(row),
            amount=self.price_shown(row),
            main=[
                Table(
                    "Prices",
                    [Cell("Since"), Cell("By"), Cell("Price", number=True)],
                    [
                        [when(each.since), str(each.by), amount(each.price_minor, each.currency)]
                        for each in prices
                    ],
                    empty="It never had a price.",
                )
            ],
            side=[
                Facts(
                    "Item",
                    [
                        Fact("Creator", self.creator_link(row)),
                        Fact("Sold", f"{sold:,}" + (" or more" if sold == MOST_COUNTED else "")),
                        Fact("For", row.get_audience_display()),
                        Fact(
                            "Recipient",
                            change_link("accounts_profile", row.recipient_id, row.recipient),
                        ),
                        Fact("Included in", included),
                        Fact("Kept as", row.thing),
                        Fact("Id", row.public_id),
                        Fact("Off sale since", when(row.archived_at, "for sale")),
                    ],
                )
            ],
        )
