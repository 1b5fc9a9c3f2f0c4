"""The receipt of a captured payment, by mail: who took the money, and what the statement says."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.transaction import atomic
from django.template.loader import select_template

from apps.core.db import joins_transaction, outside_transaction
from apps.finance.payments.choices import PAID
from apps.finance.payments.models import Transaction
from apps.finance.payments.rules.evidence import RECEIPT_MAILED
from apps.finance.payments.selectors.transactions import receipt_of
from apps.finance.payments.services.move import note
from apps.finance.payments.services.refund_moves import locked_payment

log = structlog.get_logger(__name__)

#: One that its worker did not send is tried again; after a day it is no news any more.
AGAIN_AFTER = timedelta(minutes=10)
LATE_AFTER = timedelta(days=1)


@joins_transaction
def queue_receipt(*, transaction_id: int, now: datetime) -> None:
    """Have a captured payment's receipt mailed; a wallet payment moves no money from outside."""
    Transaction.objects.filter(
        pk=transaction_id, captured_at__isnull=False, merchant_account__isnull=False
    ).update(receipt_due_at=now)


@outside_transaction
def send_receipts(*, now: datetime, limit: int = 50) -> int:
    """
    Mail what is due; return how many were. Claimed before, so that two at once send it once; one
    whose worker dies right after sending is sent again ten minutes later.
    """
    sent = 0
    for transaction in _claim(now, limit):
        try:
            _mail(transaction).send()
        except OSError as error:  # SMTP errors and sockets alike
            log.warning("receipt_not_sent", transaction=transaction.pk, error=repr(error))
            continue
        _record(transaction, now)
        sent += 1
    return sent


@atomic
def _record(transaction: Transaction, now: datetime) -> None:
    """That it was mailed is told to a bank that asks, and to staff."""
    Transaction.objects.filter(pk=transaction.pk).update(receipt_due_at=None)
    note(transaction=locked_payment(transaction.pk), now=now, reason=RECEIPT_MAILED)


@atomic
def _claim(now: datetime, limit: int) -> list[Transaction]:
    due = list(
        Transaction.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("cluster", "payer__user", "payee", "merchant_account")
        .filter(receipt_due_at__lte=now)
        .order_by("receipt_due_at", "id")[:limit]
    )
    wanted = [each for each in due if _is_news(each, now)]
    others = [each.pk for each in due if each not in wanted]
    Transaction.objects.filter(pk__in=[each.pk for each in wanted]).update(
        receipt_due_at=now + AGAIN_AFTER
    )
    Transaction.objects.filter(pk__in=others).update(receipt_due_at=None)
    return wanted


def _is_news(transaction: Transaction, now: datetime) -> bool:
    captured = transaction.captured_at
    return (
        captured is not None
        and captured > now - LATE_AFTER
        and transaction.status in PAID
        and bool(transaction.payer.user.email)
    )


def _mail(transaction: Transaction) -> EmailMessage:
    receipt, brand = receipt_of(transaction), transaction.cluster
    text = select_template(
        [f"payments/receipt/{brand.slug}.txt", "payments/receipt/default.txt"]
    ).render({"receipt": receipt, "brand": brand, "transaction": transaction})
    return EmailMessage(
        subject=f"[{brand.name}] Your payment of {receipt.amount}",
        body=text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[transaction.payer.user.email],
        headers={"Auto-Submitted": "auto-generated"},  # RFC 3834
    )
