"""Charges without their payer: a renewal by a stored means of payment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import connection
from django.db.models import Q
from django.db.transaction import atomic

from apps.accounts.models import Profile
from apps.core.db import joins_transaction, outside_transaction
from apps.core.errors import DomainError
from apps.finance.payments import errors
from apps.finance.payments.choices import PAID, AttemptKind, AttemptStatus, Status, method_of
from apps.finance.payments.models import Attempt, PaymentMethod, Transaction
from apps.finance.payments.rules.declines import (
    MOST_TRIES_OF_NETWORKS,
    WINDOW_OF_NETWORKS,
    Retry,
    retry_class,
)
from apps.finance.payments.services.charge import Clock, charge
from apps.finance.payments.services.move import cancel
from apps.finance.payments.services.purchase import Purchase, wish_of
from apps.finance.payments.services.start import begin
from apps.finance.payments.services.way import PayBy

#: Of these something may still come, or has: the same thing is not charged beside them.
_LIVE = sorted(
    PAID
    | {
        Status.CREATED,
        Status.REQUIRES_ACTION,
        Status.PROCESSING,
        Status.AUTHORISED,
        Status.UNKNOWN,
    }
)


@outside_transaction
def charge_stored(
    purchase: Purchase,
    *,
    means: int,
    now: datetime,
    attempt_key: str,
    clock: Clock | None = None,
) -> Transaction:
    """
    Charge a stored means for a purchase while its payer is away; return the payment in its state.

    CAPTURED is paid. FAILED has a ``failure_code`` (``retry_class`` says what may follow).
    REQUIRES_ACTION waits for the payer, CREATED for a person of ours (``review_since``);
    PROCESSING and UNKNOWN for the gateway's word. ``attempt_key`` names this try: called again
    with it, nothing is charged twice. One thing (``purchase.subject``) is charged once: while an
    earlier payment for it is paid or may still be, that one is returned, and a try that a crash
    left before it was sent is sent now. One that waits for its payer's word is one of these:
    ``give_up_waiting`` ends it where another means was chosen. ``clock``: see ``charge``.

    :raises MeansNotFound: it is not the fan's, or the fan removed it
    :raises NeverAgain: the card networks forbid another try with this card
    :raises NotForSale, NotACreator and more: see ``start_sale``; nothing is kept of these
    """
    kept = PaymentMethod.objects.select_related("merchant_account").filter(
        pk=means, profile=purchase.fan, removed_at__isnull=True
    ).first()  # fmt: skip
    if kept is None:
        raise errors.MeansNotFound()
    transaction = _begun(purchase, kept, attempt_key, now)
    if isinstance(transaction, DomainError):
        raise transaction
    if _waits_to_be_sent(transaction):
        return charge(transaction=transaction, now=now, payer_present=False, clock=clock)
    return transaction


@atomic
def _begun(
    purchase: Purchase, means: PaymentMethod, attempt_key: str, now: datetime
) -> Transaction | DomainError:
    """Return the payment to charge, or the one that makes another needless; or why there is none,
    to be raised when what was thought of it is committed."""
    named = replace(purchase, idempotency_key=f"{purchase.idempotency_key}:{attempt_key}")
    wish = wish_of(
        named,
        method_of(means.gateway),
        pay_by=PayBy(kind=AttemptKind.STORED, means=means, country=means.country),
    )
    _one_at_a_time(purchase)
    of_subject = Q(payer=purchase.fan, subject=purchase.subject)
    earlier = (
        Transaction.objects.select_related("payer", "payee", "merchant_account")
        .filter(of_subject, Q(status__in=_LIVE) | Q(idempotency_key=named.idempotency_key))
        .order_by("id")
        .last()
    )
    if earlier is not None:
        return earlier
    _check_networks(means, purchase, now)
    return begin(wish, now=now)


@joins_transaction
def give_up_waiting(*, payer: Profile, subject: str, now: datetime, reason: str) -> bool:
    """
    Give up the payment for a subject that waits for its payer's word; False where none does.

    Should the gateway say later that it was paid, that word wins.
    """
    waiting = (
        Transaction.objects.select_for_update(of=("self",))
        .select_related("cluster")
        .filter(payer=payer, subject=subject, status=Status.REQUIRES_ACTION)
        .first()
    )
    if waiting is None:
        return False
    cancel(transaction=waiting, now=now, reason=reason)
    return True


@joins_transaction
def _one_at_a_time(purchase: Purchase) -> None:
    """Two that charge for the same thing at once wait for each other, until they commit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"payments.sale:{purchase.fan.pk}:{purchase.subject}"],
        )


def _check_networks(means: PaymentMethod, purchase: Purchase, now: datetime) -> None:
    """:raises NeverAgain: the last decline was for good, or there were too many of late"""
    tries = list(
        Attempt.objects.filter(
            transaction__payer=purchase.fan,
            transaction__subject=purchase.subject,
            payment_method=means,
            status=AttemptStatus.DECLINED,
            started_at__gt=now - WINDOW_OF_NETWORKS,
        )
        .order_by("-id")
        .values_list("gateway", "code")[: MOST_TRIES_OF_NETWORKS + 1]
    )
    if len(tries) > MOST_TRIES_OF_NETWORKS:
        raise errors.NeverAgain(tries=len(tries))
    if any(retry_class(gateway, code) is Retry.NEVER for gateway, code in tries):
        raise errors.NeverAgain(code=tries[0][1])


def _waits_to_be_sent(transaction: Transaction) -> bool:
    """Test if a try by a stored means is written down that nobody sent yet."""
    if transaction.status != Status.CREATED or transaction.review_since is not None:
        return False
    last = transaction.attempts.order_by("-number").first()
    return last is not None and last.kind == AttemptKind.STORED and last.handed_over_at is None
