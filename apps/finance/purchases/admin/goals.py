"""Console pages of goals: what creators collect tips for."""

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
from apps.finance.purchases.choices import GoalState
from apps.finance.purchases.models import Goal

TONES = {GoalState.OPEN: "POSTED", GoalState.REACHED: "DONE", GoalState.CLOSED: "CLOSED"}


def close_refusal(row: Goal, _by: Any) -> str:
    return "it is closed already." if row.state == GoalState.CLOSED else ""


def close_preview(row: Goal, _by: Any) -> str:
    return f"Nobody can tip towards {row.title} any more. What was given stays with the creator."


def close_run(row: Goal, by: Any, reason: str) -> str:
    services.close_goal(goal_id=row.pk, by=by, reason=reason, now=timezone.now())
    return f"{row.title} is closed."


@admin.register(Goal)
class GoalAdmin(ThingAdmin):
    list_display = ("name", "creator_link", "word", "raised_shown", "target_shown", "share")
    list_filter = ("state", "cluster")
    list_select_related = ("creator", "cluster")
    intro = "What creators collect tips for. Only captured tips count, less what went back."
    empty_text = "Goals that creators open appear here."
    icon = "flag"
    verbs = (
        Verb(
            name="close",
            label="Close",
            permission="purchases.close_goal",
            preview=close_preview,
            refusal=close_refusal,
            run=close_run,
            danger=True,
            icon="flag_circle",
        ),
    )

    @admin.display(description="State")
    def word(self, row: Goal) -> SafeString:
        return state(TONES[GoalState(row.state)], row.get_state_display())

    @admin.display(description="Raised")
    def raised_shown(self, row: Goal) -> SafeString:
        return amount(row.raised_minor, row.currency)

    @admin.display(description="Target")
    def target_shown(self, row: Goal) -> SafeString:
        return amount(row.target_minor, row.currency)

    @admin.display(description="Share")
    def share(self, row: Goal) -> str:
        return f"{row.percent} %"

    def page(self, request: HttpRequest, row: Goal) -> Page:
        tips = row.tips.select_related("transaction__payer").order_by("-id")[:50]
        return Page(
            title=row.title,
            subtitle=f"Goal {row.pk} on {row.cluster.name}",
            state=self.word(row),
            amount=self.raised_shown(row),
            main=[
                Table(
                    "Newest tips",
                    [Cell("Counted"), Cell("Fan"), Cell("Payment"), Cell("Counts", number=True)],
                    [
                        [
                            when(each.at),
                            change_link(
                                "accounts_profile",
                                each.transaction.payer_id,
                                each.transaction.payer,
                            ),
                            change_link(
                                "payments_transaction", each.transaction_id, each.transaction
                            ),
                            amount(each.counted_minor, row.currency),
                        ]
                        for each in tips
                    ],
                    empty="Nobody has given yet.",
                )
            ],
            side=[
                Facts(
                    "Goal",
                    [
                        Fact("Creator", self.creator_link(row)),
                        Fact("Target", self.target_shown(row)),
                        Fact("Share", self.share(row)),
                        Fact("Opened", when(row.created_at)),
                        Fact("Reached", when(row.reached_at)),
                        Fact("Closed", when(row.closed_at)),
                        Fact("Id", row.public_id),
                    ],
                )
            ],
        )
