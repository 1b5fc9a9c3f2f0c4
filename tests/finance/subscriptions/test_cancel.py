"""Cancelling is one call, holds at once for billing, and is confirmed; pausing and ending."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission

from apps.core.models import OutboxMessage
from apps.finance.entitlements import selectors as entitlements
from apps.finance.subscriptions import errors, services
from apps.finance.subscriptions.choices import EndReason, RenewsBy, State
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.services.tick import bill_due
from apps.notifications.models import Message
from tests.factories.accounts import ProfileFactory, StaffFactory
from tests.finance.payments.refunding import a_policy
from tests.given_subscriptions import (
    a_price,
    a_subscription,
    earned_by,
    fresh,
    wallet_of,
)

pytestmark = pytest.mark.django_db

END = datetime(2026, 2, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def _cancel(subscription: Subscription, *, now: datetime, **more: Any) -> Subscription:
    return services.cancel(
        subscription_id=subscription.public_id, fan=subscription.fan, now=now, **more
    )


def _may_see(subscription: Subscription, *, at: datetime) -> bool:
    return entitlements.is_live(subscription.source, now=at)


def _mails(subscription: Subscription, kind: str) -> int:
    return Message.objects.filter(
        subject_ref=subscription.source, kind=f"subscription.{kind}"
    ).count()


def test_one_call_cancels_and_what_is_paid_stays_open_to_the_day(now: datetime) -> None:
    subscription = a_subscription(now=now)
    _cancel(subscription, now=now + DAY, reason="Too dear")

    after = fresh(subscription)
    assert (after.state, after.cancel_at_end, after.cancelled_at) == (
        State.ACTIVE,
        True,
        now + DAY,
    )
    assert after.cancel_reason == "Too dear"
    assert after.due_at == after.access_until == END
    assert after.remind_at is None
    assert _may_see(after, at=END - timedelta(seconds=1))
    assert not _may_see(after, at=END)
    assert _mails(after, "cancelled") == 1
    mail = Message.objects.get(subject_ref=after.source, kind="subscription.cancelled")
    assert mail.context["access_until"] == "2026-02-15"
    assert OutboxMessage.objects.filter(name="subscriptions.changed").count() == 1


def test_cancelling_again_changes_nothing(now: datetime) -> None:
    subscription = a_subscription(now=now)
    _cancel(subscription, now=now + DAY)
    _cancel(subscription, now=now + 2 * DAY)
    after = fresh(subscription)
    assert after.cancelled_at == now + DAY
    assert after.history.filter(what="CANCELLED").count() == 1
    assert _mails(after, "cancelled") == 1


def test_nobody_cancels_for_another(now: datetime) -> None:
    subscription = a_subscription(now=now)
    for stranger, name in [
        (ProfileFactory.create(), subscription.public_id),
        (subscription.fan, uuid4()),
    ]:
        with pytest.raises(errors.SubscriptionNotFound):
            services.cancel(subscription_id=name, fan=stranger, now=now)
    assert not fresh(subscription).cancel_at_end


def test_a_cancelled_one_is_taken_back_before_its_end(now: datetime) -> None:
    subscription = a_subscription(now=now)
    _cancel(subscription, now=now)
    services.uncancel(subscription_id=subscription.public_id, fan=subscription.fan, now=END - DAY)
    after = fresh(subscription)
    assert (after.cancel_at_end, after.cancelled_at) == (False, None)
    assert (after.due_at, after.access_until) == (END, END + 3 * DAY)
    _cancel(subscription, now=END - DAY)
    with pytest.raises(errors.WrongState):
        services.uncancel(subscription_id=subscription.public_id, fan=subscription.fan, now=END)


def test_what_is_due_and_not_yet_charged_ends_at_once(now: datetime) -> None:
    subscription = a_subscription(now=now)
    _cancel(subscription, now=END)
    after = fresh(subscription)
    assert (after.state, after.end_reason) == (State.ENDED, EndReason.CANCELLED)
    assert not _may_see(after, at=END)
    assert wallet_of(after.fan) == "90.00"


def test_a_charge_that_is_under_way_is_left_to_the_one_who_made_it(now: datetime) -> None:
    subscription = a_subscription(now=now)
    Subscription.objects.filter(pk=subscription.pk).update(
        renews_by=RenewsBy.MEANS, claimed_until=END + timedelta(minutes=5)
    )
    _cancel(subscription, now=END + timedelta(seconds=1))
    after = fresh(subscription)
    assert (after.state, after.cancel_at_end) == (State.ACTIVE, True)
    assert after.cancelled_at == END + timedelta(seconds=1)


def test_a_trial_that_is_cancelled_runs_to_its_end_for_nothing(now: datetime) -> None:
    subscription = a_subscription(now=now, price=a_price(trial_days=7))
    _cancel(subscription, now=now + DAY)
    after = fresh(subscription)
    assert (after.state, after.access_until) == (State.TRIALING, now + 7 * DAY)
    assert wallet_of(after.fan) == "100.00"


def test_a_follow_ends_at_once_and_for_life_there_is_nothing_to_stop(now: datetime) -> None:
    plan = a_price(is_free=True).plan
    follow = services.follow(fan=ProfileFactory.create(), plan=plan, now=now, idempotency_key="f")
    assert _may_see(follow, at=now)
    _cancel(follow, now=now)
    assert fresh(follow).state == State.ENDED
    assert not _may_see(follow, at=now)
    for_life = a_subscription(now=now, price=a_price("50.00", months=0))
    with pytest.raises(errors.WrongState):
        _cancel(for_life, now=now)


def test_following_asks_for_a_free_plan_and_counts_once(now: datetime) -> None:
    fan, plan = ProfileFactory.create(), a_price(is_free=True).plan
    first = services.follow(fan=fan, plan=plan, now=now, idempotency_key="f")
    assert services.follow(fan=fan, plan=plan, now=now, idempotency_key="f").pk == first.pk
    with pytest.raises(errors.AlreadySubscribed):
        services.follow(fan=fan, plan=plan, now=now, idempotency_key="g")
    with pytest.raises(errors.ChangeNotOffered):
        services.follow(fan=fan, plan=a_price().plan, now=now, idempotency_key="h")


# --- Pausing ------------------------------------------------------------------------------------
def _pause(subscription: Subscription, until: datetime, *, now: datetime, **more: Any) -> None:
    services.pause(
        subscription_id=subscription.public_id,
        fan=subscription.fan,
        until=until,
        now=now,
        **more,
    )


def _resume(subscription: Subscription, *, now: datetime) -> Subscription:
    services.resume(subscription_id=subscription.public_id, fan=subscription.fan, now=now)
    return fresh(subscription)


def test_a_pause_uses_up_what_is_paid_first(now: datetime) -> None:
    subscription = a_subscription(now=now)
    _pause(subscription, END + 30 * DAY, now=now + DAY)
    after = fresh(subscription)
    assert (after.state, after.due_at) == (State.PAUSED, END + 30 * DAY)
    assert after.access_until == END
    assert _may_see(after, at=END - DAY)
    assert not _may_see(after, at=END)
    assert _mails(after, "paused") == 1


def test_going_on_before_the_paid_time_is_over_changes_nothing(now: datetime) -> None:
    subscription = a_subscription(now=now)
    _pause(subscription, END + 30 * DAY, now=now + DAY)
    after = _resume(subscription, now=now + 2 * DAY)
    assert (after.state, after.current_until, after.due_at) == (State.ACTIVE, END, END)
    assert (after.anchored_at, after.access_until) == (now, END + 3 * DAY)


def test_going_on_after_it_counts_from_then(now: datetime) -> None:
    subscription = a_subscription(now=now)
    _pause(subscription, END + 30 * DAY, now=now + DAY)
    later = END + 20 * DAY
    after = _resume(subscription, now=later)
    assert (after.state, after.due_at, after.anchored_at) == (State.ACTIVE, later, later)
    assert after.anchored_number == 2
    assert not _may_see(after, at=later)


def test_a_pause_that_is_over_is_charged_from_that_day_by_the_tick(now: datetime) -> None:
    subscription = a_subscription(now=now)
    over = END + 30 * DAY
    _pause(subscription, over, now=now + DAY)
    bill_due(now=over - timedelta(seconds=1))
    assert fresh(subscription).state == State.PAUSED
    bill_due(now=over)
    after = fresh(subscription)
    assert (after.state, after.current_from, after.period_number) == (State.ACTIVE, over, 2)
    assert after.current_until == datetime(2026, 4, 17, 12, tzinfo=UTC)
    assert wallet_of(after.fan) == "80.00"


def test_a_rest_at_once_gives_the_unused_days_back(now: datetime) -> None:
    subscription = a_subscription(now=now)
    _pause(subscription, now + 60 * DAY, now=now + 10 * DAY, at_once=True)
    assert not _may_see(subscription, at=now + 10 * DAY)
    after = _resume(subscription, now=now + 50 * DAY)
    left = END - (now + 10 * DAY)
    assert after.current_until == now + 50 * DAY + left == after.due_at
    assert after.periods.get().until_at == after.current_until
    assert _may_see(after, at=now + 50 * DAY)


def test_a_rest_at_once_is_had_once_in_what_is_paid(now: datetime) -> None:
    subscription = a_subscription(now=now)
    _pause(subscription, now + 60 * DAY, now=now + DAY, at_once=True)
    resumed = _resume(subscription, now=now + 2 * DAY)
    with pytest.raises(errors.CannotPause):
        _pause(subscription, now + 60 * DAY, now=now + 3 * DAY, at_once=True)
    assert fresh(subscription).due_at == resumed.current_until
    assert resumed.current_until is not None
    bill_due(now=resumed.current_until)
    assert fresh(subscription).period_number == 2
    later = resumed.current_until + DAY
    _pause(subscription, later + 50 * DAY, now=later, at_once=True)
    assert fresh(subscription).state == State.PAUSED


def test_cancelling_a_pause_gives_what_is_paid_and_no_more(now: datetime) -> None:
    subscription = a_subscription(now=now)
    _pause(subscription, now + 60 * DAY, now=now + 10 * DAY, at_once=True)
    _cancel(subscription, now=now + 20 * DAY)
    after = fresh(subscription)
    assert (after.state, after.cancel_at_end) == (State.ACTIVE, True)
    assert after.access_until == now + 20 * DAY + (END - now - 10 * DAY)


def test_what_cannot_be_paused_is_not(now: datetime) -> None:
    trial = a_subscription(now=now, price=a_price(trial_days=7))
    with pytest.raises(errors.CannotPause):
        _pause(trial, END + DAY, now=now)
    subscription = a_subscription(now=now)
    with pytest.raises(errors.CannotPause):
        _pause(subscription, END, now=now)
    with pytest.raises(errors.PauseTooLong):
        _pause(subscription, datetime(2026, 5, 15, 12, 0, 1, tzinfo=UTC), now=now)
    _cancel(subscription, now=now)
    with pytest.raises(errors.CannotPause):
        _pause(subscription, END + DAY, now=now)
    assert fresh(subscription).state == State.ACTIVE


# --- Ending by others ---------------------------------------------------------------------------
def _end(subscription: Subscription, by: Any, *, now: datetime, **more: Any) -> Subscription:
    return services.end_subscription(
        subscription_id=subscription.public_id,
        by=by,
        **{"why": EndReason.STAFF, "reason": "Asked by mail", "refund": False, "now": now, **more},
    )


def test_a_creator_ends_a_fans_subscription_at_once(now: datetime) -> None:
    subscription = a_subscription(now=now)
    _end(subscription, subscription.creator.user, now=now, why=EndReason.CREATOR)
    after = fresh(subscription)
    assert (after.state, after.end_reason) == (State.ENDED, EndReason.CREATOR)
    assert not _may_see(after, at=now)
    assert _mails(after, "ended") == 1
    assert earned_by(after.creator) == "8.00"


def test_staff_end_it_and_give_the_newest_payment_back(now: datetime) -> None:
    subscription = a_subscription(now=now)
    a_policy(now=now)
    staff = StaffFactory.create(role="finance")
    staff.user_permissions.add(_permission("cancel_subscription"))
    _end(subscription, staff, now=now, refund=True)
    assert fresh(subscription).state == State.ENDED
    assert wallet_of(subscription.fan) == "100.00"
    assert earned_by(subscription.creator) == "0.00"


def test_others_and_creators_with_others_money_may_not(now: datetime) -> None:
    subscription = a_subscription(now=now)
    with pytest.raises(errors.SubscriptionNotFound):
        _end(subscription, ProfileFactory.create().user, now=now)
    with pytest.raises(errors.StaffNotAllowed):
        _end(subscription, StaffFactory.create(role="payouts"), now=now)
    with pytest.raises(errors.StaffNotAllowed):
        _end(
            subscription,
            subscription.creator.user,
            now=now,
            why=EndReason.CREATOR,
            refund=True,
        )
    with pytest.raises(errors.ReasonMissing):
        _end(subscription, subscription.creator.user, now=now, reason=" ")
    assert fresh(subscription).state == State.ACTIVE
    assert wallet_of(subscription.fan) == "90.00"


def _permission(codename: str) -> Any:
    return Permission.objects.get(codename=codename, content_type__app_label="subscriptions")
