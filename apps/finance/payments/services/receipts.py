"""The receipt of a captured payment, by mail: who took the money, and what the statement says."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.transaction import atomic

from apps.core.db import joins_transaction
from apps.finance.payments.choices import PAID, Kind
from apps.finance.payments.models import Transaction
from apps.finance.payments.rules.evidence import RECEIPT_MAILED, receipt_key
from apps.finance.payments.selectors.transactions import receipt_of
from apps.finance.payments.services.move import note
from apps.finance.payments.services.refund_moves import locked_payment
from apps.notifications import services as notifications

#: What each was for. Subscriptions have receipts of their own, which say more.
WORDS = {
    Kind.WALLET_DEPOSIT: "your {brand} wallet",
    Kind.TIP: "a tip to {creator}",
    Kind.CONTENT: "content of {creator}",
    Kind.MESSAGE: "a message of {creator}",
}
#: After a day it is no news any more.
LATE_AFTER = timedelta(days=1)


@joins_transaction
def queue_receipt(*, transaction_id: int, now: datetime) -> None:
    """Have a captured payment's receipt mailed, once however often it is asked for.

    A wallet payment moves no money from outside: who sold it sends its receipt.
    """
    payment = (
        Transaction.objects.select_related("cluster", "payer", "payee", "merchant_account")
        .filter(
            pk=transaction_id,
            captured_at__gt=now - LATE_AFTER,
            status__in=PAID,
            kind__in=WORDS,
            merchant_account__isnull=False,
        )
        .first()
    )
    if payment is None:
        return
    receipt = receipt_of(payment)
    words = WORDS[Kind(payment.kind)]
    notifications.queue(
        notifications.Message(
            kind="payment.receipt",
            to=payment.payer.user_id,
            cluster_id=payment.cluster_id,
            key=receipt_key(payment.pk),
            subject_ref=f"transaction:{payment.pk}",
            context={
                "amount": str(receipt.amount),
                "what": words.format(brand=payment.cluster.name, creator=receipt.creator),
                "paid_on": receipt.when.isoformat(),
                "reference": str(receipt.reference),
                "descriptor": receipt.descriptor,
            },
        ),
        now=now,
    )


@joins_transaction
def note_mailed_receipt(*, transaction_id: int, now: datetime) -> None:
    """Write into the history, once, that the receipt was mailed: a bank that asks is told."""
    payment = locked_payment(transaction_id)
    if not payment.history.filter(reason=RECEIPT_MAILED).exists():
        note(transaction=payment, now=now, reason=RECEIPT_MAILED)


@atomic
def hand_over_receipts(*, now: datetime, limit: int = 200) -> int:
    """
    Queue the receipts that waited in ``receipt_due_at``; return how many were looked at.

    They are of the release before mail had an app of its own, whose workers may still run. The
    column and this go with the next one.
    """
    due = (
        Transaction.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(receipt_due_at__lte=now)
        .order_by("receipt_due_at", "id")
    )
    ids = list(due.values_list("pk", flat=True)[:limit])
    for transaction_id in ids:
        queue_receipt(transaction_id=transaction_id, now=now)
    Transaction.objects.filter(pk__in=ids).update(receipt_due_at=None)
    return len(ids)
