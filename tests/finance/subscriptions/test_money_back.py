"""Refunds and disputes of a subscription's payments: told once, twice, and in any order."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction as database

from apps.finance.entitlements import selectors as entitlements
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Occasion
from apps.finance.payments.models import Refund
from apps.finance.payments.rules.refunds import RefundReason
from apps.finance.payments.services.refunds import request_refund
from apps.finance.subscriptions.choices import EndReason, PeriodState, State
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.services import money_back
from tests.factories.accounts import StaffFactory
from tests.finance.payments.refunding import a_policy, a_wallet_tip, books_are_balanced, usd
from tests.given_subscriptions import (
    a_subscription,
    delivered,
    earned_by,
    fresh,
    payment_of,
    wallet_of,
)

pytestmark = pytest.mark.django_db


def _refund(
    subscription: Subscription,
    amount: str,
    *,
    now: datetime,
    number: int = 1,
    code: RefundReason = RefundReason.ASKED,
) -> Refund:
    return request_refund(
        transaction_id=payment_of(subscription, number).pk,
        amount=usd(amount),
        reason_code=code,
        reason="Asked",
        key=f"{number}-{amount}",
        by=StaffFactory.create(role="finance"),
        now=now,
    )


def _renewed(subscription: Subscription, *, now: datetime) -> None:
    """The next period, as a renewal from the wallet leaves it."""
    with database.atomic():
        sold = payments.sell_from_wallet(
            payments.Purchase(
                fan=subscription.fan,
                creator=subscription.creator,
                kind=Kind.SUBSCRIPTION,
                amount=subscription.amount,
                subject=f"subscription:{subscription.pk}:period:2",
                idempotency_key="second",
                occasion=Occasion.RENEWAL,
            ),
            now=now,
        )
        until = subscription.current_until
        assert until is not None
        subscription.periods.create(
            number=2,
            from_at=until,
            until_at=until + timedelta(days=28),
            kind="PAID",
            state=PeriodState.PAID,
            amount_minor=sold.amount_minor,
            currency=sold.currency,
            transaction=sold,
            at=now,
            paid_at=now,
        )
        Subscription.objects.filter(pk=subscription.pk).update(period_number=2)


def test_all_of_the_newest_period_back_ends_access_at_once(now: datetime) -> None:
    a_policy(now=now)
    subscription = a_subscription(now=now)
    _refund(subscription, "10.00", now=now)
    delivered(now=now)
    after = fresh(subscription)
    assert (after.state, after.end_reason) == (State.ENDED, EndReason.REFUNDED)
    assert after.periods.get().state == PeriodState.REFUNDED
    assert not entitlements.is_live(after.source, now=now)
    assert (wallet_of(after.fan), earned_by(after.creator)) == ("100.00", "0.00")
    assert books_are_balanced()


def test_a_part_of_it_back_changes_nothing_but_the_history(now: datetime) -> None:
    a_policy(now=now)
    subscription = a_subscription(now=now)
    _refund(subscription, "4.00", now=now)
    delivered(now=now)
    after = fresh(subscription)
    assert after.state == State.ACTIVE
    assert after.history.filter(what="REFUNDED").count() == 1
    _refund(subscription, "6.00", now=now)
    delivered(now=now)
    assert fresh(subscription).state == State.ENDED


def test_a_kindness_leaves_access(now: datetime) -> None:
    a_policy(now=now)
    subscription = a_subscription(now=now)
    _refund(subscription, "10.00", now=now, code=RefundReason.GOODWILL)
    delivered(now=now)
    after = fresh(subscription)
    assert after.state == State.ACTIVE
    assert wallet_of(after.fan) == "100.00"


def test_all_of_an_older_period_back_is_only_noted(now: datetime) -> None:
    a_policy(now=now)
    subscription = a_subscription(now=now)
    _renewed(subscription, now=now)
    _refund(subscription, "10.00", now=now)
    delivered(now=now)
    after = fresh(subscription)
    assert after.state == State.ACTIVE
    assert after.periods.get(number=1).state == PeriodState.REFUNDED


def test_a_refund_told_twice_is_noted_once(now: datetime) -> None:
    a_policy(now=now)
    subscription = a_subscription(now=now)
    refund = _refund(subscription, "4.00", now=now)
    news: dict[str, Any] = {
        "transaction_id": refund.transaction_id,
        "refund_id": refund.pk,
        "amount": "4.00 USD",
        "is_full": False,
        "now": now,
    }
    for _ in range(2):
        with database.atomic():
            money_back.money_went_back(**news)
    assert fresh(subscription).history.filter(what="REFUNDED").count() == 1


def test_a_refund_that_comes_back_revives_nothing(now: datetime) -> None:
    a_policy(now=now)
    subscription = a_subscription(now=now)
    refund = _refund(subscription, "10.00", now=now)
    delivered(now=now)
    for _ in range(2):
        with database.atomic():
            money_back.money_came_again(
                transaction_id=refund.transaction_id, refund_id=refund.pk, now=now
            )
    after = fresh(subscription)
    assert (after.state, after.periods.get().state) == (State.ENDED, PeriodState.PAID)
    assert after.history.filter(what="NOTE").count() == 1


def test_money_back_of_other_things_is_not_ours(now: datetime) -> None:
    tip = a_wallet_tip(now=now)
    with database.atomic():
        money_back.payment_disputed(
            transaction_id=tip.pk, dispute_id=1, stage="CHARGEBACK", now=now
        )
