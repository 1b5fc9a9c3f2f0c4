"""Payouts in the console: two pairs of eyes, then the rail."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.admin import (
    Cell,
    ConsoleAdmin,
    Event,
    Fact,
    Facts,
    Page,
    Queue,
    QueueFilter,
    Raw,
    Table,
    Timeline,
    amount,
    as_id,
    as_uuid,
    change_link,
    state,
    when,
)
from apps.core.show import tone_of
from apps.finance.ledger import selectors as ledger
from apps.payouts import selectors
from apps.payouts.admin.by_hand import BY_HAND
from apps.payouts.admin.verbs import APPROVE, REJECT, destination_text, needed_for
from apps.payouts.models import Payout, PayoutApproval

#: What the ledger posts in the life of a payout; postings/payouts.py names the sources.
POSTINGS = ("reserved", "settled", "released", "returned")


def to_approve(by: Any) -> Q:
    return Q(pk__in=selectors.to_approve_by(by).order_by().values("pk"))


QUEUES = QueueFilter.of(
    approve=Queue("To approve", to_approve, ordering=("requested_at", "id")),
    person=Queue("Needs a person", Q(needs_attention=True), ordering=("requested_at", "id")),
)


@admin.register(Payout)
class PayoutAdmin(ConsoleAdmin):
    list_display = ("reference", "to", "brand", "money", "word", "eyes", "requested")
    list_display_links = ("reference",)
    list_filter = (QUEUES, "status", ("cluster", admin.RelatedFieldListFilter))
    list_select_related = ("creator", "creator__user", "cluster")
    search_fields = ("rail_reference",)
    search_help_text = "Reference, public id or the rail's transaction id"
    intro = "Money that creators have asked for. Two members of staff approve; the next run sends."
    empty_title = "No payouts"
    empty_text = "Creators ask for them on their earnings page; each waits here for approval."
    found_by_search = True
    icon = "payments"
    verbs = (APPROVE, REJECT, *BY_HAND)
    export_columns = (
        "public_id",
        "rail_reference",
        "cluster.slug",
        "creator.handle",
        "rail",
        "amount_minor",
        "currency",
        "rail_fee_minor",
        "status",
        "requested_at",
        "approved_at",
        "paid_at",
        "rail_transaction_id",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payout]:
        approvals = Prefetch(
            "approvals", PayoutApproval.objects.select_related("by").order_by("id")
        )
        return super().get_queryset(request).prefetch_related(approvals)

    def matching(self, term: str) -> Q:
        meaning = Q(rail_reference=term) | Q(rail_reference=term.upper())
        public_id, number = as_uuid(term), as_id(term)
        if public_id:
            meaning |= Q(public_id=public_id)
        if number is not None:
            meaning |= Q(pk=number)
        return meaning | Q(rail="PAXUM", rail_transaction_id=term)

    @admin.display(description="Reference")
    def reference(self, row: Payout) -> SafeString:
        return format_html('<span class="c-mono">{}</span>', row.rail_reference)

    @admin.display(description="Creator")
    def to(self, row: Payout) -> str:
        return str(row.creator)

    @admin.display(description="Brand")
    def brand(self, row: Payout) -> str:
        return row.cluster.name

    @admin.display(description="Amount")
    def money(self, row: Payout) -> SafeString:
        return amount(row.amount_minor, row.currency)

    @admin.display(description="State")
    def word(self, row: Payout) -> SafeString:
        return state(row.status, row.get_status_display())

    @admin.display(description="Approvals")
    def eyes(self, row: Payout) -> str:
        return f"{len(row.approvals.all())} of {needed_for(row)}"

    @admin.display(description="Requested")
    def requested(self, row: Payout) -> SafeString:
        return when(row.requested_at)

    def page(self, request: HttpRequest, row: Payout) -> Page:
        return Page(
            title=row.rail_reference,
            subtitle=f"Payout on {row.cluster.name}",
            state=self.word(row),
            amount=amount(row.amount_minor, row.currency),
            notice="The machine has stopped: a person must find out at the rail what happened."
            if row.needs_attention
            else "",
            main=[timeline_of(row), approvals_of(row), entries_of(row)],
            side=[
                self.money_facts(row),
                self.sending_facts(row),
                Raw.of_json("Destination as it was on the day of the request", row.destination),
            ],
        )

    def money_facts(self, row: Payout) -> Facts:
        return Facts(
            "Where the money goes",
            [
                Fact("Creator", change_link("accounts_profile", row.creator_id, row.creator)),
                Fact("Brand", row.cluster.name),
                Fact("Rail", row.get_rail_display()),
                Fact("To", destination_text(row)),
                Fact("Approvals", self.eyes(row)),
                Fact("Fee of the rail", amount(row.rail_fee_minor, row.currency)),
            ],
        )

    def sending_facts(self, row: Payout) -> Facts:
        return Facts(
            "Sending",
            [
                Fact("Attempts", row.attempts),
                Fact("Next attempt", when(row.next_attempt_at)),
                Fact("Look-ups since unknown", row.looks),
                Fact("Paid", when(row.paid_at)),
                Fact("The rail's transaction", row.rail_transaction_id or "none"),
                Fact("Last failure", row.failure_message or row.failure_code or "none"),
            ],
        )


def timeline_of(row: Payout) -> Timeline:
    events = row.events.select_related("by").order_by("id")[:200]
    return Timeline(
        "Timeline",
        [
            Event(
                at=event.at,
                title=event.get_status_display(),
                actor=event.by or "Platform",
                detail=" · ".join(
                    filter(
                        None,
                        [
                            f"attempt {event.attempt}" if event.attempt else "",
                            event.code,
                            event.note,
                        ],
                    )
                ),
                tone=tone_of(event.status),
            )
            for event in events
        ],
    )


def approvals_of(row: Payout) -> Table:
    return Table(
        f"Approvals: {len(row.approvals.all())} of {needed_for(row)}",
        [Cell("By"), Cell("When"), Cell("Reason")],
        [[approval.by, when(approval.at), approval.reason] for approval in row.approvals.all()],
        empty="Nobody has approved it yet.",
    )


def entries_of(row: Payout) -> Table:
    found = [ledger.entry_of(f"payout:{row.pk}:{step}") for step in POSTINGS]
    return Table(
        "In the ledger",
        [Cell("Entry"), Cell("What"), Cell("Posted")],
        [
            [
                change_link("ledger_entry", entry.pk, entry.number),
                entry.get_kind_display(),
                when(entry.posted_at),
            ]
            for entry in found
            if entry
        ],
        empty="Nothing is posted for it.",
    )
