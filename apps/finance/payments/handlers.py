"""What payments do when they, or others, have something to tell."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from apps.core import events
from apps.finance.payments import services as payments
from apps.finance.payments.events import PaymentCaptured, PaymentDisputed, PaymentFailed
from apps.finance.payments.selectors.transactions import public_id_of
from apps.finance.risk import services as risk
from apps.finance.risk.choices import Result
from apps.finance.risk.events import RiskReviewed
from apps.notifications.events import MessageSent


@events.subscribe(RiskReviewed)
def let_go_on(event: RiskReviewed) -> None:
    payments.go_on_after_review(
        subject=event.subject,
        approved=event.approved,
        reason=event.reason,
        now=timezone.now(),
    )


@events.subscribe(PaymentCaptured)
def tell_risk_it_was_paid(event: PaymentCaptured) -> None:
    _tell_risk(event.transaction_id, Result.PAID)


@events.subscribe(PaymentFailed)
def tell_risk_it_was_declined(event: PaymentFailed) -> None:
    _tell_risk(event.transaction_id, Result.DECLINED)


@events.subscribe(PaymentDisputed)
def tell_risk_it_was_disputed(event: PaymentDisputed) -> None:
    if event.stage == "CHARGEBACK":
        _tell_risk(event.transaction_id, Result.CHARGEBACK)


def _tell_risk(transaction_id: int, result: Result) -> None:
    risk.note_result(subject=f"transaction:{public_id_of(transaction_id)}", result=result)


@events.subscribe(MessageSent)
def note_that_the_receipt_was_mailed(event: MessageSent) -> None:
    if event.kind == "payment.receipt":
        _, transaction_id, _ = event.key.split(":")
        payments.note_mailed_receipt(
            transaction_id=int(transaction_id), now=datetime.fromisoformat(event.sent_at)
        )


@events.subscribe(PaymentCaptured)
def mail_a_receipt(event: PaymentCaptured) -> None:
    payments.queue_receipt(transaction_id=event.transaction_id, now=timezone.now())
