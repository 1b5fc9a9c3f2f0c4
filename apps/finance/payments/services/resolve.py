"""Payments that wait too long: abandoned ones end, approved ones are asked about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from django.db.models import Q
from django.db.transaction import atomic

from apps.core.errors import Unavailable
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import LookedUp, Sale, Sold
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Transaction
from apps.finance.payments.rules.waiting import (
    ABANDONED_AFTER,
    LEASE,
    MOST_LOOK_UPS,
    look_up_again_after,
)
from apps.finance.payments.selectors.merchants import account_of
from apps.finance.payments.services.move import fail, move, note

log = structlog.get_logger(__name__)


def resolve_stale(*, now: datetime, limit: int = 100) -> int:
    """
    Bring payments that wait too long to a clear state; return how many were moved.

    Safe to run twice at once and to stop anywhere. Asking the gateway is claimed, called
    and recorded in three steps, the middle one outside any transaction; it changes nothing
    there, so one whose worker died is simply asked again when its lease ends. A look-up never
    captures: see ``_needs_staff``.
    """
    moved = _end_abandoned(now, limit)
    for transaction in _claim(now, limit):
        moved += _record(transaction.pk, _ask(transaction), now)
    return moved


@atomic
def _end_abandoned(now: datetime, limit: int) -> int:
    silent = (
        Transaction.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("cluster")
        .filter(status=Status.REQUIRES_ACTION, last_word_at__lte=now - ABANDONED_AFTER)
        .order_by("id")[:limit]
    )
    ended = 0
    for transaction in silent:
        if transaction.failure_code or transaction.failure_reason:
            fail(
                transaction=transaction,
                now=now,
                code=transaction.failure_code,
                reason=transaction.failure_reason,
            )
        else:
            move(
                transaction=transaction,
                target=Status.EXPIRED,
                now=now,
                reason="The payer left the payment page",
            )
        ended += 1
    return ended


@atomic
def _claim(now: datetime, limit: int) -> list[Transaction]:
    """Take what is due; the try counts from here, so that dying workers use tries up too."""
    due = (
        Transaction.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("merchant_account")
        .filter(
            Q(claimed_until__isnull=True) | Q(claimed_until__lt=now),
            status=Status.PROCESSING,
            next_look_up_at__lte=now,
        )
        .order_by("id")[:limit]
    )
    claimed = list(due)
    for transaction in claimed:
        transaction.claimed_until = now + LEASE
        transaction.look_ups += 1
        transaction.save(update_fields=["claimed_until", "look_ups"])
    return claimed


def _ask(transaction: Transaction) -> LookedUp | None:
    """Return what the gateway says, or None when it gives no usable answer."""
    if transaction.merchant_account is None or transaction.look_ups > MOST_LOOK_UPS:
        return None
    try:
        return gateway_for(transaction.gateway).look_up(
            Sold(
                account=account_of(transaction.merchant_account),
                reference=transaction.gateway_reference,
                token=str(transaction.public_id),
                amount=transaction.amount,
            )
        )
    except Unavailable as error:
        log.warning("look_up_failed", transaction=transaction.pk, error=repr(error))
        return None


@atomic
def _record(transaction_id: int, answer: LookedUp | None, now: datetime) -> bool:
    transaction = (
        Transaction.objects.select_for_update(of=("self",))
        .select_related("cluster")
        .get(pk=transaction_id)
    )
    if transaction.status != Status.PROCESSING:
        return False  # the webhook came meanwhile and its word is the better one
    if answer is not None and answer.sale is Sale.UNDONE:
        fail(
            transaction=transaction,
            now=now,
            code="undone",
            reason="The gateway has undone the sale",
            facts=answer.facts,
        )
        return True
    if answer is not None and answer.sale is Sale.PAID:
        _needs_staff(
            transaction,
            now,
            reason="The gateway knows the sale, not its order or price: staff must compare",
            facts=_what_was_seen(transaction, answer),
        )
        return True
    return _try_later(transaction, answer, now)


def _needs_staff(
    transaction: Transaction, now: datetime, *, reason: str, facts: dict[str, Any]
) -> None:
    """
    Give it to staff (``settle_unknown``). A sale that exists is no proof: neither the return's
    digest nor the look-up names its order or price, so a cheap sale could pay a dear order.
    """
    transaction.next_look_up_at = None
    move(transaction=transaction, target=Status.UNKNOWN, now=now, reason=reason, facts=facts)


def _what_was_seen(transaction: Transaction, answer: LookedUp | None) -> dict[str, Any]:
    """What the person who decides must know."""
    claims = Transaction.objects.filter(
        gateway=transaction.gateway, gateway_reference=transaction.gateway_reference
    ).exclude(pk=transaction.pk)
    return {
        "reference": transaction.gateway_reference,
        "answer": answer.sale.value if answer else "none",
        "sold_at": answer.since.isoformat() if answer and answer.since else "",
        "ordered_at": transaction.created_at.isoformat(),
        "also_claimed_by": sorted(claims.values_list("pk", flat=True)[:10]),
        **(answer.facts if answer else {}),
    }


def _try_later(transaction: Transaction, answer: LookedUp | None, now: datetime) -> bool:
    facts = _what_was_seen(transaction, answer)
    if transaction.look_ups >= MOST_LOOK_UPS:
        _needs_staff(
            transaction,
            now,
            reason="The gateway does not say what became of it: staff must look",
            facts=facts,
        )
        return True
    transaction.claimed_until = None
    transaction.next_look_up_at = now + look_up_again_after(transaction.look_ups)
    transaction.save(update_fields=["claimed_until", "next_look_up_at"])
    note(transaction=transaction, now=now, reason="Asked the gateway", facts=facts)
    return False
