"""What refunds and disputes of its payments do to a subscription."""

from __future__ import annotations

from datetime import datetime

from apps.core.db import joins_transaction
from apps.finance.payments.rules.refunds import RefundReason
from apps.finance.payments.selectors.paid import refund_reason_of
from apps.finance.subscriptions.choices import EndReason, PeriodState, State, What
from apps.finance.subscriptions.models import Period, Subscription
from apps.finance.subscriptions.services import tell
from apps.finance.subscriptions.services.end import end
from apps.finance.subscriptions.services.move import locked, note

#: The bank took the money; before that it asks or announces.
TAKEN = frozenset({"CHARGEBACK"})
WON = "WON"
#: Staff gave it as a kindness: what it paid for stays.
KEEPS_ACCESS = frozenset({RefundReason.GOODWILL})


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
    Note a dispute; once a bank has taken the money of any of its periods, the subscription ends
    at once and is renewed no more. Told again, nothing changes.
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
            reason="The bank took the money" if stage in TAKEN else "The bank asks",
            facts={"dispute": dispute_id, "stage": stage, "period": period.number},
        )
    if stage in TAKEN and subscription.state != State.ENDED:
        end(subscription, why=EndReason.CHARGEBACK, now=now)


@joins_transaction
def dispute_closed(*, transaction_id: int, dispute_id: int, outcome: str, now: datetime) -> None:
    """Note how a dispute ended; where it was won, whoever it ended for is offered to come back."""
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
    if outcome == WON and subscription.end_reason == EndReason.CHARGEBACK:
        tell.mail(subscription, "win_back", key=f"dispute:{dispute_id}", now=now)


def _is_kept(refund_id: int) -> bool:
    return refund_reason_of(refund_id) in KEEPS_ACCESS


@joins_transaction
def _found(transaction_id: int) -> tuple[Subscription, Period] | None:
    """Return what a payment was for, the subscription locked; None: nothing of ours, or it never
    came to pay a period."""
    ids = Period.objects.filter(transaction_id=transaction_id, paid_at__isnull=False)
    row = ids.values_list("subscription_id", flat=True).first()
    if row is None:
        return None
    subscription = locked(row)
    return subscription, subscription.periods.get(transaction_id=transaction_id)
