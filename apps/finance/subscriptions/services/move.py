"""The one place where a subscription changes its state, and its history with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from apps.accounts.models import Profile, User
from apps.core.db import joins_transaction
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import EndReason, State, What
from apps.finance.subscriptions.models import Subscription, SubscriptionEvent
from apps.finance.subscriptions.rules.transitions import check_move


@joins_transaction
def move(
    *,
    subscription: Subscription,
    target: State,
    what: What,
    now: datetime,
    reason: str = "",
    by: User | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """
    Change the state of a locked (or new) subscription, save it whole and write its history.

    Ending goes through ``services.end``, which also takes back access and tells.

    :raises WrongState: ``target`` may not follow
    """
    if subscription.state != target:
        check_move(current=subscription.state, target=target)
    before, subscription.state = subscription.state, target
    subscription.save()
    _write(subscription, before, what, now=now, reason=reason, by=by, facts=facts)


@joins_transaction
def note(
    *,
    subscription: Subscription,
    what: What,
    now: datetime,
    reason: str = "",
    by: User | None = None,
    facts: dict[str, Any] | None = None,
) -> SubscriptionEvent:
    """Save it, write a line of history that changes no state, and return it."""
    subscription.save()
    return _write(
        subscription, subscription.state, what, now=now, reason=reason, by=by, facts=facts
    )


@joins_transaction
def locked(subscription_id: int) -> Subscription:
    """Return the subscription, its row locked until the transaction ends.

    Locks in order: subscription, then payment, then ledger accounts.
    """
    return (
        Subscription.objects.select_for_update(of=("self",))
        .select_related("plan", "price", "creator", "fan__user", "cluster", "means")
        .get(pk=subscription_id)
    )


@joins_transaction
def own(fan: Profile, public_id: UUID) -> Subscription:
    """
    Return a fan's subscription by its public name, its row locked.

    :raises SubscriptionNotFound: it is another person's, or none
    """
    found = Subscription.objects.filter(public_id=public_id, fan=fan).values_list("pk", flat=True)
    if not found:
        raise errors.SubscriptionNotFound()
    return locked(found[0])


@joins_transaction
def one_at_a_time(fan_id: int, creator_id: int) -> None:
    """Whoever subscribes the same fan to the same creator waits here for the other's end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"subscriptions:{fan_id}:{creator_id}"],
        )


@joins_transaction
def mark_ended(*, subscription: Subscription, why: EndReason, now: datetime) -> None:
    """Set the columns of an end; the caller moves and saves."""
    if subscription.state == State.ENDED:
        raise errors.WrongState(state=subscription.state, wanted=State.ENDED.value)
    subscription.ended_at, subscription.end_reason = now, why
    subscription.due_at = subscription.remind_at = subscription.claimed_until = None
    subscription.resumes_at = None


def _write(
    subscription: Subscription,
    before: str,
    what: What,
    *,
    now: datetime,
    reason: str,
    by: User | None,
    facts: dict[str, Any] | None,
) -> SubscriptionEvent:
    return SubscriptionEvent.objects.create(
        subscription=subscription,
        what=what,
        from_state=before,
        to_state=subscription.state,
        at=now,
        by=by,
        reason=reason[:200],
        facts=facts or {},
        plan_id=subscription.plan_id,
        price_id=subscription.price_id,
        period_number=subscription.period_number,
    )
