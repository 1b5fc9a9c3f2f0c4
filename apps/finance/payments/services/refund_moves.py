"""The one place where a refund changes its state."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apps.accounts.models import User
from apps.core.db import joins_transaction
from apps.finance.payments import errors
from apps.finance.payments.models import Refund, RefundEvent, Transaction
from apps.finance.payments.rules.refunds import RefundState, check_state

_ENDED = frozenset({RefundState.DONE, RefundState.FAILED, RefundState.REJECTED})


@joins_transaction
def move_refund(
    refund: Refund,
    target: RefundState,
    *,
    now: datetime,
    reason: str,
    by: User | None = None,
    due: datetime | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """
    Change the state of a locked refund, save it whole and write its history.

    :raises WrongRefundState: ``target`` may not follow
    """
    check_state(current=refund.state, target=target)
    before, refund.state = refund.state, target
    refund.claimed_until = None
    refund.next_attempt_at = due
    refund.ended_at = now if target in _ENDED else None
    if target in _ENDED:
        refund.needs_attention = False
    refund.save()
    write_refund(refund, before, now=now, reason=reason, by=by, facts=facts)


@joins_transaction
def write_refund(
    refund: Refund,
    before: str,
    *,
    now: datetime,
    reason: str,
    by: User | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """Write a line of a refund's history."""
    RefundEvent.objects.create(
        refund=refund,
        from_state=before,
        to_state=refund.state,
        at=now,
        by=by,
        reason=reason[:500],
        facts=facts or {},
    )


@joins_transaction
def call_a_person(refund: Refund, *, now: datetime, reason: str) -> None:
    """Stop the machine at a refund and say why."""
    refund.needs_attention = True
    refund.next_attempt_at = None
    refund.save()
    write_refund(refund, refund.state, now=now, reason=reason)


@joins_transaction
def locked_payment(transaction_id: int) -> Transaction:
    """
    Return a payment with its row locked: refunds and disputes of it go on in turn.

    :raises TransactionNotFound: there is none by this id
    """
    transaction = (
        Transaction.objects.select_for_update(of=("self",))
        .select_related("cluster", "merchant_account", "payer", "payee")
        .filter(pk=transaction_id)
        .first()
    )
    if transaction is None:
        raise errors.TransactionNotFound()
    return transaction


@joins_transaction
def locked_refund(refund_id: int) -> tuple[Refund, Transaction]:
    """
    Return a refund and its payment, both locked, the payment first.

    :raises RefundNotFound: there is none by this id
    """
    transaction_id = (
        Refund.objects.filter(pk=refund_id).values_list("transaction_id", flat=True).first()
    )
    if transaction_id is None:
        raise errors.RefundNotFound(refund=refund_id)
    transaction = locked_payment(transaction_id)
    refund = Refund.objects.select_for_update().get(pk=refund_id)
    return refund, transaction
