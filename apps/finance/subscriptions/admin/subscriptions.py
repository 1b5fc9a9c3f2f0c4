"""Subscriptions in the console: what it is at, what happened, what the machine will do next."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.admin import (
    Cell,
    ConsoleAdmin,
    Event,
    Fact,
    Facts,
    Page,
    Raw,
    Table,
    Timeline,
    amount,
    as_uuid,
    change_link,
    state,
    when,
)
from apps.finance.subscriptions.admin.shown import meaning_of, price_of, word_of
from apps.finance.subscriptions.admin.verbs import (
    CANCEL,
    END,
    END_AND_REFUND,
    GRACE,
    NOTE,
    RETRY,
)
from apps.finance.subscriptions.choices import PeriodState, State
from apps.finance.subscriptions.models import Period, Subscription
from apps.finance.subscriptions.selectors.timeline import (
    Line,
    coming_of,
    timeline_of,
    word_of_period,
)

#: Periods on a page; the history has the rest.
MOST_PERIODS = 24
_PERIOD_TONES = {
    PeriodState.OPEN: "PENDING",
    PeriodState.PAID: "PAID",
    PeriodState.UNPAID: "FAILED",
    PeriodState.REFUNDED: "RETURNED",
}


@admin.register(Subscription)
class SubscriptionAdmin(ConsoleAdmin):
    list_display = ("number", "word", "who", "to", "of", "costs", "brand", "charged")
    list_display_links = ("number",)
    list_filter = ("state", ("cluster", admin.RelatedFieldListFilter))
    list_select_related = ("fan", "creator", "plan", "cluster")
    search_fields = ("public_id",)
    search_help_text = "Number, public id, e-mail, or handle of fan or creator"
    intro = "What fans are subscribed to, and when each is charged next."
    empty_title = "No subscriptions"
    empty_text = "The first fan who subscribes to a creator's plan appears here."
    found_by_search = True
    icon = "autorenew"
    verbs = (RETRY, GRACE, NOTE, CANCEL, END, END_AND_REFUND)
    export_columns = (
        "public_id",
        "cluster.slug",
        "fan.handle",
        "creator.handle",
        "plan.name",
        "state",
        "amount_minor",
        "currency",
        "months",
        "renews_by",
        "started_at",
        "current_until",
        "due_at",
        "cancelled_at",
        "ended_at",
        "end_reason",
    )

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Take the public id too, and bring along what the page shows."""
        public_id = as_uuid(object_id)
        rows = self.get_queryset(request).select_related(
            "fan__user", "creator__user", "plan", "cluster", "means", "promotion", "price",
            "next_plan", "next_price",
        )  # fmt: skip
        if public_id is not None:
            return rows.filter(public_id=public_id).first()
        return rows.filter(pk=int(object_id)).first() if object_id.isdigit() else None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subscription]:
        rows: QuerySet[Subscription] = super().get_queryset(request)
        return rows.defer("terms")

    def matching(self, term: str) -> Q | None:
        return meaning_of(term)

    @admin.display(description="Number")
    def number(self, row: Subscription) -> str:
        return f"#{row.pk}"

    @admin.display(description="State")
    def word(self, row: Subscription) -> SafeString:
        return word_of(row)

    @admin.display(description="Fan")
    def who(self, row: Subscription) -> str:
        return f"@{row.fan.handle}"

    @admin.display(description="Creator")
    def to(self, row: Subscription) -> str:
        return f"@{row.creator.handle}"

    @admin.display(description="Plan")
    def of(self, row: Subscription) -> str:
        return row.plan.name

    @admin.display(description="Amount")
    def costs(self, row: Subscription) -> SafeString:
        return price_of(row)

    @admin.display(description="Brand")
    def brand(self, row: Subscription) -> str:
        return row.cluster.name

    @admin.display(description="Next charge")
    def charged(self, row: Subscription) -> SafeString:
        if row.state == State.ENDED:
            return when(None, absent="none: ended")
        if row.cancel_at_end:
            return when(None, absent="none: cancelled")
        if row.state == State.PAUSED:
            return when(None, absent="none: paused")
        return when(row.due_at, absent="never")

    def page(self, request: HttpRequest, row: Subscription) -> Page:
        return Page(
            title=f"Subscription #{row.pk}",
            subtitle=f"@{row.fan.handle} to @{row.creator.handle} on {row.cluster.name}",
            state=word_of(row),
            amount=price_of(row),
            notice=f"The next charge is held: {row.held_why}" if row.held_why else "",
            main=[coming_table(row), history(row), periods_of(row)],
            side=[standing_of(row), people_of(row), agreed_of(row), terms_of(row)],
        )


