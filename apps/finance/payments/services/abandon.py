"""Payments whose payer went away: asked about where the gateway can tell, then ended."""

from __future__ import annotations

from datetime import datetime

from django.db.transaction import atomic

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.finance.payments import errors
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.choices import AttemptStatus, Status
from apps.finance.payments.models import Transaction
from apps.finance.payments.rules.waiting import ABANDONED_AFTER
from apps.finance.payments.services.attempts import end_attempts
from apps.finance.payments.services.move import cancel, fail, move

#: Nothing was sent to a gateway, or only the way to its page.
_UNPAID = frozenset({Status.CREATED, Status.REQUIRES_ACTION})


@atomic
def end_abandoned(*, now: datetime, limit: int) -> int:
    """End payments that nobody said a word about for an hour; return how many were."""
    silent = (
        Transaction.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("cluster", "merchant_account")
        .filter(
            status__in=sorted(_UNPAID),
            last_word_at__lte=now - ABANDONED_AFTER,
            next_look_up_at__isnull=True,
            review_since__isnull=True,
        )
        .order_by("last_word_at", "id")[:limit]
    )
    return sum(_end(transaction, now) for transaction in silent)


def _end(transaction: Transaction, now: datetime) -> bool:
    if _may_be_paid(transaction):
        # Its payer may have paid and closed the browser, and the webhook may be lost. What was
        # asked before, on a hint, was asked too early: the look-up that follows ends it.
        transaction.next_look_up_at, transaction.look_ups = now, 0
        transaction.save(update_fields=["next_look_up_at", "look_ups"])
        return False
    return give_up(transaction, now=now)


@joins_transaction
def give_up(transaction: Transaction, *, now: datetime) -> bool:
    """End a locked payment that nobody has paid: FAILED with its last decline, else EXPIRED."""
    if transaction.failure_code or transaction.failure_reason:
        fail(
            transaction=transaction,
            now=now,
            code=transaction.failure_code,
            reason=transaction.failure_reason,
        )
        return True
    move(
        transaction=transaction,
        target=Status.EXPIRED,
        now=now,
        reason="The payer left the payment page"
        if transaction.status == Status.REQUIRES_ACTION
        else "It was never sent to a gateway",
    )
    end_attempts(transaction=transaction, status=AttemptStatus.ENDED, now=now)
    return True


def _may_be_paid(transaction: Transaction) -> bool:
    """Test if the gateway can be asked by order."""
    return (
        transaction.status == Status.REQUIRES_ACTION
        and gateway_for(transaction.gateway).capabilities.look_up_proves
        and transaction.attempts.filter(status=AttemptStatus.WAITING).exists()
    )


@atomic
def cancel_payment(*, transaction_id: int, by: User, reason: str, now: datetime) -> Transaction:
    """
    Give up a payment that its payer has not paid yet. Should the gateway say later that it was
    paid, that word wins.

    :raises SettleNotAllowed: ``by`` lacks payments.settle_unknown
    :raises ReasonMissing: no reason is given
    :raises TransactionNotFound: there is none by this id
    :raises WrongState: it is on its way, or done
    """
    if not by.has_perm("payments.settle_unknown"):
        raise errors.SettleNotAllowed()
    if not reason.strip():
        raise errors.ReasonMissing()
    transaction = (
        Transaction.objects.select_for_update(of=("self",))
        .select_related("cluster")
        .filter(pk=transaction_id)
        .first()
    )
    if transaction is None:
        raise errors.TransactionNotFound()
    if transaction.status not in _UNPAID:
        raise errors.WrongState(status=transaction.status, wanted="cancelled")
    cancel(transaction=transaction, now=now, reason=reason.strip(), by=by)
    audit.record(
        by=by,
        action="payments.cancelled",
        subject=transaction,
        reason=reason.strip(),
        facts={"amount": str(transaction.amount)},
        cluster=transaction.cluster,
    )
    return transaction
