"""The one place where a payment changes its state, and the ledger with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apps.accounts.models import User
from apps.core import events
from apps.core.db import joins_transaction
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.payments.choices import Kind, Method, Status
from apps.finance.payments.events import PaymentCaptured, PaymentFailed
from apps.finance.payments.models import Transaction, TransactionEvent
from apps.finance.payments.rules.transitions import check_move
from apps.finance.payments.services.taxes import record_taxes, taxes_of


@joins_transaction
def move(
    *,
    transaction: Transaction,
    target: Status,
    now: datetime,
    reason: str,
    by: User | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """
    Change the state of a locked (or new) payment, save it whole and write its history.

    :raises WrongState: ``target`` may not follow
    """
    check_move(current=transaction.status, target=target)
    before, transaction.status = transaction.status, target
    transaction.last_word_at = now
    transaction.claimed_until = None
    transaction.save()
    _write(transaction, before, now=now, reason=reason, by=by, facts=facts)


@joins_transaction
def note(
    *, transaction: Transaction, now: datetime, reason: str, facts: dict[str, Any] | None = None
) -> None:
    """Write a line of history that changes no state."""
    _write(transaction, transaction.status, now=now, reason=reason, by=None, facts=facts)


@joins_transaction
def capture(
    *,
    transaction: Transaction,
    now: datetime,
    reason: str,
    reference: str = "",
    by: User | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """
    The money is taken: move to CAPTURED, post it, tell higher apps. ``transaction`` is locked.

    :raises WrongState: it is captured already
    :raises InsufficientFunds: a wallet does not cover it
    """
    transaction.captured_at = now
    transaction.gateway_reference = reference or transaction.gateway_reference
    transaction.failure_code = transaction.failure_reason = ""
    transaction.next_look_up_at = None
    move(
        transaction=transaction,
        target=Status.CAPTURED,
        now=now,
        reason=reason,
        by=by,
        facts=facts,
    )
    ledger.post(_draft(transaction), now=now)
    record_taxes(transaction, now=now, billing=(facts or {}).get("country", ""))
    events.publish(
        PaymentCaptured(
            transaction_id=transaction.pk,
            cluster=transaction.cluster.slug,
            kind=transaction.kind,
            payer_id=transaction.payer_id,
            payee_id=transaction.payee_id,
            amount_minor=transaction.amount_minor,
            currency=transaction.currency,
        )
    )


@joins_transaction
def fail(
    *,
    transaction: Transaction,
    now: datetime,
    code: str,
    reason: str,
    told: str | None = None,
    by: User | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """
    Declined: move to FAILED, keep why, tell higher apps. ``transaction`` is locked.

    The payer reads ``reason``, or ``told`` where the reason is staff's own.

    :raises WrongState: it may not fail any more
    """
    transaction.failure_code = code[:40]
    transaction.failure_reason = (reason if told is None else told)[:200]
    move(
        transaction=transaction,
        target=Status.FAILED,
        now=now,
        reason=f"Declined: {reason or code or 'no reason given'}"[:200],
        by=by,
        facts=facts,
    )
    events.publish(
        PaymentFailed(
            transaction_id=transaction.pk,
            cluster=transaction.cluster.slug,
            reason=transaction.failure_reason,
        )
    )


def _draft(transaction: Transaction) -> postings.Draft:
    cluster = transaction.cluster.slug
    if transaction.kind == Kind.WALLET_DEPOSIT:
        return postings.wallet_deposit(
            transaction_id=transaction.pk,
            fan_id=transaction.payer_id,
            gateway=transaction.gateway,
            amount=transaction.amount,
            processing_fee=transaction.processing_fee,
            cluster=cluster,
        )
    if transaction.payee_id is None:
        raise RuntimeError("a tip without a payee")
    if transaction.method == Method.CARD:
        return postings.tip_by_card(
            transaction_id=transaction.pk,
            creator_id=transaction.payee_id,
            gateway=transaction.gateway,
            amount=transaction.amount,
            platform_fee=transaction.platform_fee,
            processing_fee=transaction.processing_fee,
            cluster=cluster,
            taxes=taxes_of(transaction),
        )
    return postings.tip_from_wallet(
        transaction_id=transaction.pk,
        fan_id=transaction.payer_id,
        creator_id=transaction.payee_id,
        amount=transaction.amount,
        platform_fee=transaction.platform_fee,
        cluster=cluster,
        taxes=taxes_of(transaction),
    )


def _write(
    transaction: Transaction,
    before: str,
    *,
    now: datetime,
    reason: str,
    by: User | None,
    facts: dict[str, Any] | None,
) -> None:
    TransactionEvent.objects.create(
        transaction=transaction,
        from_status=before,
        to_status=transaction.status,
        at=now,
        by=by,
        reason=reason[:200],
        facts=facts or {},
    )
