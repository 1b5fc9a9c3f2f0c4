"""Disputes in the console: by deadline, with what was said, what is booked and what to do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import F, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
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
    Queue,
    QueueFilter,
    Table,
    Timeline,
    amount,
    as_id,
    as_uuid,
    change_link,
    when,
)
from apps.core.errors import NotAllowed, NotFound
from apps.finance.ledger import selectors as ledger
from apps.finance.payments.admin.dispute_verbs import (
    ACCEPT,
    CLOSE,
    MAKE_EVIDENCE,
    REFUND_INSTEAD,
    REPRESENT,
)
from apps.finance.payments.models import Dispute, DisputeRound
from apps.finance.payments.rules.disputes import WAITS_FOR_US, Stage
from apps.finance.payments.selectors import refunds as selectors
from apps.finance.payments.services.evidence import take_evidence

TONE = {
    Stage.INQUIRY: "warning",
    Stage.ALERT: "warning",
    Stage.CHARGEBACK: "danger",
    Stage.SECOND_ROUND: "danger",
    Stage.REPRESENTED: "info",
    Stage.WON: "success",
    Stage.LOST: "neutral",
    Stage.ACCEPTED: "neutral",
    Stage.CLOSED: "neutral",
}
_URGENT, _SOON = timedelta(hours=24), timedelta(hours=72)
_STEPS = ("opened", "fee", "won", "lost")


def to_answer(_by: Any) -> Q:
    return Q(pk__in=selectors.disputes_by_deadline().order_by().values("pk"))


BY_DEADLINE = (F("due_at").asc(nulls_last=True), "id")
QUEUES = QueueFilter.of(
    due=Queue("To answer, by deadline", to_answer, BY_DEADLINE),
    person=Queue("Needs a person", Q(needs_attention=True), BY_DEADLINE),
)


@admin.register(Dispute)
class DisputeAdmin(ConsoleAdmin):
    list_display = ("case", "money", "word", "due", "why", "payment", "brand")
    list_display_links = ("case",)
    list_filter = (QUEUES, "stage", "gateway")
    list_select_related = (
        "transaction__cluster",
        "transaction__payer",
        "transaction__payee",
    )
    search_fields = ("reference",)
    search_help_text = "The gateway's case, public id or number"
    intro = "Payments that a bank asks about, announces or has taken back."
    empty_title = "No disputes"
    empty_text = "What gateways tell of chargebacks appears here by itself."
    found_by_search = True
    icon = "gavel"
    verbs = (MAKE_EVIDENCE, REPRESENT, REFUND_INSTEAD, CLOSE, ACCEPT)
    export_columns = (
        "public_id",
        "reference",
        "gateway",
        "transaction.public_id",
        "transaction.cluster.slug",
        "stage",
        "amount_minor",
        "currency",
        "reason_code",
        "due_at",
        "opened_at",
        "ended_at",
    )

    def matching(self, term: str) -> Q | None:
        public_id, number = as_uuid(term), as_id(term)
        if public_id:
            return Q(public_id=public_id)
        meaning = Q(reference=term)
        return meaning | Q(pk=number) if number is not None else meaning

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        name = "payments_dispute_evidence"
        return [
            path("evidence/<int:pack_id>/", gate(self.evidence_view), name=name),
            *super().get_urls(),
        ]

    def evidence_view(self, request: HttpRequest, pack_id: int) -> HttpResponse:
        """Hand out a pack to somebody who manages disputes; who took it is on record."""
        try:
            pack = take_evidence(pack_id=pack_id, by=request.user)  # type: ignore[arg-type]
        except (NotFound, NotAllowed) as error:
            raise Http404 from error
        return HttpResponse(
            bytes(pack.content),
            content_type="application/pdf",
            headers={
                "Content-Disposition": f'attachment; filename="evidence-{pack.pk}.pdf"',
                "X-Content-Type-Options": "nosniff",
            },
        )

    @admin.display(description="Case")
    def case(self, row: Dispute) -> SafeString:
        return format_html('<span class="c-mono">{}</span>', row.reference)

    @admin.display(description="Amount")
    def money(self, row: Dispute) -> SafeString:
        return amount(row.amount_minor, row.currency)

    @admin.display(description="Stage")
    def word(self, row: Dispute) -> SafeString:
        tone = TONE[Stage(row.stage)]
        return format_html('<span class="c-state c-{}">{}</span>', tone, row.get_stage_display())

    @admin.display(description="Answer due")
    def due(self, row: Dispute) -> SafeString:
        return due_text(row, timezone.now())

    @admin.display(description="Reason")
    def why(self, row: Dispute) -> str:
        return row.reason_code or "not told"

    @admin.display(description="Payment")
    def payment(self, row: Dispute) -> SafeString:
        short = str(row.transaction.public_id)[:8]
        return change_link("payments_transaction", row.transaction_id, short)

    @admin.display(description="Brand")
    def brand(self, row: Dispute) -> str:
        return row.transaction.cluster.name

    def page(self, request: HttpRequest, row: Dispute) -> Page:
        return Page(
            title=f"Dispute {row.reference}",
            subtitle=f"{row.reason_code} {row.reason}".strip() or "No reason was told",
            state=self.word(row),
            amount=self.money(row),
            notice=row.attention if row.needs_attention else next_step(row, timezone.now()),
            main=[timeline_of(row), rounds_of(row), packs_of(self, row)],
            side=[facts_of(row), money_of(row)],
        )


def due_text(row: Dispute, now: datetime) -> SafeString:
    """Return when the answer is due, with how urgent it is in words and colour."""
    if row.due_at is None:
        return when(None, absent="no deadline told")
    if row.stage not in WAITS_FOR_US:
        return when(row.due_at)
    left = row.due_at - now
    hours = int(left.total_seconds() // 3600)
    if left < timedelta(0):
        tone, words = "danger", "missed"
    elif left <= _URGENT:
        tone, words = "danger", f"{hours} h left"
    elif left <= _SOON:
        tone, words = "warning", f"{hours} h left"
    else:
        tone, words = "neutral", f"{hours // 24} days left"
    return format_html('<span class="c-state c-{}">{}</span> {}', tone, words, when(row.due_at))


def next_step(row: Dispute, now: datetime) -> str:
    """Say what a person should do now."""
    if row.due_at and row.stage in WAITS_FOR_US and row.due_at < now:
        return "The deadline has passed. Look at the gateway whether an answer is still taken."
    steps = {
        Stage.INQUIRY: "The bank asks. Answer at the gateway, or refund, then close it.",
        Stage.ALERT: "A chargeback is announced. A refund now avoids it, its fee and its count.",
        Stage.CHARGEBACK: "Make evidence and send it at the gateway, or accept the loss.",
        Stage.SECOND_ROUND: "The bank took it again. Make evidence again, or accept the loss.",
    }
    return steps.get(Stage(row.stage), "")


def timeline_of(row: Dispute) -> Timeline:
    history = row.history.select_related("by").order_by("id")[:200]
    return Timeline(
        "Timeline",
        [
            Event(
                at=event.happened_at or event.recorded_at,
                title=event.get_word_display(),
                actor=event.by or "Gateway or platform",
                detail=event.reason,
                tone=TONE[Stage(event.stage)],
            )
            for event in history
        ],
    )


def rounds_of(row: Dispute) -> Table:
    entries = []
    for round_ in row.rounds.order_by("number"):
        entries += [line for step in _STEPS if (line := _entry(round_, step))]
    return Table(
        "In the ledger",
        [Cell("Round"), Cell("Entry"), Cell("What"), Cell("Posted")],
        entries,
        empty="No money has moved.",
    )


def _entry(round_: DisputeRound, step: str) -> list[Any] | None:
    entry = ledger.entry_of(f"chargeback:{round_.pk}:{step}")
    if entry is None:
        return None
    return [
        round_.number,
        change_link("ledger_entry", entry.pk, entry.number),
        entry.get_kind_display(),
        when(entry.posted_at),
    ]


def packs_of(page: ConsoleAdmin, row: Dispute) -> Table:
    packs = row.packs.defer("content").select_related("by").order_by("-id")[:20]
    return Table(
        "Evidence",
        [Cell("Pack"), Cell("Made by"), Cell("Made"), Cell("SHA-256")],
        [
            [
                format_html(
                    '<a class="c-link" href="{}">Pack {} (PDF)</a>',
                    page.address("evidence", pack.pk),
                    pack.pk,
                ),
                pack.by,
                when(pack.made_at),
                format_html('<span class="c-mono">{}…</span>', pack.sha256[:16]),
            ]
            for pack in packs
        ],
        empty="None was made yet.",
    )


def facts_of(row: Dispute) -> Facts:
    payment = row.transaction
    return Facts(
        "Case",
        [
            Fact("Payment", change_link("payments_transaction", payment.pk, payment.public_id)),
            Fact("From", change_link("accounts_profile", payment.payer_id, payment.payer)),
            Fact(
                "To",
                change_link("accounts_profile", payment.payee_id, payment.payee)
                if payment.payee_id
                else "own wallet",
            ),
            Fact("Gateway", row.get_gateway_display()),
            Fact("Answer due", due_text(row, timezone.now())),
            Fact("Opened", when(row.opened_at)),
            Fact("Ended", when(row.ended_at)),
        ],
    )


def money_of(row: Dispute) -> Facts:
    rounds = list(row.rounds.select_related("reserve").order_by("number"))
    kept = sum(
        round_.reserve.amount_minor
        for round_ in rounds
        if hasattr(round_, "reserve") and round_.reserve.released_at is None
    )
    return Facts(
        "Money",
        [
            Fact("Payment", amount(row.transaction.amount_minor, row.currency)),
            Fact("Refunded", amount(row.transaction.refunded_minor, row.currency)),
            Fact("Rounds", len(rounds)),
            Fact("Fees", amount(sum(round_.fee_minor for round_ in rounds), row.currency)),
            Fact("Kept back of the creator", amount(kept, row.currency)),
        ],
    )
