"""What purchases and goals do when payments have something to tell."""

from __future__ import annotations

from django.utils import timezone

from apps.core import events
from apps.finance.payments.events import (
    DisputeClosed,
    PaymentCancelled,
    PaymentCaptured,
    PaymentDisputed,
    PaymentFailed,
    PaymentRefunded,
    RefundBounced,
)
from apps.finance.purchases import services as purchases

News = (
    PaymentCaptured
    | PaymentFailed
    | PaymentCancelled
    | PaymentRefunded
    | RefundBounced
    | PaymentDisputed
    | DisputeClosed
)


@events.subscribe(PaymentCaptured)
def follow_capture(event: PaymentCaptured) -> None:
    _follow(event)


@events.subscribe(PaymentFailed)
def follow_failure(event: PaymentFailed) -> None:
    _follow(event)


@events.subscribe(PaymentCancelled)
def follow_cancelling(event: PaymentCancelled) -> None:
    _follow(event)


@events.subscribe(PaymentRefunded)
def follow_refund(event: PaymentRefunded) -> None:
    _follow(event)


@events.subscribe(RefundBounced)
def follow_bounce(event: RefundBounced) -> None:
    _follow(event)


@events.subscribe(PaymentDisputed)
def follow_dispute(event: PaymentDisputed) -> None:
    _follow(event)


@events.subscribe(DisputeClosed)
def follow_end_of_dispute(event: DisputeClosed) -> None:
    _follow(event)


def _follow(event: News) -> None:
    """The subject says whose it is, so that news of other kinds costs no query."""
    if event.subject.startswith("item:"):
        purchases.follow_payment(transaction_id=event.transaction_id, now=timezone.now())
    elif event.subject.startswith("goal:"):
        purchases.follow_tip(
            subject=event.subject,
            transaction_id=event.transaction_id,
            payer_id=getattr(event, "payer_id", None),
            now=timezone.now(),
        )
