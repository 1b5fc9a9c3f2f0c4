"""Free follows: a subscription that costs nothing and has no end."""

from __future__ import annotations

from datetime import datetime

from django.db.transaction import atomic

from apps.accounts.models import Profile
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import (
    LIVE,
    PeriodKind,
    PeriodState,
    RenewsBy,
    State,
    What,
)
from apps.finance.subscriptions.models import Period, Plan, Subscription
from apps.finance.subscriptions.selectors import quotes
from apps.finance.subscriptions.services import tell
from apps.finance.subscriptions.services.move import note, one_at_a_time
from apps.finance.subscriptions.services.standing import settle
from apps.finance.subscriptions.services.subscribe import by_key


@atomic
def follow(*, fan: Profile, plan: Plan, now: datetime, idempotency_key: str) -> Subscription:
    """
    Follow a creator for free, until it is cancelled; the same key returns the first.

    :raises KeyReused: the key followed another plan
    :raises ChangeNotOffered: the plan costs something
    :raises AlreadySubscribed: something counts with this creator already
    :raises PlanNotFound, OwnPlan, PlanArchived, AgeNotVerified, Underage: see ``selectors.offer``
    """
    one_at_a_time(fan.pk, plan.creator_id)
    if (first := by_key(fan, idempotency_key)) is not None:
        if first.plan_id != plan.pk:
            raise errors.KeyReused(subscription=str(first.public_id))
        return first
    if not plan.is_free:
        raise errors.ChangeNotOffered(plan=str(plan.public_id))
    quotes.check_buyable(fan, plan, None)
    live = Subscription.objects.filter(
        fan=fan, creator_id=plan.creator_id, state__in=sorted(LIVE)
    ).first()
    if live is not None:
        raise errors.AlreadySubscribed(subscription=str(live.public_id))
    subscription = Subscription.objects.create(
        fan=fan,
        creator=plan.creator,
        cluster=plan.cluster,
        plan=plan,
        tier=plan.tier,
        state=State.ACTIVE,
        renews_by=RenewsBy.NOBODY,
        period_number=1,
        anchored_at=now,
        anchored_number=1,
        current_from=now,
        idempotency_key=idempotency_key,
        created_at=now,
        started_at=now,
    )
    Period.objects.create(
        subscription=subscription,
        number=1,
        from_at=now,
        kind=PeriodKind.FREE,
        state=PeriodState.PAID,
        amount_minor=0,
        at=now,
        paid_at=now,
    )
    settle(subscription, now=now, why="Follows")
    note(subscription=subscription, what=What.ACTIVATED, now=now, by=fan.user, reason="Follows")
    tell.began(subscription)
    return subscription
