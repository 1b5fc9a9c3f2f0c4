"""What became of a charge outside the wallet: told by its caller, and by payments' events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.payments.choices import PAID, Status
from apps.finance.payments.rules.declines import retry_class
from apps.finance.payments.selectors.paid import payment_by_id
from apps.finance.subscriptions.choices import DeclineClass, PeriodState
from apps.finance.subscriptions.models import DunningTry, Period, Subscription
from apps.finance.subscriptions.rules import subjects
from apps.finance.subscriptions.rules.cycle import Term
from apps.finance.subscriptions.rules.dunning import CONFIRM
from apps.finance.subscriptions.services.charges import Charge, charges_of
from apps.finance.subscriptions.services.claims import Due, lock
from apps.finance.subscriptions.services.dunning import Failure, record_failures
from apps.finance.subscriptions.services.end import end
from apps.finance.subscriptions.services.first_payment import give_back
from apps.finance.subscriptions.services.money_back import went_back
from apps.finance.subscriptions.services.move import locked
from apps.finance.subscriptions.services.renewed import Renewed, write_renewed

if TYPE_CHECKING:
    from apps.finance.payments.models import Transaction

#: The gateway has not said what became of it: asked again after so long.
ASK_AGAIN = timedelta(hours=1)
_OVER = frozenset({Status.FAILED, Status.CANCELLED, Status.EXPIRED})


@dataclass(frozen=True, slots=True)
class Told:
    """What became of it, said again when told again. ``total``: what was paid, if it renewed."""

    renewed: bool = False
    declined: int = 0
    ended: int = 0
    waits: bool = False
    total: Money = field(default_factory=lambda: Money(0, "USD"))


@joins_transaction
def record_news(transaction_id: int) -> None:
    """Write down what payments tell of a renewal's payment, as of when it became so."""
    if Period.objects.filter(transaction_id=transaction_id).exists():
        return
    transaction = payment_by_id(transaction_id)
    record_outcome(
        transaction_id=transaction_id, now=transaction.captured_at or transaction.last_word_at
    )


@joins_transaction
def record_outcome(*, transaction_id: int, now: datetime) -> Told:
    """
    Write down what a renewal's payment has come to; told again, nothing changes.

    Paid, the period begins. Paid for what was cancelled, ended or paid already, it is given back.
    Where it went back already, or a bank took it, the subscription ends.
    Failed, it goes to dunning. Without the gateway's word it is looked at again in an hour.
    """
    subject = subjects.read(payment_by_id(transaction_id).subject)
    if subject is None:
        return Told()
    pk = subject.subscription_id
    due = lock(pk)
    transaction = payment_by_id(transaction_id)
    period = Period.objects.filter(subscription_id=pk, number=subject.number).first()
    if period is None:
        return Told()
    if transaction.status in PAID:
        return _paid(transaction, period, due, now)
    if due is None or period.state == PeriodState.PAID or due.cancelled:
        return Told()
    if transaction.status in _OVER or transaction.status == Status.REQUIRES_ACTION:
        return _failed(transaction, period, due, now)
    Subscription.objects.filter(pk=pk).update(due_at=now + ASK_AGAIN)
    return Told(waits=True)


def _paid(transaction: Transaction, period: Period, due: Due | None, now: datetime) -> Told:
    if period.transaction_id == transaction.pk:
        return Told(renewed=True, total=transaction.amount)
    if due is None or not _is_wanted(transaction, period, due):
        subscription = locked(period.subscription_id)
        give_back(subscription, transaction, why="Renewed after it was over", now=now)
        if due is not None and due.cancelled:
            # It ends when what is paid does: that may be the very period, paid another way.
            subscription.due_at, subscription.claimed_until = max(now, due.until), None
            subscription.save(update_fields=["due_at", "claimed_until"])
        return Told()
    if (gone := went_back(transaction)) is not None:
        end(locked(due.pk), why=gone, now=now, reason="Its payment went back before it began")
        return Told(ended=1)
    write_renewed(
        [Renewed(_charge(due, period, now), transaction.pk, transaction.amount)], now=now
    )
    return Told(renewed=True, total=transaction.amount)


def _is_wanted(transaction: Transaction, period: Period, due: Due) -> bool:
    """What was taken after a cancellation, or for a period that was paid or passed, is not."""
    if period.state not in {PeriodState.OPEN, PeriodState.UNPAID} or period.number <= due.number:
        return False
    if not due.cancelled:
        return True
    cancelled_at = Subscription.objects.values_list("cancelled_at", flat=True).get(pk=due.pk)
    return (
        cancelled_at is not None
        and transaction.captured_at is not None
        and transaction.captured_at < cancelled_at
    )


def _failed(transaction: Transaction, period: Period, due: Due, now: datetime) -> Told:
    known = DunningTry.objects.filter(subscription_id=due.pk, transaction_id=transaction.pk)
    if known.exists():
        return Told(declined=1)
    needs_payer = transaction.status == Status.REQUIRES_ACTION
    decline = DeclineClass.PAYER if needs_payer else class_of(transaction)
    failure = Failure(
        _charge(due, period, now),
        decline,
        transaction.failure_code or (CONFIRM if needs_payer else "cancelled"),
        transaction.failure_reason,
        transaction.pk,
    )
    recorded = record_failures([failure], now=now)
    return Told(declined=recorded.declined, ended=recorded.ended)


def class_of(transaction: Transaction) -> DeclineClass:
    """Return what may follow a payment that failed."""
    if not transaction.failure_code:
        return DeclineClass.LATER
    return DeclineClass[retry_class(transaction.gateway, transaction.failure_code).name]


def _charge(due: Due, period: Period, now: datetime) -> Charge:
    """Return the charge as it was claimed: the period says for what days and how much."""
    [charge] = charges_of([due], now=now)
    term = Term(period.number, period.from_at, period.until_at)
    return replace(charge, term=term, amount=period.amount)
