"""A payment as front ends are told of it."""

from __future__ import annotations

from apps.core.money import Money
from apps.finance.payments.models import Dispute, Refund, Transaction


def told_of(transaction_id: int) -> tuple[str, dict[str, object]]:
    """Return the brand, and the payment in the names and forms of the API; no fees, no means."""
    people = Transaction.objects.select_related("cluster", "payer", "payee")
    payment = people.get(pk=transaction_id)
    return payment.cluster.slug, {
        "id": str(payment.public_id),
        "kind": payment.kind,
        "method": payment.method,
        "status": payment.status,
        "amount": _money(payment.amount),
        "refunded": _money(payment.refunded),
        "payer": payment.payer.handle,
        "creator": payment.payee.handle if payment.payee else "",
        "failure_reason": payment.failure_reason,
        "subject": payment.subject,
        "occasion": payment.occasion,
    }


def refund_told_of(refund_id: int) -> tuple[str, dict[str, object]]:
    """Return the brand, and a refund with its payment as above; not who asked for it, or why."""
    refund = Refund.objects.get(pk=refund_id)
    cluster, payment = told_of(refund.transaction_id)
    return cluster, {
        "id": str(refund.public_id),
        "status": refund.state,
        "amount": _money(refund.amount),
        "destination": refund.destination,
        "payment": payment,
    }


def dispute_told_of(dispute_id: int, *, stage: str) -> tuple[str, dict[str, object]]:
    """Return the brand, and a dispute in the ``stage`` it is told of, with its payment."""
    dispute = Dispute.objects.get(pk=dispute_id)
    cluster, payment = told_of(dispute.transaction_id)
    return cluster, {
        "id": str(dispute.public_id),
        "stage": stage,
        "amount": _money(dispute.amount),
        "reason": dispute.reason,
        "due_at": dispute.due_at.isoformat() if dispute.due_at else None,
        "payment": payment,
    }


def _money(money: Money) -> dict[str, str]:
    return {"amount": str(money.decimal), "currency": money.currency}