def coming_table(row: Subscription) -> Table:
    return Table(
        "What happens next",
        [Cell("When"), Cell("What"), Cell("Why")],
        [
            [when(coming.at, absent="never"), coming.what, coming.why]
            for coming in coming_of(row, now=timezone.now())
        ],
        empty="Nothing: it has ended. Who wants to come back subscribes anew."
        if row.state == State.ENDED
        else "Nothing happens to it by itself.",
    )


def history(row: Subscription) -> Timeline:
    return Timeline("Timeline", [_event(line) for line in timeline_of(row)])


def _event(line: Line) -> Event:
    title = change_link(line.page, line.pk, line.title) if line.pk else line.title
    return Event(at=line.at, title=title, actor=line.actor, detail=line.detail, tone=line.tone)


def periods_of(row: Subscription) -> Table:
    found = (
        Period.objects.filter(subscription=row)
        .select_related("transaction")
        .order_by("-number")[:MOST_PERIODS]
    )
    columns = (
        Cell("Period"), Cell("From"), Cell("To"), Cell("Kind"), Cell("State"),
        Cell("Amount", number=True), Cell("Payment"),
    )  # fmt: skip
    return Table(
        "Periods",
        columns,
        [
            [
                period.number,
                when(period.from_at),
                when(period.until_at, absent="no end"),
                period.get_kind_display(),
                state(
                    _PERIOD_TONES[PeriodState(period.state)],
                    word_of_period(period).capitalize(),
                ),
                amount(period.amount_minor, period.currency or "USD"),
                change_link(
                    "payments_transaction",
                    period.transaction_id,
                    str(period.transaction.public_id)[:8] if period.transaction else "",
                ),
            ]
            for period in found
        ],
        empty="None has begun yet.",
    )


def standing_of(row: Subscription) -> Facts:
    return Facts(
        "Where it stands",
        [
            Fact("Paid from", when(row.current_from)),
            Fact("Paid to", when(row.current_until, absent="no end")),
            Fact("Access to", when(row.access_until, absent="no end")),
            Fact("Looked at next", when(row.due_at, absent="never")),
            Fact("Charged", row.get_renews_by_display()),
            Fact("Means", str(row.means) if row.means else "none"),
            Fact("Failed tries", row.tries),
            Fact("Cancelled", when(row.cancelled_at, absent="no"), row.cancel_reason),
            Fact("Ended", when(row.ended_at, absent="no"), row.get_end_reason_display())
            if row.state == State.ENDED
            else Fact("Resumes", when(row.resumes_at, absent="not paused")),
        ],
    )


def people_of(row: Subscription) -> Facts:
    promotion = f"{row.promotion}" if row.promotion else "none"
    return Facts(
        "Who and what",
        [
            Fact("Fan", change_link("accounts_profile", row.fan_id, f"@{row.fan.handle}")),
            Fact("Account", change_link("accounts_user", row.fan.user_id, row.fan.user)),
            Fact("Creator", change_link("accounts_profile", row.creator_id, row.creator)),
            Fact("Brand", change_link("clusters_cluster", row.cluster_id, row.cluster.name)),
            Fact("Plan", change_link("subscriptions_plan", row.plan_id, row.plan.name)),
            Fact("Tier", row.tier),
            Fact("Next plan", row.next_plan or "the same"),
            Fact("Promotion", promotion),
            Fact(
                "First payment",
                change_link("payments_transaction", row.first_transaction_id, "its payment"),
            ),
            Fact("Public id", format_html('<span class="c-mono">{}</span>', row.public_id)),
        ],
    )


def agreed_of(row: Subscription) -> Facts:
    return Facts(
        "Agreed to",
        [
            Fact("Asked for", when(row.created_at)),
            Fact("Began", when(row.started_at)),
            Fact("Terms agreed", when(row.terms_agreed_at, absent="none were shown")),
            Fact("Time zone", row.timezone),
            Fact("Buyer's place", row.buyer_country or "not said"),
            Fact("Agreement to a new price", row.get_consent_display()),
        ],
    )


def terms_of(row: Subscription) -> Raw:
    return Raw("Terms as they were shown", row.terms or "None were shown.")
