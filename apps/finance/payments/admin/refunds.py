"""Refunds in the console: who asked, who agreed, what the gateway said, what is booked."""

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
    DaysFilter,
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
from apps.core.errors import DomainError
from apps.core.show import tone_of
from apps.finance.ledger import selectors as ledger
from apps.finance.payments.admin.refund_verbs import APPROVE, NOT_BACK, REJECT, WENT_BACK
from apps.finance.payments.models import Refund
from apps.finance.payments.rules.refunds import NOT_SENT
from apps.finance.payments.selectors import refunds as selectors


def to_decide(by: Any) -> Q:
    return Q(pk__in=selectors.refunds_to_decide(by.pk).order_by().values("pk"))


def for_a_person(_by: Any) -> Q:
    return Q(pk__in=selectors.refunds_for_a_person().order_by().values("pk"))


QUEUES = QueueFilter.of(
    approve=Queue("To approve", to_decide),
    person=Queue("Unknown, or needs a person", for_a_person),
)


@admin.register(Refund)
class RefundAdmin(ConsoleAdmin):
    list_display = ("reference", "money", "word", "payment", "brand", "asker", "asked")
    list_display_links = ("reference",)
    list_filter = (QUEUES, DaysFilter.on("created_at"), "state", "origin")
    list_select_related = (
        "transaction__cluster",
        "transaction__payer",
        "transaction__payee",
        "by",
    )
    search_fields = ("public_id",)
    search_help_text = "Public id or number"
    intro = "Money that goes back to fans. Above a brand's limit two people decide."
    empty_title = "No refunds"
    empty_text = "A refund is asked for on the page of its payment."
    found_by_search = True
    icon = "undo"
    verbs = (APPROVE, REJECT, WENT_BACK, NOT_BACK)
    export_columns = (
        "public_id",
        "transaction.public_id",
        "transaction.cluster.slug",
        "amount_minor",
        "currency",
        "destination",
        "origin",
        "reason_code",
        "state",
        "gateway_reference",
        "created_at",
        "ended_at",
    )

    def matching(self, term: str) -> Q | None:
        public_id, number = as_uuid(term), as_id(term)
        if public_id:
            return Q(public_id=public_id)
        return Q(pk=number) if number is not None else None

    @admin.display(description="Refund")
    def reference(self, row: Refund) -> SafeString:
        return format_html('<span class="c-mono">{}</span>', str(row.public_id)[:8])

    @admin.display(description="Amount")
    def money(self, row: Refund) -> SafeString:
        return amount(row.amount_minor, row.currency)

    @admin.display(description="State")
    def word(self, row: Refund) -> SafeString:
        return state(row.state, row.get_state_display())

    @admin.display(description="Payment")
    def payment(self, row: Refund) -> SafeString:
        short = str(row.transaction.public_id)[:8]
        return change_link("payments_transaction", row.transaction_id, short)

    @admin.display(description="Brand")
    def brand(self, row: Refund) -> str:
        return row.transaction.cluster.name

    @admin.display(description="Asked by")
    def asker(self, row: Refund) -> str:
        return str(row.by) if row.by else row.get_origin_display()

    @admin.display(description="Asked")
    def asked(self, row: Refund) -> SafeString:
        return when(row.created_at)

    def page(self, request: HttpRequest, row: Refund) -> Page:
        return Page(
            title=f"Refund {str(row.public_id)[:8]}",
            subtitle=f"{row.get_reason_code_display()} on {row.transaction.cluster.name}",
            state=self.word(row),
            amount=self.money(row),
            notice="The machine has stopped: find out at the gateway what happened."
            if row.needs_attention
            else "",
            main=[timeline_of(row), entry_of(row)],
            side=[facts_of(row), sending_of(row, request), *exchange_of(row)],
        )


