"""Events of other apps that front ends are told of."""

from __future__ import annotations

from django.utils import timezone

from apps.core import events
from apps.finance.payments import selectors as payments
from apps.finance.payments.events import (
    DisputeClosed,
    PaymentCancelled,
    PaymentCaptured,
    PaymentDisputed,
    PaymentFailed,
    PaymentRefunded,
    RefundBounced,
)
from apps.payouts import selectors as payouts
from apps.payouts.events import PayoutFailed, PayoutPaid, PayoutRequested
from apps.webhooks import services as webhooks
from apps.webhooks.choices import Kind


@events.subscribe(PaymentCaptured)
def payment_captured(event: PaymentCaptured) -> None:
    _tell_payment(Kind.PAYMENT_CAPTURED, event.transaction_id)


@events.subscribe(PaymentFailed)
def payment_failed(event: PaymentFailed) -> None:
    _tell_payment(Kind.PAYMENT_FAILED, event.transaction_id)


@events.subscribe(PaymentCancelled)
def payment_cancelled(event: PaymentCancelled) -> None:
    _tell_payment(Kind.PAYMENT_CANCELLED, event.transaction_id)


@events.subscribe(PaymentRefunded)
def payment_refunded(event: PaymentRefunded) -> None:
    _tell(Kind.PAYMENT_REFUNDED, payments.refund_told_of(event.refund_id))


@events.subscribe(RefundBounced)
def refund_bounced(event: RefundBounced) -> None:
    _tell(Kind.PAYMENT_REFUND_BOUNCED, payments.refund_told_of(event.refund_id))


@events.subscribe(PaymentDisputed)
def payment_disputed(event: PaymentDisputed) -> None:
    told = payments.dispute_told_of(event.dispute_id, stage=event.stage)
    _tell(Kind.PAYMENT_DISPUTED, told)


@events.subscribe(DisputeClosed)
def dispute_closed(event: DisputeClosed) -> None:
    told = payments.dispute_told_of(event.dispute_id, stage=event.outcome)
    _tell(Kind.PAYMENT_DISPUTE_CLOSED, told)


@events.subscribe(PayoutRequested)
def payout_requested(event: PayoutRequested) -> None:
    _tell_payout(Kind.PAYOUT_REQUESTED, event.payout_id)


@events.subscribe(PayoutPaid)
def payout_paid(event: PayoutPaid) -> None:
    _tell_payout(Kind.PAYOUT_PAID, event.payout_id)


@events.subscribe(PayoutFailed)
def payout_failed(event: PayoutFailed) -> None:
    _tell_payout(Kind.PAYOUT_FAILED, event.payout_id)


def _tell_payment(kind: Kind, transaction_id: int) -> None:
    _tell(kind, payments.told_of(transaction_id))


def _tell_payout(kind: Kind, payout_id: int) -> None:
    _tell(kind, payouts.told_of(payout_id))


def _tell(kind: Kind, told: tuple[str, dict[str, object]]) -> None:
    cluster, data = told
    webhooks.announce(
        kind=kind,
        cluster=cluster,
        # The message of the outbox: the same however often it is delivered to us.
        source=f"outbox:{events.message_at_hand()}",
        data=data,
        now=timezone.now(),
    )
