"""A payment as front ends are told of it."""

from __future__ import annotations

from apps.finance.payments.models import Transaction


def told_of(transaction_id: int) -> tuple[str, dict[str, object]]:
    """Return the brand, and the payment in the names and forms of the API; no fees, no means."""
    people = Transaction.objects.select_related("cluster", "payer", "payee")
    payment = people.get(pk=transaction_id)
    return payment.cluster.slug, {
        "id": str(payment.public_id),
        "kind": payment.kind,
        "method": payment.method,
        "status": payment.status,
        "amount": {"amount": str(payment.amount.decimal), "currency": payment.currency},
        "payer": payment.payer.handle,
        "creator": payment.payee.handle if payment.payee else "",
        "failure_reason": payment.failure_reason,
    }
