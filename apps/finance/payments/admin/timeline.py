"""Everything that happened to a payment in one line of time, whichever table remembers it."""

from __future__ import annotations

from apps.core.admin import Event, Timeline, change_link
from apps.core.show import money_text, tone_of
from apps.finance.payments.models import (
    DisputeEvent,
    EvidencePack,
    FraudReport,
    RefundEvent,
    Transaction,
)
from apps.finance.risk.selectors.subjects import assessment_of
from apps.finance.routing.selectors.routes import labels_of
from apps.finance.routing.selectors.subjects import decisions_of

#: Far more of each kind than any payment has.
MOST = 200
_NOTE = "Note"
_GATEWAY = "Platform or gateway"


def history_of(row: Transaction) -> Timeline:
    """What was weighed, tried, told, refunded and disputed, in its order."""
    events = [
        *_states(row), *_weighed(row), *_tries(row), *_deliveries(row), *_refunds(row),
        *_disputes(row), *_fraud(row),
    ]  # fmt: skip
    return Timeline("Timeline", sorted(events, key=lambda event: event.at))


def _states(row: Transaction) -> list[Event]:
    return [
        Event(
            at=event.at,
            title="Note"
            if event.from_status == event.to_status
            else event.get_to_status_display(),
            actor=event.by or _GATEWAY,
            detail=event.reason
            if event.from_status in {"", event.to_status}
            else f"{event.reason} (was {event.from_status.replace('_', ' ').lower()})",
            tone=tone_of(event.to_status),
        )
        for event in row.history.select_related("by").order_by("id")[:MOST]
    ]


def _weighed(row: Transaction) -> list[Event]:
    subject = f"transaction:{row.public_id}"
    found, labels = assessment_of(subject), labels_of()
    events = [
        Event(
            at=decision.decided_at,
            title=change_link("routing_decision", decision.pk, "Route chosen"),
            actor="Routing",
            detail=labels.get(decision.chosen_id or 0, "no account took it"),
            tone="info" if decision.chosen_id else "danger",
        )
        for decision in decisions_of(subject)
    ]
    if found is not None:
        events.insert(
            0,
            Event(
                at=found.at,
                title=change_link("risk_assessment", found.pk, "Risk assessed"),
                actor="Risk",
                detail=f"{found.get_outcome_display()}, score {found.score}",
                tone=tone_of(found.outcome),
            ),
        )
    return events


def _tries(row: Transaction) -> list[Event]:
    return [
        Event(
            at=each.started_at,
            title=f"Try {each.number} at {each.get_gateway_display()}",
            actor="Platform",
            detail=f"{each.get_kind_display()}, {each.merchant_account}",
            tone="info",
        )
        for each in row.attempts.select_related("merchant_account").order_by("number")[:MOST]
    ]


def _deliveries(row: Transaction) -> list[Event]:
    return [
        Event(
            at=each.received_at,
            title=change_link("payments_webhookevent", each.pk, f"Webhook {each.event_type}"),
            actor=each.get_gateway_display(),
            detail=each.status.capitalize(),
            tone=tone_of(each.status),
        )
        for each in row.webhooks.defer("body", "headers").order_by("id")[:MOST]
    ]


def _refunds(row: Transaction) -> list[Event]:
    moves = RefundEvent.objects.filter(refund__transaction=row).select_related("refund", "by")
    return [
        Event(
            at=move.at,
            title=change_link(
                "payments_refund",
                move.refund_id,
                f"Refund of {money_text(move.refund.amount)}: "
                f"{move.get_to_state_display().lower()}",
            ),
            actor=move.by or _GATEWAY,
            detail=move.reason,
            tone=tone_of(move.to_state),
        )
        for move in moves.order_by("id")[:MOST]
    ]


def _disputes(row: Transaction) -> list[Event]:
    words = DisputeEvent.objects.filter(dispute__transaction=row).select_related("dispute", "by")
    packs = EvidencePack.objects.filter(dispute__transaction=row).defer("content")
    return [
        *[
            Event(
                at=word.recorded_at,
                title=change_link(
                    "payments_dispute",
                    word.dispute_id,
                    f"Dispute {word.dispute.reference}: {word.get_word_display().lower()}",
                ),
                actor=word.by or _GATEWAY,
                detail=word.reason,
                tone=tone_of(word.word),
            )
            for word in words.order_by("id")[:MOST]
        ],
        *[
            Event(at=pack.made_at, title="Evidence made", actor=pack.by, tone="info")
            for pack in packs.select_related("by").order_by("id")[:MOST]
        ],
    ]


def _fraud(row: Transaction) -> list[Event]:
    return [
        Event(
            at=report.reported_at,
            title="Reported as fraud",
            actor="The card's issuer",
            detail=report.code,
            tone="danger",
        )
        for report in FraudReport.objects.filter(transaction=row).order_by("id")[:MOST]
    ]
