"""Movements of MRR in the console: the lines that the figures are added up from."""

from __future__ import annotations

from datetime import date, datetime

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.safestring import SafeString

from apps.core.admin import (
    ConsoleAdmin,
    Fact,
    Facts,
    Page,
    amount,
    as_id,
    change_link,
    state,
    when,
)
from apps.finance.subscriptions.choices import Movement
from apps.finance.subscriptions.models import MrrMove

#: The word whose colour a movement has.
_TONES = {
    Movement.NEW: "OK",
    Movement.REACTIVATION: "OK",
    Movement.EXPANSION: "PROCESSING",
    Movement.CONTRACTION: "PENDING",
    Movement.CHURN: "FAILED",
}


@admin.register(MrrMove)
class MovesAdmin(ConsoleAdmin):
    list_display = ("number", "word", "of", "creator_", "plan_", "subs", "money", "happened")
    list_display_links = ("number",)
    list_filter = (("cluster", admin.RelatedFieldListFilter),)
    list_select_related = ("subscription", "creator", "plan")
    search_fields = ("currency",)
    search_help_text = "A day (2026-01-31), or the number of a subscription"
    ordering = ("-day", "-id")
    list_title = "Movements of MRR"
    intro = "Each line of history that moved MRR: what the figures are added up from."
    empty_title = "No movements"
    empty_text = "The first fan who pays for a plan that recurs is the first movement."
    icon = "swap_vert"
    export_columns = (
        "at",
        "day",
        "cluster.slug",
        "creator.handle",
        "plan.name",
        "subscription.public_id",
        "movement",
        "subscribers",
        "minor",
        "currency",
        "cohort",
    )

    def matching(self, term: str) -> Q | None:
        try:
            return Q(day=date.fromisoformat(term))
        except ValueError:
            number = as_id(term)
        return Q(subscription_id=number) if number is not None else None

    @admin.display(description="Number")
    def number(self, row: MrrMove) -> str:
        return f"#{row.pk}"

    @admin.display(description="Movement")
    def word(self, row: MrrMove) -> SafeString:
        return state(_TONES[Movement(row.movement)], row.get_movement_display())

    @admin.display(description="Subscription")
    def of(self, row: MrrMove) -> SafeString:
        return change_link(
            "subscriptions_subscription", row.subscription_id, f"#{row.subscription_id}"
        )

    @admin.display(description="Creator")
    def creator_(self, row: MrrMove) -> str:
        return f"@{row.creator.handle}"

    @admin.display(description="Plan")
    def plan_(self, row: MrrMove) -> str:
        return row.plan.name

    @admin.display(description="Subscribers")
    def subs(self, row: MrrMove) -> str:
        return f"{row.subscribers:+d}" if row.subscribers else "0"

    @admin.display(description="MRR")
    def money(self, row: MrrMove) -> SafeString:
        return amount(row.minor, row.currency)

    @admin.display(description="When")
    def happened(self, row: MrrMove) -> SafeString:
        return when(row.at)

    def page(self, request: HttpRequest, row: MrrMove) -> Page:
        moment: datetime = row.at
        return Page(
            title=f"Movement #{row.pk}",
            subtitle=f"{row.creator} on {moment:%d %b %Y}",
            state=self.word(row),
            amount=self.money(row),
            main=[
                Facts(
                    "What moved",
                    [
                        Fact("Subscription", self.of(row)),
                        Fact("Plan", change_link("subscriptions_plan", row.plan_id, row.plan)),
                        Fact("When", when(row.at)),
                        Fact("Subscribers", self.subs(row)),
                        Fact("Cohort", f"{row.cohort:%B %Y}"),
                    ],
                )
            ],
        )
