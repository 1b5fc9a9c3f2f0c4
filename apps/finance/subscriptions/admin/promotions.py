"""Promotions in the console: what is taken off for whom, how often it was taken, moderation."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.admin import (
    Cell,
    ConsoleAdmin,
    Fact,
    Facts,
    Page,
    Table,
    Verb,
    change_link,
    state,
    when,
)
from apps.core.money import Money
from apps.core.show import money_text
from apps.finance.subscriptions.admin.offered import by_handle, length_of
from apps.finance.subscriptions.choices import Discount, PromotionStatus
from apps.finance.subscriptions.models import Promotion, Redemption
from apps.finance.subscriptions.services import promotions as services

MOST_REDEMPTIONS = 24


def _ended(row: Promotion, _by: Any) -> str:
    return "it has ended." if row.status == PromotionStatus.ENDED else ""


def _end_preview(row: Promotion, _by: Any) -> str:
    return (
        f"Nobody can take it any more. The {row.redeemed} who did keep their lower price. It "
        "cannot be opened again."
    )


def _end(row: Promotion, by: Any, reason: str) -> str:
    services.end_promotion(promotion=row, by=by, reason=reason, now=timezone.now())
    return f"{row.name} has ended."


END = Verb(
    name="end",
    label="End",
    permission="subscriptions.moderate_plan",
    run=_end,
    refusal=_ended,
    preview=_end_preview,
    danger=True,
    icon="block",
    help="For what creators may not offer. Those who took it keep it.",
)


@admin.register(Promotion)
class PromotionAdmin(ConsoleAdmin):
    list_display = ("title", "word", "of", "takes", "lasts", "taken", "brand", "ends")
    list_display_links = ("title",)
    list_filter = ("status", "discount", "audience", ("cluster", admin.RelatedFieldListFilter))
    list_select_related = ("creator", "cluster")
    search_fields = ("public_id",)
    search_help_text = "Number, public id, or the creator's handle"
    intro = "Lower prices for a while, with a code or without. Creators make them."
    empty_title = "No promotions"
    empty_text = "The first promotion that a creator starts appears here."
    found_by_search = True
    icon = "sell"
    verbs = (END,)
    export_columns = (
        "public_id",
        "cluster.slug",
        "creator.handle",
        "name",
        "code",
        "discount",
        "percent_bps",
        "amount_minor",
        "currency",
        "periods",
        "most",
        "redeemed",
        "status",
        "starts_at",
        "ends_at",
    )

    def matching(self, term: str) -> Q | None:
        return by_handle(term)

    @admin.display(description="Promotion")
    def title(self, row: Promotion) -> SafeString:
        if not row.code:
            return format_html("{}", row.name)
        return format_html('{} <span class="c-mono">{}</span>', row.name, row.code)

    @admin.display(description="State")
    def word(self, row: Promotion) -> SafeString:
        return _word(row)

    @admin.display(description="Creator")
    def of(self, row: Promotion) -> str:
        return f"@{row.creator.handle}"

    @admin.display(description="Takes off")
    def takes(self, row: Promotion) -> str:
        return _takes(row)

    @admin.display(description="For")
    def lasts(self, row: Promotion) -> str:
        return f"{row.periods} periods" if row.periods else "all periods"

    @admin.display(description="Redeemed")
    def taken(self, row: Promotion) -> str:
        return f"{row.redeemed:,} of {row.most:,}" if row.most else f"{row.redeemed:,}"

    @admin.display(description="Brand")
    def brand(self, row: Promotion) -> str:
        return row.cluster.name

    @admin.display(description="Ends")
    def ends(self, row: Promotion) -> SafeString:
        return when(row.ends_at, absent="no end")

    def page(self, request: HttpRequest, row: Promotion) -> Page:
        return Page(
            title=row.name,
            subtitle=f"@{row.creator.handle} on {row.cluster.name}",
            state=_word(row),
            main=[_redemptions(row)],
            side=[_facts(row)],
        )


def _word(row: Promotion) -> SafeString:
    now = timezone.now()
    if row.status == PromotionStatus.ENDED:
        return state("ENDED", "Ended")
    if row.ends_at is not None and row.ends_at <= now:
        return state("ENDED", "Over")
    if row.most is not None and row.redeemed >= row.most:
        return state("ENDED", "Used up")
    return state("PENDING", "Not yet") if row.starts_at > now else state("ACTIVE", "Running")


def _takes(row: Promotion) -> str:
    if row.discount == Discount.AMOUNT:
        return money_text(Money(row.amount_minor, row.currency))
    whole, rest = divmod(row.percent_bps, 100)
    return f"{whole}.{rest:02d} %" if rest else f"{whole} %"


def _redemptions(row: Promotion) -> Table:
    found = (
        Redemption.objects.filter(promotion=row)
        .select_related("user", "subscription")
        .order_by("-id")[:MOST_REDEMPTIONS]
    )
    return Table(
        "Newest redemptions",
        (Cell("When"), Cell("Who"), Cell("Subscription"), Cell("Given back")),
        [
            [
                when(each.at),
                change_link("accounts_user", each.user_id, each.user),
                change_link(
                    "subscriptions_subscription", each.subscription_id, f"#{each.subscription_id}"
                ),
                when(each.released_at, absent="no"),
            ]
            for each in found
        ],
        empty="Nobody has taken it yet.",
    )


def _facts(row: Promotion) -> Facts:
    plan = change_link("subscriptions_plan", row.plan_id, row.plan) if row.plan else "all plans"
    return Facts(
        "What it is",
        [
            Fact("Creator", change_link("accounts_profile", row.creator_id, row.creator)),
            Fact("Code", row.code or "none: open"),
            Fact("Takes off", _takes(row)),
            Fact("For", f"{row.periods} periods" if row.periods else "all periods"),
            Fact("Plan", plan),
            Fact("Prices", "any" if row.months is None else length_of(row.months)),
            Fact("Who", row.get_audience_display()),
            Fact("Redeemed", row.redeemed, f"at most {row.most}" if row.most else "no limit"),
            Fact("Starts", when(row.starts_at)),
            Fact("Ends", when(row.ends_at, absent="no end")),
            Fact("Made", when(row.created_at)),
        ],
    )
