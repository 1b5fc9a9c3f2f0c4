"""Payments as apps above ask for them, by number: they know their own things only."""

from __future__ import annotations

from collections.abc import Sequence

from apps.finance.payments import errors
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.choices import AttemptStatus, Status
from apps.finance.payments.models import PaymentMethod, Refund, Transaction
from apps.finance.payments.selectors.given_back import room_of

#: The gateway was sent it and has not said the last word.
_UNDER_WAY = sorted({Status.PROCESSING, Status.AUTHORISED, Status.UNKNOWN})


def payment_by_id(transaction_id: int) -> Transaction:
    """
    Return a payment with its account.

    :raises TransactionNotFound: there is none by this id
    """
    found = (
        Transaction.objects.select_related("cluster", "merchant_account")
        .filter(pk=transaction_id)
        .first()
    )
    if found is None:
        raise errors.TransactionNotFound()
    return found


def means_kept_by(transaction: Transaction) -> PaymentMethod | None:
    """Return the means a payment was made with, if it was stored before or kept by it, and we can
    charge it again; another one that its payer used meanwhile is not meant."""
    paid = (
        transaction.attempts.select_related("payment_method", "kept")
        .filter(status=AttemptStatus.PAID)
        .order_by("-number")
        .first()
    )
    means = (paid.payment_method or paid.kept) if paid is not None else None
    return means if means is not None and is_chargeable(means) else None


def is_chargeable(means: PaymentMethod) -> bool:
    """Test if we can charge a means while its owner is away."""
    return means.removed_at is None and gateway_for(means.gateway).capabilities.token_charge


def refund_reason_of(refund_id: int) -> str:
    """Return the code of why a refund was asked for; empty where there is none by this id."""
    codes = Refund.objects.filter(pk=refund_id).values_list("reason_code", flat=True)
    return next(iter(codes), "")


def is_kept(paid: Transaction) -> bool:
    """Test if all of what was paid is still there, and nobody asked for any of it back."""
    return paid.status == Status.CAPTURED and room_of(paid) == paid.amount


def is_under_way(subjects: Sequence[str]) -> bool:
    """Test if for one of these subjects a charge was sent whose outcome is not known yet."""
    return Transaction.objects.filter(subject__in=subjects, status__in=_UNDER_WAY).exists()
