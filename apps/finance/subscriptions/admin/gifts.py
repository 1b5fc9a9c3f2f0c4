"""Gifts in the console: who gave what to whom, what waits, and what goes back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.admin import (
    ConsoleAdmin,
    Fact,
    Facts,
    Page,
    Queue,
    QueueFilter,
    Raw,
    Verb,
    amount,
    as_id,
    as_uuid,
    change_link,
    state,
    when,
)
from apps.core.show import money_text
from apps.finance.subscriptions.admin.offered import length_of
from apps.finance.subscriptions.admin.shown import profiles_called
from apps.finance.subscriptions.choices import GiftState
from apps.finance.subscriptions.models import Gift
from apps.finance.subscriptions.rules.gifts import TAKE_WITHIN, as_code
from apps.finance.subscriptions.services.gift_staff import return_gift_for

_TONES = {
    GiftState.INCOMPLETE: "PENDING",
    GiftState.PAID: "PROCESSING",
    GiftState.TAKEN: "ACTIVE",
    GiftState.RETURNED: "ENDED",
}
#: As long as a whole code with its hyphens.
CODE_LENGTH = 19


def _overdue(_by: Any) -> Q:
    return Q(state=GiftState.PAID, created_at__lte=timezone.now() - TAKE_WITHIN)


QUEUES = QueueFilter.of(
    waits=Queue("Waits to be taken", Q(state=GiftState.PAID), ordering=("created_at", "id")),
    overdue=Queue("Should have gone back", _overdue, ordering=("created_at", "id")),
)


def _refusal(row: Gift, by: Any) -> str:
    if row.state == GiftState.TAKEN:
        return "it is taken: end the subscription and refund instead."
    if row.state != GiftState.PAID or row.transaction is None:
        return f"it is not waiting: {row.get_state_display().lower()}."
    return "" if by.has_perm("payments.refund_transaction") else "your role may not refund."


def _preview(row: Gift, _by: Any) -> str:
    paid = row.transaction
    left = money_text(paid.amount) if paid else "nothing"
    return (
        f"{left} goes back to @{row.giver.handle} the way it was paid, and nobody can take the "
        "gift any more. Above the brand's limit a second person decides first."
    )


def _run(row: Gift, by: Any, reason: str) -> str:
    done = return_gift_for(gift_id=row.public_id, by=by, reason=reason, now=timezone.now())
    if done.state == GiftState.RETURNED:
        return "It goes back; nobody can take it any more."
    return "Asked for: somebody else must approve the refund. Until then it can be taken."


RETURN = Verb(
    name="return",
    label="Give back",
    permission="subscriptions.cancel_subscription",
    preview=_preview,
    refusal=_refusal,
    run=_run,
    danger=True,
    icon="undo",
    help="Who gave it gets the money back before the 60 days are over.",
)


@admin.register(Gift)
class GiftAdmin(ConsoleAdmin):
    list_display = ("number", "word", "gave", "takes", "of", "cost", "brand", "given")
    list_display_links = ("number",)
    list_filter = (QUEUES, "state", ("cluster", admin.RelatedFieldListFilter))
    list_select_related = ("giver", "taker", "plan__creator", "price", "transaction", "cluster")
    search_fields = ("public_id",)
    search_help_text = "Number, public id, whole code, e-mail, or handle of giver or taker"
    intro = "Months of a creator that one fan pays for another. What nobody takes goes back."
    empty_title = "No gifts"
    empty_text = "The first gift that a fan pays for appears here."
    found_by_search = True
    icon = "redeem"
    verbs = (RETURN,)
    export_columns = (
        "public_id",
        "cluster.slug",
        "giver.handle",
        "taker.handle",
        "plan.name",
        "amount_minor",
        "currency",
        "state",
        "created_at",
        "taken_at",
    )

    def matching(self, term: str) -> Q | None:
        public_id, number = as_uuid(term), as_id(term)
        if public_id:
            return Q(public_id=public_id)
        if number is not None:
            return Q(pk=number)
        if "@" not in term and len(as_code(term)) == CODE_LENGTH:
            return Q(code=as_code(term))
        ids = profiles_called(term)
        return Q(giver__in=ids) | Q(taker__in=ids)

    @admin.display(description="Number")
    def number(self, row: Gift) -> str:
        return f"#{row.pk}"

    @admin.display(description="State")
    def word(self, row: Gift) -> SafeString:
        return _word(row)

    @admin.display(description="From")
    def gave(self, row: Gift) -> str:
        return f"@{row.giver.handle}"

    @admin.display(description="To")
    def takes(self, row: Gift) -> str:
        return f"@{row.taker.handle}" if row.taker else "who has the code"

    @admin.display(description="Creator and plan")
    def of(self, row: Gift) -> str:
        return f"@{row.plan.creator.handle}, {row.plan.name}"

    @admin.display(description="Price")
    def cost(self, row: Gift) -> SafeString:
        return amount(row.amount_minor, row.currency)

    @admin.display(description="Brand")
    def brand(self, row: Gift) -> str:
        return row.cluster.name

    @admin.display(description="Given")
    def given(self, row: Gift) -> SafeString:
        return when(row.created_at)

    def page(self, request: HttpRequest, row: Gift) -> Page:
        return Page(
            title=f"Gift #{row.pk}",
            subtitle=f"@{row.giver.handle} on {row.cluster.name}",
            state=_word(row),
            amount=amount(row.amount_minor, row.currency),
            notice="Nobody took it in time, and it has not gone back: see the runbook of gifts."
            if row.state == GiftState.PAID and row.created_at <= timezone.now() - TAKE_WITHIN
            else "",
            main=[_people(row), Raw("What the giver wrote", row.message or "Nothing.")],
            side=[_facts(row)],
        )


def _word(row: Gift) -> SafeString:
    return state(_TONES[GiftState(row.state)], row.get_state_display())


def _people(row: Gift) -> Facts:
    plan, paid = row.plan, row.transaction
    return Facts(
        "Who and what",
        [
            Fact("From", change_link("accounts_profile", row.giver_id, f"@{row.giver.handle}")),
            Fact(
                "To",
                change_link("accounts_profile", row.taker_id, f"@{row.taker.handle}")
                if row.taker
                else "who has the code",
            ),
            Fact("Creator", change_link("accounts_profile", plan.creator_id, plan.creator)),
            Fact("Plan", change_link("subscriptions_plan", row.plan_id, plan.name)),
            Fact("For", length_of(row.price.months)),
            Fact(
                "Payment",
                change_link("payments_transaction", row.transaction_id, str(paid.public_id)[:8])
                if paid
                else "not begun",
            ),
            Fact(
                "Subscription",
                change_link(
                    "subscriptions_subscription", row.subscription_id, f"#{row.subscription_id}"
                )
                if row.subscription_id
                else "not taken",
            ),
        ],
    )


def _facts(row: Gift) -> Facts:
    """The code opens the gift to whoever knows it: only its end is shown, to compare."""
    return Facts(
        "When",
        [
            Fact("Given", when(row.created_at)),
            Fact("Goes back, if not taken", when(row.created_at + TAKE_WITHIN)),
            Fact("Taken", when(row.taken_at, absent="not yet")),
            Fact("Tried to go back again", when(row.return_due_at, absent="no")),
            Fact("Code ends with", row.code.rpartition("-")[2]),
            Fact("Public id", format_html('<span class="c-mono">{}</span>', row.public_id)),
        ],
    )