def timeline_of(row: Refund) -> Timeline:
    history = row.history.select_related("by").order_by("id")[:200]
    return Timeline(
        "Timeline",
        [
            Event(
                at=event.at,
                title=event.get_to_state_display(),
                actor=event.by or "Platform or gateway",
                detail=event.reason,
                tone=tone_of(event.to_state),
            )
            for event in history
        ],
    )


def entry_of(row: Refund) -> Table:
    """Show what is booked; before that, what would be."""
    columns = [Cell("Account"), Cell("Debit", number=True), Cell("Credit", number=True)]
    entry = ledger.entry_of(row.entry_source) if row.entry_source else None
    if entry is None:
        return _to_be(row, columns)
    lines = entry.lines.select_related("account").order_by("n")
    link = change_link("ledger_entry", entry.pk, entry.number)
    return Table(
        format_html("In the ledger: {}", link),
        columns,
        [
            [
                change_link(
                    "ledger_account",
                    line.account_id,
                    f"{line.account.code} {line.account.owner}".strip(),
                ),
                amount(line.amount_minor, line.currency) if line.amount_minor > 0 else "",
                amount(-line.amount_minor, line.currency) if line.amount_minor < 0 else "",
            ]
            for line in lines
        ],
        empty="",
    )


def _to_be(row: Refund, columns: list[Cell]) -> Table:
    if row.state not in NOT_SENT:
        return Table("In the ledger", columns, [], empty="Nothing is posted.")
    try:
        lines = selectors.preview_of(
            row.transaction,
            row.amount,
            at=timezone.now(),
            destination=row.destination,
            refund=row,
        )
    except DomainError as error:
        return Table("What it would post", columns, [], empty=str(error))
    return Table(
        "What it would post, as balances are now",
        columns,
        [
            [
                line.account,
                amount(line.debit.minor, line.debit.currency) if line.debit else "",
                amount(line.credit.minor, line.credit.currency) if line.credit else "",
            ]
            for line in lines
        ],
        empty="",
    )


def facts_of(row: Refund) -> Facts:
    payment = row.transaction
    return Facts(
        "Refund",
        [
            Fact("Payment", change_link("payments_transaction", payment.pk, payment.public_id)),
            Fact("Of", amount(payment.amount_minor, payment.currency)),
            Fact("To", row.get_destination_display()),
            Fact("Reason", row.reason),
            Fact("Asked by", row.by or row.get_origin_display()),
            Fact("Decided by", row.decided_by or "nobody else"),
            Fact("Platform fee", "given back" if row.platform_fee_returned else "kept"),
            Fact("Processor's fee", "given back" if row.processing_fee_returned else "kept"),
            Fact("Kept fees are borne by", row.get_kept_fees_borne_by_display().lower()),
        ],
    )


def sending_of(row: Refund, request: HttpRequest) -> Facts:
    claim: SafeString | str = "nothing is to be claimed"
    if address := selectors.claim_url_of(row):
        # Whoever has the address can claim the money.
        may_see = request.user.has_perm("payments.approve_refund")
        claim = (
            format_html('<a href="{}" rel="noreferrer">the page to send its payer</a>', address)
            if may_see
            else "waits for its payer, who reads the address on the payment's page"
        )
    return Facts(
        "Gateway",
        [
            Fact("Gateway", row.transaction.get_gateway_display() or "none: the wallet"),
            Fact("Reference", row.gateway_reference or "none"),
            Fact("Confirmed by the gateway", when(row.confirmed_at)),
            Fact("To be claimed at", claim),
            Fact("Attempts", row.attempts),
            Fact("Look-ups", row.looks),
            Fact("Next", when(row.next_attempt_at, absent="nothing is due")),
            Fact("Failed because", row.failure_reason or row.failure_code or "not failed"),
        ],
    )


def exchange_of(row: Refund) -> list[Raw]:
    if not row.sent and not row.received:
        return []
    return [Raw.of_json("Sent", row.sent), Raw.of_json("Received", row.received)]
