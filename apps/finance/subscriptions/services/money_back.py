"""What refunds and disputes of its payments do to a subscription."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from apps.core.db import joins_transaction
from apps.finance.payments.choices import Status
from apps.finance.payments.rules.refunds import RefundReason
from apps.finance.payments.selectors.paid import payment_by_id, refund_reason_of
from apps.finance.subscriptions.choices import EndReason, PeriodState, State, What
from apps.finance.subscriptions.models import Period, Subscription
from apps.finance.subscriptions.rules import subjects
from apps.finance.subscriptions.services import tell
from apps.finance.subscriptions.services.end import end
from apps.finance.subscriptions.services.move import locked, note

if TYPE_CHECKING:
    from apps.finance.payments.models import Transaction

#: What a payment is now ends what it paid for, whatever was told of it, in whatever order.
_ENDS: dict[str, EndReason] = {
    Status.REFUNDED: EndReason.REFUNDED,
    Status.DISPUTED: EndReason.CHARGEBACK,
}
WON = "WON"
#: Staff gave it as a kindness: what it paid for stays.
KEEPS_ACCESS = frozenset({RefundReason.GOODWILL})


def went_back(paid: Transaction) -> EndReason | None:
    """Return why nothing begins, or goes on, by a payment: all of it was given back, or a bank
    took it. None: the money is there."""
    return _ENDS.get(paid.status)


@joins_transaction
def money_went_back(
    *, transaction_id: int, refund_id: int, amount: str, is_full: bool, now: datetime
) -> None:
    """
    Note a refund. All of the newest paid period's money ends the subscription and its access at
    once, unless it was given for goodwill; that of an older one changes nothing else. Told
    again, nothing changes.
    """
    found = _found(transaction_id)
    if found is None:
        return
    subscription, period = found
    if subscription.history.filter(what=What.REFUNDED, facts__refund=refund_id).exists():
        return
    is_newest = not subscription.periods.filter(
        number__gt=period.number, state=PeriodState.PAID, transaction__isnull=False
    ).exists()
    if is_full:
        period.state = PeriodState.REFUNDED
        period.save(update_fields=["state"])
    note(
        subscription=subscription,
        what=What.REFUNDED,
        now=now,
        reason="Given back in full" if is_full else "Given back in part",
        facts={"refund": refund_id, "period": period.number, "amount": amount},
    )
    if is_full and is_newest and not _is_kept(refund_id) and subscription.state != State.ENDED:
        end(subscription, why=EndReason.REFUNDED, now=now)


@joins_transaction
def money_came_again(*, transaction_id: int, refund_id: int, now: datetime) -> None:
    """Note that a refund did not reach the fan. What ended by it stays ended: support decides."""
    found = _found(transaction_id)
    if found is None:
        return
    subscription, period = found
    if subscription.history.filter(what=What.NOTE, facts__bounced=refund_id).exists():
        return
    if period.state == PeriodState.REFUNDED:
        period.state = PeriodState.PAID
        period.save(update_fields=["state"])
    note(
        subscription=subscription,
        what=What.NOTE,
        now=now,
        reason="The refund did not reach the fan",
        facts={"bounced": refund_id, "period": period.number},
    )


@joins_transaction
def payment_disputed(*, transaction_id: int, dispute_id: int, stage: str, now: datetime) -> None:
    """
    Note a dispute; while a bank has the money of any of its periods, the subscription ends at
    once and is renewed no more. Told again, nothing changes.
    """
    found = _found(transaction_id)
    if found is None:
        return
    subscription, period = found
    told = subscription.history.filter(
        what=What.DISPUTED, facts__dispute=dispute_id, facts__stage=stage
    )
    if not told.exists():
        note(
            subscription=subscription,
            what=What.DISPUTED,
            now=now,
            reason="The bank took the money" if _is_taken(period) else "The bank asks",
            facts={"dispute": dispute_id, "stage": stage, "period": period.number},
        )
    _end_if_taken(subscription, period, now=now)


@joins_transaction
def dispute_closed(*, transaction_id: int, dispute_id: int, outcome: str, now: datetime) -> None:
    """
    Note how a dispute ended. Lost without a chargeback told before, it ends the subscription as
    one does; where it was won, whoever it ended for is offered to come back.
    """
    found = _found(transaction_id)
    if found is None:
        return
    subscription, period = found
    told = subscription.history.filter(
        what=What.DISPUTED, facts__dispute=dispute_id, facts__outcome=outcome
    )
    if told.exists():
        return
    note(
        subscription=subscription,
        what=What.DISPUTED,
        now=now,
        reason=f"The dispute ended: {outcome.lower()}",
        facts={"dispute": dispute_id, "outcome": outcome, "period": period.number},
    )
    _end_if_taken(subscription, period, now=now)
    if outcome == WON and subscription.end_reason == EndReason.CHARGEBACK:
        tell.mail(subscription, "win_back", key=f"dispute:{dispute_id}", now=now)


def _is_kept(refund_id: int) -> bool:
    return refund_reason_of(refund_id) in KEEPS_ACCESS


def _is_taken(period: Period) -> bool:
    paid = period.transaction
    return paid is not None and went_back(paid) is EndReason.CHARGEBACK


@joins_transaction
def _end_if_taken(subscription: Subscription, period: Period, *, now: datetime) -> None:
    if _is_taken(period) and subscription.state != State.ENDED:
        end(subscription, why=EndReason.CHARGEBACK, now=now)


@joins_transaction
def _found(transaction_id: int) -> tuple[Subscription, Period] | None:
    """
    Return what a payment was for, the subscription locked; None: nothing of ours, or it pays no
    period, or not yet: who hears of its capture later reads what it is then.
    """
    subject = subjects.read(payment_by_id(transaction_id).subject)
    if subject is None or not Subscription.objects.filter(pk=subject.subscription_id).exists():
        return None
    subscription = locked(subject.subscription_id)
    period = (
        subscription.periods.select_related("transaction")
        .filter(transaction_id=transaction_id, paid_at__isnull=False)
        .first()
    )
    return (subscription, period) if period is not None else None
