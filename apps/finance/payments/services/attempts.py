"""The tries of a payment: opened before anything is sent, ended with what came of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Max

from apps.core.db import joins_transaction
from apps.finance.payments.choices import ATTEMPT_ENDED, AttemptKind, AttemptStatus
from apps.finance.payments.models import Attempt, MerchantAccount, PaymentMethod, Transaction
from apps.finance.payments.rules.redact import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What is known of a payment's end, in the words of an attempt.
_STILL_OPEN = [status for status in AttemptStatus if status not in ATTEMPT_ENDED]


@joins_transaction
def open_attempt(
    *,
    transaction: Transaction,
    account: MerchantAccount,
    kind: AttemptKind,
    now: datetime,
    means: PaymentMethod | None = None,
    keep: bool = False,
) -> Attempt:
    """
    Write down the next try of a locked (or new) payment, and make ``account`` the payment's.

    Its key is the payment's public id and the number of the try: the same try, the same key.
    """
    last = transaction.attempts.aggregate(last=Max("number"))["last"] or 0
    if (transaction.merchant_account_id, transaction.gateway) != (account.pk, account.gateway):
        transaction.merchant_account, transaction.gateway = account, account.gateway
        transaction.save(update_fields=["merchant_account", "gateway"])
    return Attempt.objects.create(
        transaction=transaction,
        number=last + 1,
        merchant_account=account,
        gateway=account.gateway,
        kind=kind,
        payment_method=means,
        key=f"{transaction.public_id}:{last + 1}",
        keep=keep,
        started_at=now,
    )


@joins_transaction
def end_attempt(
    *,
    attempt: Attempt,
    status: AttemptStatus,
    now: datetime,
    reference: str = "",
    code: str = "",
    reason: str = "",
    sent: Mapping[str, str] | None = None,
    received: Mapping[str, str] | None = None,
) -> None:
    """Write what came of a locked try; ``ended_at`` stays empty while more may come."""
    attempt.status = status
    attempt.claimed_until = None
    attempt.reference = reference or attempt.reference
    attempt.code, attempt.reason = code[:40], reason[:200]
    attempt.sent = clean(sent) if sent is not None else attempt.sent
    attempt.received = clean(received) if received is not None else attempt.received
    attempt.ended_at = now if status in ATTEMPT_ENDED else None
    attempt.save()


@joins_transaction
def end_attempts(
    *,
    transaction: Transaction,
    status: AttemptStatus,
    now: datetime,
    reference: str = "",
) -> None:
    """
    Give the open tries of a locked payment its end: PAID the one that paid, the others ENDED.

    The one that paid is the one whose sale ``reference`` names, else the last.
    """
    tries = list(transaction.attempts.select_for_update().order_by("-number"))
    if not tries:
        return
    if status == AttemptStatus.PAID:
        named = [each for each in tries if reference and each.reference == reference]
        paid = (named or tries)[0]
        paid.reference = reference or paid.reference
        paid.status, paid.ended_at, paid.claimed_until = status, now, None
        paid.save(update_fields=["reference", "status", "ended_at", "claimed_until"])
        status, tries = AttemptStatus.ENDED, [each for each in tries if each != paid]
    left = [each.pk for each in tries if each.status in _STILL_OPEN]
    if left:
        Attempt.objects.filter(pk__in=left).update(
            status=status,
            claimed_until=None,
            ended_at=now if status in ATTEMPT_ENDED else None,
        )
