"""Pausing: nothing is charged for a while, and nothing that was paid is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.transaction import atomic

from apps.accounts.models import Profile, User
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import RenewsBy, State, What
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.rules.calendar import add_months
from apps.finance.subscriptions.rules.reminders import of_pause
from apps.finance.subscriptions.selectors import dues
from apps.finance.subscriptions.services import tell
from apps.finance.subscriptions.services.move import locked, move, own
from apps.finance.subscriptions.services.price_notices import tell_again
from apps.finance.subscriptions.services.standing import give_access, settle

#: Longer than this, whoever pauses has left.
MOST_MONTHS = 3


@atomic
def pause(
    *,
    subscription_id: UUID,
    fan: Profile,
    until: datetime,
    now: datetime,
    at_once: bool = False,
) -> Subscription:
    """
    Charge nothing until a day; then it goes on by itself. What is paid is used up first.

    ``at_once``: access rests from now on, and the rest of what is paid is given back as time when
    it goes on; once in every paid period, or a month would last as many evenings as it has hours.
    Pausing again until the same day changes nothing.

    :raises SubscriptionNotFound: it is another person's, or none
    :raises CannotPause: it is not active and renewed by us, it is cancelled, ``until`` lies
        before the next charge, or it was paused at once in this period before
    :raises PauseTooLong: ``until`` is more than three months after what is paid (or now)
    """
    subscription = own(fan, subscription_id)
    if subscription.state == State.PAUSED and subscription.resumes_at == until:
        return subscription
    paid_until = subscription.current_until
    if (
        subscription.state != State.ACTIVE
        or subscription.cancel_at_end
        or subscription.renews_by not in {RenewsBy.WALLET, RenewsBy.MEANS}
        or paid_until is None
        or paid_until <= now
        or (subscription.claimed_until is not None and subscription.claimed_until > now)
    ):
        raise errors.CannotPause(state=subscription.state, renews_by=subscription.renews_by)
    begins = now if at_once else paid_until
    if at_once and _has_rested(subscription):
        raise errors.CannotPause(why="at once only once in what is paid")
    if until <= begins:
        raise errors.CannotPause(until=until.isoformat(), begins=begins.isoformat())
    if until > add_months(begins, MOST_MONTHS, subscription.timezone):
        raise errors.PauseTooLong(until=until.isoformat())
    subscription.paused_at, subscription.resumes_at = now, until
    subscription.due_at, subscription.remind_at = until, None
    if not at_once:
        subscription.remind_at = of_pause(months=subscription.months, resumes_at=until, now=now)
    subscription.access_until = begins
    tell_again(subscription, now=now)
    give_access(subscription, now=now, why="Paused", by=fan.user)
    move(
        subscription=subscription,
        target=State.PAUSED,
        what=What.PAUSED,
        now=now,
        by=fan.user,
        facts={"until": until.isoformat(), "at_once": at_once},
    )
    tell.mail(
        subscription,
        "paused",
        key=now.isoformat(),
        now=now,
        effective_on=tell.day_of(subscription, begins),
        resumes_on=tell.day_of(subscription, until),
        access_until=tell.day_of(subscription, begins),
    )
    tell.changed(subscription, What.PAUSED)
    return subscription


@atomic
def resume(
    *, subscription_id: UUID, fan: Profile, now: datetime, total_seen: Money | None = None
) -> Subscription:
    """
    Let a paused subscription go on now; one that is not paused stays as it is. Where what was
    paid is used up, the next period is charged at once: ``total_seen`` is what the fan was shown.

    :raises SubscriptionNotFound: it is another person's, or none
    :raises WrongState: it has ended
    :raises PriceMoved and more: see ``selectors.dues.check_seen``
    """
    subscription = own(fan, subscription_id)
    if subscription.state == State.ENDED:
        raise errors.WrongState(state=subscription.state)
    if subscription.state == State.PAUSED:
        dues.check_seen(subscription, total_seen, now=now)
        go_on(subscription, now=now, by=fan.user)
    return subscription


def _has_rested(subscription: Subscription) -> bool:
    return subscription.history.filter(
        what=What.PAUSED, period_number=subscription.period_number, facts__at_once=True
    ).exists()


@joins_transaction
def resume_due(*, subscription_id: int, now: datetime) -> bool:
    """Let one whose pause is over go on; False where there is nothing to do (any more)."""
    subscription = locked(subscription_id)
    if (
        subscription.state != State.PAUSED
        or subscription.resumes_at is None
        or subscription.resumes_at > now
    ):
        return False
    go_on(subscription, now=now, by=None)
    return True


@joins_transaction
def go_on(
    subscription: Subscription, *, now: datetime, by: User | None, quiet: bool = False
) -> None:
    """
    End a locked one's pause. While what is paid still runs, nothing has changed. After it the
    next period is due, and counted, from now; time that was put aside comes first.
    """
    paid_until, paused_at = subscription.current_until, subscription.paused_at
    if paid_until is None or paused_at is None:
        raise errors.WrongState(state=subscription.state)
    rested = subscription.access_until is not None and subscription.access_until < paid_until
    subscription.reminded_at = _reminded_at(subscription, rested=rested, now=now, by=by)
    facts = {}
    if rested:
        _give_time_back(subscription, paid_until - paused_at, now=now)
        facts["rested_s"] = int((now - paused_at).total_seconds())
    elif paid_until <= now:
        subscription.anchored_at = now
        subscription.anchored_number = subscription.period_number + 1
        subscription.current_until = now
    subscription.paused_at = subscription.resumes_at = None
    tell_again(subscription, now=now)
    before, subscription.state = subscription.state, State.ACTIVE
    settle(subscription, now=now, why="Goes on after a pause", by=by)
    if subscription.current_until is not None and subscription.current_until <= now:
        # Not paid yet: the machine charges it at once, and grants access by that.
        subscription.access_until = now
        give_access(subscription, now=now, why="Goes on after a pause", by=by)
    subscription.state = before
    move(
        subscription=subscription,
        target=State.ACTIVE,
        what=What.RESUMED,
        now=now,
        by=by,
        facts=facts,
    )
    if quiet:
        return
    tell.mail(subscription, "resumed", key=now.isoformat(), now=now)
    tell.changed(subscription, What.RESUMED)


def _reminded_at(
    subscription: Subscription, *, rested: bool, now: datetime, by: User | None
) -> datetime | None:
    """Return when its fan was told of the next charge as it comes now; None: was not yet. Who
    lets it go on and pays at once says so; what was announced for another day counts no more."""
    told, paused_at, until = (
        subscription.reminded_at, subscription.paused_at, subscription.current_until
    )  # fmt: skip
    meanwhile = told is not None and paused_at is not None and told >= paused_at
    if rested or until is None:
        return None
    if until > now:
        return None if meanwhile else told
    if by is not None:
        return now
    return told if meanwhile else None


def _give_time_back(subscription: Subscription, rest: timedelta, *, now: datetime) -> None:
    until = now + rest
    subscription.current_until = subscription.anchored_at = until
    subscription.anchored_number = subscription.period_number + 1
    subscription.periods.filter(number=subscription.period_number).update(until_at=until)
