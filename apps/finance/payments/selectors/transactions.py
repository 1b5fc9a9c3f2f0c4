"""Payments as their people may see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.payments import errors
from apps.finance.payments.choices import PAID, AttemptKind, Status
from apps.finance.payments.models import Transaction


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the result page must show; the descriptor is what the card statement will say."""

    reference: UUID
    status: str
    amount: Money
    descriptor: str
    creator: str
    when: datetime
    failure_reason: str


def transactions_of(profile: Profile) -> QuerySet[Transaction]:
    """Return what a profile paid, and what it received by payments that were captured."""
    return (
        Transaction.objects.filter(
            Q(payer=profile) | Q(payee=profile, status__in=PAID),
            cluster_id=profile.cluster_id,
        )
        .select_related("payer", "payee", "merchant_account")
        .order_by("-created_at", "-id")
    )


def transaction_for(profile: Profile, public_id: UUID | str) -> Transaction:
    """
    Return one payment of a profile.

    :raises TransactionNotFound: there is none by this id, or it is somebody else's
    """
    try:
        return transactions_of(profile).get(public_id=public_id)
    except (Transaction.DoesNotExist, ValidationError, ValueError) as error:
        raise errors.TransactionNotFound() from error


def is_by_stored_means(transaction: Transaction) -> bool:
    """Test if a payment's last try charges a stored means, so that there is no page to go to."""
    last = transaction.attempts.order_by("-number").first()
    return last is not None and last.kind == AttemptKind.STORED


def public_id_of(transaction_id: int) -> UUID:
    """
    Return the name the outside world knows a payment by.

    :raises TransactionNotFound: there is none by this id
    """
    found = Transaction.objects.filter(pk=transaction_id).values_list("public_id", flat=True)
    if not found:
        raise errors.TransactionNotFound()
    return found[0]


def receipt_of(transaction: Transaction) -> Receipt:
    """Return what the payer is told of a payment, with the text on the card statement."""
    account = transaction.merchant_account
    return Receipt(
        reference=transaction.public_id,
        status=transaction.status,
        amount=transaction.amount,
        descriptor=account.descriptor if account else "",
        creator=transaction.payee.display_name if transaction.payee else "",
        when=transaction.captured_at or transaction.created_at,
        failure_reason=transaction.failure_reason,
    )


def unknown_outcomes() -> QuerySet[Transaction]:
    """Return the staff queue: payments whose outcome the gateway would not tell."""
    return (
        Transaction.objects.filter(status=Status.UNKNOWN)
        .select_related("cluster", "payer", "payee", "merchant_account")
        .order_by("id")
    )
