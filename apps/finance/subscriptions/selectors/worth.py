"""What the period that runs is still worth, where it is left for another plan."""

from __future__ import annotations

from datetime import datetime, timedelta

from apps.core.money import Money
from apps.finance.payments.choices import Status
from apps.finance.subscriptions.choices import PeriodState, What
from apps.finance.subscriptions.models import Period, Subscription
from apps.finance.subscriptions.rules import proration
from apps.finance.subscriptions.rules.proration import Paid


def unused_of(subscription: Subscription, current: Period, *, at: datetime) -> Money:
    """Return the part of what was paid for a period that is not used yet, by its days of access.

    What went back, or is disputed, was not paid; nor is what it brought along of a period before
    whose money went back since. Time that was put aside by a pause was no access.
    """
    if current.state != PeriodState.PAID or current.until_at is None:
        return Money.zero(subscription.currency)
    worth = proration.worth_of([_paid(period) for period in _chain(subscription, current)])
    return proration.unused(
        worth=Money(worth, subscription.currency),
        begins=current.from_at + _rested(subscription),
        until=current.until_at,
        at=at,
    )


def _chain(subscription: Subscription, current: Period) -> list[Period]:
    """Return the period and those before it whose rest it carries, the oldest first."""
    chain = [current]
    if not current.credit_minor:
        return chain
    before = subscription.periods.filter(number__lt=current.number).select_related("transaction")
    for period in before.order_by("-number"):
        chain.insert(0, period)
        if not period.credit_minor:
            break
    return chain


def _paid(period: Period) -> Paid:
    kept, payment = period.amount_minor, period.transaction
    if payment is not None:
        gone = payment.status == Status.DISPUTED
        kept = 0 if gone else max(kept - payment.refunded_minor, 0)
    return Paid(asked=period.amount_minor, kept=kept, credit=period.credit_minor)


def _rested(subscription: Subscription) -> timedelta:
    lines = subscription.history.filter(
        what=What.RESUMED, period_number=subscription.period_number, facts__has_key="rested_s"
    )
    return timedelta(seconds=sum(line.facts["rested_s"] for line in lines))
