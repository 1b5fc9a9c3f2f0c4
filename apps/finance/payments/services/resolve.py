"""Payments that wait too long: abandoned ones end, others are asked about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from django.db import IntegrityError
from django.db.models import Q
from django.db.transaction import atomic

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.db import outside_transaction
from apps.core.errors import DomainError, Unavailable
from apps.finance.payments import errors
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import LookedUp, NotOffered, Sale, Sold
from apps.finance.payments.choices import PAID, AttemptKind, Status
from apps.finance.payments.models import Transaction
from apps.finance.payments.rules.waiting import (
    ABANDONED_AFTER,
    LEASE,
    MOST_LOOK_UPS,
    MOST_LOOK_UPS_PENDING,
    look_up_again_after,
)
from apps.finance.payments.selectors.merchants import account_of, missing_keys
from apps.finance.payments.services.abandon import end_abandoned, give_up
from apps.finance.payments.services.move import cancel, capture, fail, move, note
from apps.finance.payments.services.verdict import Verdict, judge

log = structlog.get_logger(__name__)

#: States in which somebody waits for a gateway's word.
_ASKED = (Status.PROCESSING, Status.UNKNOWN, Status.AUTHORISED, Status.REQUIRES_ACTION)


@outside_transaction
def resolve_stale(*, now: datetime, limit: int = 100) -> int:
    """
    Bring payments that wait too long to a clear state; return how many were moved.

    Safe to run twice at once and to stop anywhere. Asking the gateway is claimed, called
    and recorded in three steps, the middle one outside any transaction; it changes nothing
    there, so one whose worker died is simply asked again when its lease ends. A look-up captures
    only where the gateway names the order and its price (``Capabilities.look_up_proves``). One
    whose answer cannot be booked goes to staff, and stops nobody else.
    """
    moved = end_abandoned(now=now, limit=limit)
    for transaction in _claim(now, limit):
        answer = _ask(transaction)
        try:
            moved += _record(transaction.pk, answer, now)
        except (DomainError, IntegrityError) as error:  # an account is frozen, a sale is booked
            moved += _give_to_staff(transaction.pk, answer, error, now)
    return moved


@outside_transaction
def look_up_now(*, transaction_id: int, by: User, now: datetime) -> Transaction:
    """
    Ask the gateway about one payment at once, whatever the schedule says.

    :raises SettleNotAllowed: ``by`` lacks payments.settle_unknown
    :raises TransactionNotFound: there is none by this id
    :raises WrongState: nobody waits for a gateway's word about it
    """
    if not by.has_perm("payments.settle_unknown"):
        raise errors.SettleNotAllowed()
    _record(transaction_id, _ask(_claim_one(transaction_id, by, now)), now)
    return Transaction.objects.get(pk=transaction_id)


@atomic
def _claim_one(transaction_id: int, by: User, now: datetime) -> Transaction:
    transaction = (
        Transaction.objects.select_for_update(of=("self",))
        .select_related("merchant_account", "cluster")
        .filter(pk=transaction_id)
        .first()
    )
    if transaction is None:
        raise errors.TransactionNotFound()
    if transaction.status not in _ASKED or transaction.merchant_account is None:
        raise errors.WrongState(status=transaction.status, wanted="looked up")
    transaction.claimed_until = now + LEASE
    transaction.save(update_fields=["claimed_until"])
    audit.record(
        by=by, action="payments.looked_up", subject=transaction, cluster=transaction.cluster
    )
    return transaction


@atomic
def _claim(now: datetime, limit: int) -> list[Transaction]:
    """Take what is due; the try counts from here, so that dying workers use tries up too."""
    due = (
        Transaction.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("merchant_account")
        .filter(
            Q(claimed_until__isnull=True) | Q(claimed_until__lt=now),
            status__in=_ASKED,
            next_look_up_at__lte=now,
        )
        .order_by("next_look_up_at", "id")[:limit]
    )
    claimed = list(due)
    for transaction in claimed:
        transaction.claimed_until = now + LEASE
        transaction.look_ups += 1
        transaction.save(update_fields=["claimed_until", "look_ups"])
    return claimed


def _ask(transaction: Transaction) -> LookedUp | None:
    """Return what the gateway says, or None when it gives no usable answer."""
    account = transaction.merchant_account
    if account is None:
        return None
    if missing := missing_keys(account.gateway, account.credentials):
        log.error("look_up_not_configured", transaction=transaction.pk, missing=missing)
        return None
    # Reports are asked for by day: that of the last try, however late we ask.
    tried = transaction.attempts.order_by("-number").values_list("started_at", flat=True).first()
    try:
        return gateway_for(transaction.gateway).look_up(
            Sold(
                account=account_of(account),
                reference=transaction.gateway_reference,
                token=str(transaction.public_id),
                amount=transaction.amount,
                gateway_transaction=transaction.gateway_transaction,
                sold_at=tried or transaction.created_at,
            )
        )
    except (NotOffered, Unavailable) as error:
        log.warning("look_up_failed", transaction=transaction.pk, error=repr(error))
        return None


@atomic
def _record(transaction_id: int, answer: LookedUp | None, now: datetime) -> bool:
    transaction = (
        Transaction.objects.select_for_update(of=("self",))
        .select_related("cluster", "payer")
        .get(pk=transaction_id)
    )
    if transaction.status not in _ASKED or transaction.claimed_until is None:
        # A webhook came meanwhile, whose word is the better one, or another worker was faster.
        return False
    last = transaction.attempts.order_by("-number").first()
    verdict = judge(
        answer,
        token=str(transaction.public_id),
        amount=transaction.amount,
        proves=gateway_for(transaction.gateway).capabilities.look_up_proves,
        we_charged=bool(last and last.kind != AttemptKind.HOSTED),
        look_ups=transaction.look_ups,
    )
    return _act(transaction, verdict, answer, now)


@atomic
def _give_to_staff(
    transaction_id: int, answer: LookedUp | None, error: Exception, now: datetime
) -> bool:
    transaction = (
        Transaction.objects.select_for_update(of=("self",))
        .select_related("cluster")
        .get(pk=transaction_id)
    )
    if transaction.status not in _ASKED or transaction.claimed_until is None:
        return False
    why = error.code if isinstance(error, DomainError) else type(error).__name__
    return _needs_staff(
        transaction,
        now,
        reason="The gateway's answer cannot be booked: staff must look",
        facts={**_what_was_seen(transaction, answer), "why": why},
    )


def _act(
    transaction: Transaction, verdict: Verdict, answer: LookedUp | None, now: datetime
) -> bool:
    facts = _what_was_seen(transaction, answer)
    if verdict is Verdict.PAID and answer is not None:
        return _paid(transaction, answer, facts, now)
    if verdict is Verdict.COMPARE:
        return _needs_staff(
            transaction,
            now,
            reason="The gateway knows the sale, not its order or price: staff must compare",
            facts=facts,
        )
    if verdict is Verdict.MISFIT:
        return _needs_staff(
            transaction,
            now,
            reason="The gateway names another order or price: staff must look",
            facts=facts,
        )
    if verdict is Verdict.UNDONE and transaction.status == Status.AUTHORISED:
        cancel(transaction=transaction, now=now, reason="The bank let it go", facts=facts)
        return True
    if verdict in {Verdict.UNDONE, Verdict.DECLINED, Verdict.NEVER_MADE}:
        transaction.next_look_up_at = None
        fail(
            transaction=transaction,
            now=now,
            code=verdict.name.lower(),
            reason=str(verdict.value),
            facts=facts,
        )
        return True
    return _try_later(transaction, answer, facts, now)


def _paid(
    transaction: Transaction, answer: LookedUp, facts: dict[str, Any], now: datetime
) -> bool:
    reference = answer.reference or transaction.gateway_reference
    others = Transaction.objects.filter(gateway=transaction.gateway, gateway_reference=reference)
    if reference and others.filter(status__in=PAID).exclude(pk=transaction.pk).exists():
        return _needs_staff(
            transaction, now, reason="Another payment was captured for this sale", facts=facts
        )
    capture(
        transaction=transaction,
        now=now,
        reason="Asked, the gateway named this order and price as paid",
        reference=reference,
        facts=facts,
        means=answer.means,
    )
    return True


def _needs_staff(
    transaction: Transaction, now: datetime, *, reason: str, facts: dict[str, Any]
) -> bool:
    """
    Give it to staff (``settle_unknown``) and say so loudly. A sale that exists is no proof: where
    neither the return nor the look-up names order and price, a cheap sale could pay a dear order.
    """
    log.error(
        "payment_needs_staff",
        transaction=transaction.pk,
        gateway=transaction.gateway,
        cluster=transaction.cluster.slug,
        reason=reason,
    )
    if transaction.status == Status.REQUIRES_ACTION:
        move(
            transaction=transaction,
            target=Status.PROCESSING,
            now=now,
            reason="The gateway knows of a sale",
        )
    transaction.next_look_up_at = None
    if transaction.status == Status.UNKNOWN:
        transaction.claimed_until = None
        transaction.save(update_fields=["next_look_up_at", "claimed_until"])
        note(transaction=transaction, now=now, reason=reason, facts=facts)
        return False
    move(transaction=transaction, target=Status.UNKNOWN, now=now, reason=reason, facts=facts)
    return True


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


def _try_later(
    transaction: Transaction, answer: LookedUp | None, facts: dict[str, Any], now: datetime
) -> bool:
    is_pending = answer is not None and answer.sale is Sale.PENDING
    if transaction.status == Status.REQUIRES_ACTION:
        return _waits_for_payer(transaction, answer, facts, now, is_pending=is_pending)
    most = MOST_LOOK_UPS_PENDING if is_pending else MOST_LOOK_UPS
    if transaction.look_ups >= most:
        return _needs_staff(
            transaction,
            now,
            reason="The gateway does not say what became of it: staff must look",
            facts=facts,
        )
    transaction.claimed_until = None
    transaction.next_look_up_at = now + look_up_again_after(transaction.look_ups)
    transaction.save(update_fields=["claimed_until", "next_look_up_at"])
    note(transaction=transaction, now=now, reason="Asked the gateway", facts=facts)
    return False


def _waits_for_payer(
    transaction: Transaction,
    answer: LookedUp | None,
    facts: dict[str, Any],
    now: datetime,
    *,
    is_pending: bool,
) -> bool:
    """Nothing is paid yet: the page stays open, until the hour of silence is over. Then it ends;
    where no answer came, only after as many look-ups as any other."""
    transaction.claimed_until = None
    transaction.next_look_up_at = None
    if is_pending:
        transaction.next_look_up_at = now + look_up_again_after(transaction.look_ups)
        move(
            transaction=transaction,
            target=Status.PROCESSING,
            now=now,
            reason="The gateway says the money is on its way",
            facts=facts,
        )
        return True
    is_silent = transaction.last_word_at <= now - ABANDONED_AFTER
    if is_silent and answer is None and transaction.look_ups < MOST_LOOK_UPS:
        transaction.next_look_up_at = now + look_up_again_after(transaction.look_ups)
    transaction.save(update_fields=["claimed_until", "next_look_up_at"])
    reason = "Asked the gateway: not paid" if answer else "Asked the gateway: no answer"
    note(transaction=transaction, now=now, reason=reason, facts=facts)
    if is_silent and transaction.next_look_up_at is None:
        return give_up(transaction, now=now)
    return False
