"""Console pages of purchases: who bought what, and what became of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.admin import (
    DaysFilter,
    Event,
    Fact,
    Facts,
    Page,
    Queue,
    QueueFilter,
    Timeline,
    Verb,
    amount,
    change_link,
    state,
    when,
)
from apps.finance.entitlements.selectors import history_of
from apps.finance.purchases import services
from apps.finance.purchases.admin.things import FoundByPerson
from apps.finance.purchases.choices import PurchaseState
from apps.finance.purchases.models import Purchase

#: The words whose colour a state has.
TONES = {
    PurchaseState.PENDING: "PENDING",
    PurchaseState.PAID: "PAID",
    PurchaseState.REFUNDED: "CLOSED",
    PurchaseState.DISPUTED: "DISPUTED",
    PurchaseState.ABANDONED: "CLOSED",
}
PAID_TWICE = Q(is_second=True, state=PurchaseState.PAID)


def give_back_refusal(row: Purchase, _by: Any) -> str:
    if not row.is_second:
        return "it was not paid twice: refund its payment where the payment is."
    return "" if row.state == PurchaseState.PAID else "its money is not with us."


def give_back_preview(row: Purchase, _by: Any) -> str:
    return (
        f"{row.buyer} paid for {row.item} twice. All that is left of this payment goes back the"
        " way it came; above the limit of one person somebody else approves it."
    )


def give_back_run(row: Purchase, by: Any, reason: str) -> str:
    refund = services.give_back(purchase_id=row.pk, by=by, reason=reason, now=timezone.now())
    return f"Refund {refund.pk} of {refund.amount.formatted}: {refund.get_state_display()}."


@admin.register(Purchase)
class PurchaseAdmin(FoundByPerson):
    person = "buyer"
    list_display = ("number", "what", "who", "seller", "word", "price_shown", "made")
    list_display_links = ("number",)
    list_filter = (
        "state",
        QueueFilter.of(twice=Queue("Paid twice", PAID_TWICE)),
        DaysFilter.on("created_at"),
    )
    list_select_related = ("item", "item__creator", "buyer", "cluster", "transaction")
    search_help_text = "Number, id, buyer's @handle or e-mail address"
    intro = "Each purchase of one thing. Its state follows its payment."
    empty_text = "What fans buy from creators appears here."
    icon = "shopping_bag"
    verbs = (
        Verb(
            name="give-back",
            label="Give back",
            permission="purchases.give_back_purchase",
            preview=give_back_preview,
            refusal=give_back_refusal,
            run=give_back_run,
            icon="undo",
            is_quiet=True,
        ),
    )

    @admin.display(description="No.")
    def number(self, row: Purchase) -> str:
        return f"#{row.pk}"

    @admin.display(description="What")
    def what(self, row: Purchase) -> SafeString:
        return change_link("purchases_item", row.item_id, row.item)

    @admin.display(description="Buyer")
    def who(self, row: Purchase) -> SafeString:
        return change_link("accounts_profile", row.buyer_id, row.buyer)

    @admin.display(description="Creator")
    def seller(self, row: Purchase) -> SafeString:
        return change_link("accounts_profile", row.item.creator_id, row.item.creator)

    @admin.display(description="State")
    def word(self, row: Purchase) -> SafeString:
        if row.is_second and row.state == PurchaseState.PAID:
            return state("WAITING", "Paid twice")
        return state(TONES[PurchaseState(row.state)], row.get_state_display())

    @admin.display(description="Price")
    def price_shown(self, row: Purchase) -> SafeString:
        return amount(row.price_minor, row.currency)

    @admin.display(description="Begun")
    def made(self, row: Purchase) -> SafeString:
        return when(row.created_at)

    def page(self, request: HttpRequest, row: Purchase) -> Page:
        paid = row.transaction
        return Page(
            title=f"Purchase {row.pk}",
            subtitle=f"{row.item.title}, on {row.cluster.name}",
            state=self.word(row),
            amount=self.price_shown(row),
            notice="Paid twice: the money of this one has to go back."
            if row.is_second and row.state == PurchaseState.PAID
            else "",
            main=[
                Timeline(
                    "What happened",
                    [
                        Event(row.created_at, "Begun", str(row.buyer)),
                        *(
                            Event(
                                each.at,
                                f"Access: {each.get_change_display().lower()}",
                                str(each.by) if each.by else "platform",
                                each.why,
                                "danger" if each.change == "WITHDRAWN" else "success",
                            )
                            for each in history_of(row.source)
                        ),
                    ],
                )
            ],
            side=[
                Facts(
                    "Purchase",
                    [
                        Fact("What", self.what(row)),
                        Fact("Buyer", self.who(row)),
                        Fact("Creator", self.seller(row)),
                        Fact(
                            "Payment",
                            change_link("payments_transaction", paid.pk, paid) if paid else "none",
                        ),
                        Fact(
                            "Charged",
                            amount(paid.amount_minor, paid.currency) if paid else "nothing",
                        ),
                        Fact("Bought", when(row.paid_at)),
                        Fact("Gives nothing since", when(row.ended_at, "still open")),
                        Fact("Id", row.public_id),
                    ],
                )
            ],
        )
