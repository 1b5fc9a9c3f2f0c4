"""What follows from a subscription's state: when it is looked at next, and access."""

from __future__ import annotations

from datetime import datetime

from apps.accounts.models import User
from apps.core.db import joins_transaction
from apps.finance.entitlements import services as entitlements
from apps.finance.entitlements.choices import Scope
from apps.finance.subscriptions.choices import RenewsBy, State
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.rules import standing
from apps.finance.subscriptions.rules.reminders import next_reminder
from apps.finance.subscriptions.selectors.live import (
    coming_charge,
    grace_days_of,
    will_renew,
)


@joins_transaction
def settle(
    subscription: Subscription, *, now: datetime, why: str = "", by: User | None = None
) -> None:
    """
    Work out due, reminder and access of one in its trial or active, and grant the access.

    The caller holds its lock, has set ``state``, and saves it afterwards.
    """
    subscription.due_at = due_of(subscription)
    renews = will_renew(subscription)
    subscription.access_until = standing.access_until(
        current_until=subscription.current_until,
        renews=renews,
        grace_days=grace_days_of(subscription.cluster_id, at=now) if renews else 0,
    )
    subscription.remind_at = _remind_at(subscription) if renews else None
    give_access(subscription, now=now, why=why, by=by)


def due_of(subscription: Subscription) -> datetime | None:
    """Return when one in its trial or active must be looked at next."""
    # One that leaves a gateway is charged by us when that has agreed to stop, or has had its time.
    by_gateway = subscription.stop_due_at is not None
    return standing.due_at(
        renews_by=RenewsBy.GATEWAY if by_gateway else subscription.renews_by,
        current_until=subscription.current_until,
        cancel_at_end=subscription.cancel_at_end,
        claimed_until=subscription.claimed_until,
    )


@joins_transaction
def give_access(
    subscription: Subscription, *, now: datetime, why: str = "", by: User | None = None
) -> None:
    """Have the entitlement say what ``access_until`` and ``tier`` say."""
    entitlements.grant(
        entitlements.Grant(
            profile_id=subscription.fan_id,
            creator_id=subscription.creator_id,
            cluster_id=subscription.cluster_id,
            scope=Scope.CREATOR,
            source=subscription.source,
            tier=subscription.tier,
            from_at=now,
            until_at=subscription.access_until,
            why=why,
        ),
        now=now,
        by=by,
    )


def _remind_at(subscription: Subscription) -> datetime | None:
    coming, began = coming_charge(subscription), subscription.started_at
    if coming is None or began is None or subscription.current_from is None:
        return None
    return next_reminder(
        months=subscription.months,
        started_at=began,
        until=subscription.current_until,
        is_trial=subscription.state == State.TRIALING,
        period_began_at=subscription.current_from,
        introductory=subscription.promotion_left is not None and coming[0] == subscription.amount,
        told_at=subscription.reminded_at,
        is_told=_is_told(subscription),
        zone=subscription.timezone,
    )


def _is_told(subscription: Subscription) -> bool:
    """Test if its fan was reminded of the end of the period that runs. One whose reminder came
    late was charged late, and the reminder, later than the period's day, was of the one before."""
    told = subscription.reminded_at
    if told is None:
        return False
    periods = subscription.periods.filter(number=subscription.period_number)
    paid_at = periods.values_list("paid_at", flat=True).first()
    return paid_at is None or told >= paid_at
