"""The one place where a payment changes its state, and the ledger with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apps.accounts.models import User
from apps.core import events
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.ledger import services as ledger
from apps.finance.payments import errors
from apps.finance.payments.adapters.base import Means
from apps.finance.payments.choices import PAID, AttemptStatus, Status
from apps.finance.payments.events import PaymentCancelled, PaymentCaptured, PaymentFailed
from apps.finance.payments.models import Transaction, TransactionEvent
from apps.finance.payments.rules.cards import card_of
from apps.finance.payments.rules.transitions import check_capture, check_move
from apps.finance.payments.rules.waiting import AUTHORISED_FOR
from apps.finance.payments.services.attempts import end_attempts
from apps.finance.payments.services.entries import draft_of
from apps.finance.payments.services.methods import keep_where_wanted
from apps.finance.payments.services.taxes import record_taxes

#: Only these wait for a gateway's word.
_MAY_BE_ASKED = frozenset(
    {Status.REQUIRES_ACTION, Status.PROCESSING, Status.AUTHORISED, Status.UNKNOWN}
)


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
    if target not in _MAY_BE_ASKED:
        transaction.next_look_up_at = None
    transaction.save()
    _write(transaction, before, now=now, reason=reason, by=by, facts=facts)


@joins_transaction
def note(
    *,
    transaction: Transaction,
    now: datetime,
    reason: str,
    by: User | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """Write a line of history that changes no state."""
    _write(transaction, transaction.status, now=now, reason=reason, by=by, facts=facts)


@joins_transaction
def authorise(
    *,
    transaction: Transaction,
    now: datetime,
    reason: str,
    reference: str = "",
    facts: dict[str, Any] | None = None,
) -> None:
    """
    The bank holds the money for us, nobody has it: move to AUTHORISED. ``transaction`` is locked.

    Said again it is a line of history.

    :raises WrongState: it may not be authorised any more
    """
    if transaction.status == Status.AUTHORISED:
        note(transaction=transaction, now=now, reason=reason, facts=facts)
        return
    transaction.gateway_reference = reference or transaction.gateway_reference
    _keep_second_name(transaction, facts)
    transaction.next_look_up_at, transaction.look_ups = now + AUTHORISED_FOR, 0
    move(transaction=transaction, target=Status.AUTHORISED, now=now, reason=reason, facts=facts)


@joins_transaction
def capture(
    *,
    transaction: Transaction,
    now: datetime,
    reason: str,
    reference: str = "",
    by: User | None = None,
    facts: dict[str, Any] | None = None,
    means: Means | None = None,
) -> None:
    """
    The money is taken: move to CAPTURED, post it, tell higher apps. ``transaction`` is locked.

    ``reference``, and ``gateway_transaction`` among the facts, are the gateway's names for the
    sale, by which it is changed later. ``means`` is kept where the payer wanted that.

    :raises WrongState: it is captured already
    :raises InsufficientFunds: a wallet does not cover it
    """
    check_capture(current=transaction.status)
    transaction.captured_at = now
    transaction.gateway_reference = reference or transaction.gateway_reference
    _keep_second_name(transaction, facts)
    transaction.failure_code = transaction.failure_reason = ""
    transaction.card_network, transaction.card_country = card_of(facts or {})
    transaction.next_look_up_at = None
    move(
        transaction=transaction,
        target=Status.CAPTURED,
        now=now,
        reason=reason,
        by=by,
        facts=facts,
    )
    end_attempts(
        transaction=transaction,
        status=AttemptStatus.PAID,
        now=now,
        reference=transaction.gateway_reference,
    )
    keep_where_wanted(transaction=transaction, means=means, now=now)
    ledger.post(draft_of(transaction), now=now)
    record_taxes(transaction, now=now, billing=(facts or {}).get("country", ""))
    events.publish(captured_event(transaction))


def _keep_second_name(transaction: Transaction, facts: dict[str, Any] | None) -> None:
    told = (facts or {}).get("gateway_transaction", "")
    transaction.gateway_transaction = told or transaction.gateway_transaction


def captured_event(transaction: Transaction) -> PaymentCaptured:
    """Return what higher apps are told of a captured payment."""
    return PaymentCaptured(
        transaction_id=transaction.pk,
        cluster=transaction.cluster.slug,
        kind=transaction.kind,
        payer_id=transaction.payer_id,
        payee_id=transaction.payee_id,
        amount_minor=transaction.amount_minor,
        currency=transaction.currency,
        subject=transaction.subject,
        occasion=transaction.occasion,
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
    end_attempts(transaction=transaction, status=AttemptStatus.DECLINED, now=now)
    events.publish(
        PaymentFailed(
            transaction_id=transaction.pk,
            cluster=transaction.cluster.slug,
            reason=transaction.failure_reason,
            code=transaction.failure_code,
            kind=transaction.kind,
            subject=transaction.subject,
            occasion=transaction.occasion,
        )
    )


@joins_transaction
def cancel(
    *,
    transaction: Transaction,
    now: datetime,
    reason: str,
    by: User | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """
    Given up before anything was taken: move to CANCELLED, tell higher apps. It is locked.

    :raises WrongState: it may not be cancelled any more
    """
    transaction.next_look_up_at = None
    move(
        transaction=transaction, target=Status.CANCELLED, now=now, reason=reason, by=by,
        facts=facts,
    )  # fmt: skip
    end_attempts(transaction=transaction, status=AttemptStatus.ENDED, now=now)
    events.publish(
        PaymentCancelled(
            transaction_id=transaction.pk,
            cluster=transaction.cluster.slug,
            reason=reason[:200],
            kind=transaction.kind,
            subject=transaction.subject,
            occasion=transaction.occasion,
        )
    )


@joins_transaction
def mark_refunded(
    *,
    transaction: Transaction,
    amount: Money,
    now: datetime,
    reason: str,
    by: User | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """
    ``amount`` more went back to the payer. The caller posts it; ``transaction`` is locked.

    :raises WrongState: it was never paid
    :raises AmountOutOfRange: more than what was paid and is not refunded yet
    """
    _count_refund(transaction, amount.minor)
    _settle_state(transaction, now=now, reason=reason, by=by, facts=facts)


@joins_transaction
def mark_refund_undone(
    *,
    transaction: Transaction,
    amount: Money,
    now: datetime,
    reason: str,
    by: User | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """
    ``amount`` that was refunded came back to us. The caller posts it; ``transaction`` is locked.

    :raises WrongState: it was never paid
    :raises AmountOutOfRange: more than what was refunded
    """
    _count_refund(transaction, -amount.minor)
    _settle_state(transaction, now=now, reason=reason, by=by, facts=facts)


@joins_transaction
def mark_disputed(
    *,
    transaction: Transaction,
    now: datetime,
    reason: str,
    by: User | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """
    The payer's bank took the money back: move to DISPUTED; said again, a line of history.

    :raises WrongState: it was never paid
    """
    _check_paid(transaction, "disputed")
    if transaction.status == Status.DISPUTED:
        note(transaction=transaction, now=now, reason=reason, by=by, facts=facts)
        return
    move(
        transaction=transaction, target=Status.DISPUTED, now=now, reason=reason, by=by, facts=facts
    )


@joins_transaction
def mark_dispute_closed(
    *,
    transaction: Transaction,
    now: datetime,
    reason: str,
    by: User | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """
    No dispute is left that was not lost: go back to what its refunds say. It is locked.

    :raises WrongState: it was never paid
    """
    _check_paid(transaction, "undisputed")
    target = _by_refunds(transaction)
    if transaction.status == target:
        note(transaction=transaction, now=now, reason=reason, by=by, facts=facts)
        return
    move(transaction=transaction, target=target, now=now, reason=reason, by=by, facts=facts)


def _check_paid(transaction: Transaction, wanted: str) -> None:
    if transaction.status not in PAID:
        raise errors.WrongState(status=transaction.status, wanted=wanted)


def _count_refund(transaction: Transaction, minor: int) -> None:
    _check_paid(transaction, "refunded")
    refunded = transaction.refunded_minor + minor
    if not 0 <= refunded <= transaction.amount_minor:
        raise errors.AmountOutOfRange(
            amount=str(transaction.amount), refunded=str(transaction.refunded)
        )
    transaction.refunded_minor = refunded


def _settle_state(
    transaction: Transaction,
    *,
    now: datetime,
    reason: str,
    by: User | None,
    facts: dict[str, Any] | None,
) -> None:
    """A dispute that is open, or was lost, outweighs what refunds say."""
    target = _by_refunds(transaction)
    if transaction.status not in {Status.DISPUTED, target}:
        move(transaction=transaction, target=target, now=now, reason=reason, by=by, facts=facts)
        return
    transaction.last_word_at = now
    transaction.save()
    note(transaction=transaction, now=now, reason=reason, by=by, facts=facts)


def _by_refunds(transaction: Transaction) -> Status:
    if not transaction.refunded_minor:
        return Status.CAPTURED
    whole = transaction.refunded_minor == transaction.amount_minor
    return Status.REFUNDED if whole else Status.PARTLY_REFUNDED


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
