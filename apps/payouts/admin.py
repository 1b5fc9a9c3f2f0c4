"""Payouts in the console: two pairs of eyes, then the rail."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.admin import (
    Cell,
    ConsoleAdmin,
    DaysFilter,
    Event,
    Fact,
    Facts,
    Page,
    Raw,
    Table,
    Timeline,
    Verb,
    amount,
    as_id,
    as_uuid,
    change_link,
    state,
    when,
)
from apps.core.show import money_text, tone_of
from apps.finance.ledger import selectors as ledger
from apps.payouts import rules
from apps.payouts import services as payouts
from apps.payouts.choices import Status
from apps.payouts.models import Payout, PayoutApproval, PayoutMethod

WAITING = (Status.REQUESTED, Status.IN_REVIEW)
#: What the ledger posts in the life of a payout; postings.py names the sources.
POSTINGS = ("reserved", "settled", "released", "returned")


def needed_for(payout: Payout) -> int:
    return rules.approvals_needed(
        amount=payout.amount, four_eyes_from=Decimal(settings.PAYOUT_FOUR_EYES_FROM)
    )


def destination_text(payout: Payout) -> str:
    """Return to whom the money goes, as the creator wrote it on the day of the request."""
    names = (payout.destination.get(key, "") for key in ("first_name", "last_name"))
    name = payout.destination.get("business_name") or " ".join(filter(None, names))
    email = payout.destination.get("email", "")
    return f"{name} <{email}>" if name else str(email)


def approve_refusal(payout: Payout, by: Any) -> str:
    if payout.status not in WAITING:
        return f"it is {payout.get_status_display().lower()}, not waiting for approval."
    if payout.creator.user_id == by.pk:
        return "the money would go to you; two others must decide."
    if any(approval.by_id == by.pk for approval in payout.approvals.all()):
        return "you have approved it; now somebody else must."
    return ""


def approve_preview(payout: Payout, _by: Any) -> str:
    given, needed = len(payout.approvals.all()) + 1, needed_for(payout)
    what = (
        f"{money_text(payout.amount)} to {destination_text(payout)} by {payout.get_rail_display()}"
    )
    if given < needed:
        return f"This is approval {given} of {needed} for {what}. Nothing is sent yet."
    return (
        f"This is the last approval ({given} of {needed}): the next run sends {what}. "
        "Nothing is posted now; the ledger posts when the rail has paid."
    )


def approve_run(payout: Payout, by: Any, reason: str) -> str:
    done = payouts.approve_payout(payout_id=payout.pk, by=by, reason=reason, now=timezone.now())
    if done.status == Status.APPROVED:
        return f"Approved. {money_text(payout.amount)} leaves with the next run."
    return "Approved by you. A second member of staff must approve it before it is sent."


def reject_refusal(payout: Payout, by: Any) -> str:
    if payout.status not in (*WAITING, Status.APPROVED):
        return f"it is {payout.get_status_display().lower()} and can no longer be stopped."
    return "the money would go to you." if payout.creator.user_id == by.pk else ""


def reject_preview(payout: Payout, _by: Any) -> str:
    return (
        f"Returns {money_text(payout.amount)} to {payout.creator} and posts 2 lines: "
        "debit payouts in transit, credit the creator's earnings."
    )


def reject_run(payout: Payout, by: Any, reason: str) -> str:
    payouts.reject_payout(payout_id=payout.pk, by=by, reason=reason, now=timezone.now())
    return f"Rejected. {money_text(payout.amount)} is the creator's again."


APPROVE = Verb(
    name="approve",
    label="Approve",
    permission="payouts.approve_payout",
    preview=approve_preview,
    refusal=approve_refusal,
    run=approve_run,
    help="Two different members of staff must agree, and never the one who is paid.",
)
REJECT = Verb(
    name="reject",
    label="Reject",
    permission="payouts.approve_payout",
    preview=reject_preview,
    refusal=reject_refusal,
    run=reject_run,
    danger=True,
    icon="block",
    help="The money goes back to the creator's balance. The creator can ask again.",
)


class QueueFilter(admin.SimpleListFilter):
    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("approve", "To approve"), ("person", "Needs a person")]

    def queryset(
        self,
        request: HttpRequest,
        queryset: QuerySet[Payout],
    ) -> QuerySet[Payout]:
        if self.value() == "approve":
            return queryset.filter(status__in=WAITING).order_by("requested_at", "id")
        if self.value() == "person":
            return queryset.filter(needs_attention=True).order_by("requested_at", "id")
        return queryset


@admin.register(Payout)
class PayoutAdmin(ConsoleAdmin):
    list_display = ("reference", "to", "brand", "money", "word", "eyes", "requested")
    list_display_links = ("reference",)
    list_filter = (QueueFilter, "status", ("cluster", admin.RelatedFieldListFilter))
    list_select_related = ("creator", "creator__user", "cluster")
    search_fields = ("rail_reference",)
    search_help_text = "Reference, public id or the rail's transaction id"
    intro = "Money that creators have asked for. Two members of staff approve; the next run sends."
    empty_title = "No payouts"
    empty_text = "Creators ask for them on their earnings page; each waits here for approval."
    found_by_search = True
    icon = "payments"
    verbs = (APPROVE, REJECT)
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


@admin.register(PayoutMethod)
class PayoutMethodAdmin(ConsoleAdmin):
    list_display = ("id", "owner", "rail", "to", "word", "added")
    list_filter = (DaysFilter.on("added_at"),)
    list_select_related = ("profile", "profile__cluster")
    search_fields = ("id",)
    search_help_text = "Number or public id"
    intro = "Where creators want to be paid. Creators add and switch them off; staff only look."
    empty_text = "Creators add a method before their first payout."

    def matching(self, term: str) -> Q | None:
        public_id, number = as_uuid(term), as_id(term)
        if public_id:
            return Q(public_id=public_id)
        return None if number is None else Q(pk=number)

    @admin.display(description="Creator")
    def owner(self, row: PayoutMethod) -> SafeString:
        return change_link("accounts_profile", row.profile_id, row.profile)

    @admin.display(description="To")
    def to(self, row: PayoutMethod) -> str:
        return str(row.details.get("email", ""))

    @admin.display(description="State")
    def word(self, row: PayoutMethod) -> SafeString:
        return state("ACTIVE") if row.is_active else state("OFF", "Switched off")

    @admin.display(description="Added")
    def added(self, row: PayoutMethod) -> SafeString:
        return when(row.added_at)

    def page(self, request: HttpRequest, row: PayoutMethod) -> Page:
        same = (
            PayoutMethod.objects.filter(fingerprint=row.fingerprint)
            .exclude(pk=row.pk)
            .select_related("profile")
            .order_by("id")[:20]
        )
        return Page(
            title=str(row),
            subtitle=f"Payout method of {row.profile}",
            state=self.word(row),
            main=[
                Facts(
                    "Method",
                    [
                        Fact("Creator", self.owner(row)),
                        Fact("Brand", row.profile.cluster.name),
                        Fact("Added", when(row.added_at)),
                        Fact("Switched off", when(row.deactivated_at)),
                    ],
                ),
                Table(
                    "Others with the same account",
                    [Cell("Method"), Cell("Creator")],
                    [
                        [
                            change_link("payouts_payoutmethod", other.pk, other.pk),
                            change_link("accounts_profile", other.profile_id, other.profile),
                        ]
                        for other in same
                    ],
                    empty="Nobody else is paid to this account.",
                ),
                Raw.of_json("Details", row.details),
            ],
        )
