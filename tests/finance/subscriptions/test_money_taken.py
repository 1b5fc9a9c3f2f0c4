"""Money that a bank took, or that went back, before or after anybody heard that it had come."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import transaction as database

from apps.core.models import OutboxMessage
from apps.finance.entitlements import selectors as entitlements
from apps.finance.payments import services as payments
from apps.finance.payments.adapters.base import Told
from apps.finance.payments.choices import Kind, Occasion
from apps.finance.payments.models import Dispute
from apps.finance.payments.rules.refunds import RefundReason
from apps.finance.payments.services.refunds import request_refund
from apps.finance.subscriptions.choices import EndReason, PeriodState, State
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.services import money_back
from apps.finance.subscriptions.services.tick import bill_due
from apps.notifications.models import Message
from tests import given
from tests.factories.accounts import StaffFactory
from tests.finance.payments.refunding import a_policy, usd
from tests.finance.payments.test_disputes import hear
from tests.given_subscriptions import (
    a_subscription,
    an_incomplete_one,
    delivered,
    fresh,
    paid,
    payment_of,
    wallet_of,
)

pytestmark = pytest.mark.django_db


def _by_card(*, now: datetime) -> Subscription:
    subscription = an_incomplete_one(now=now)
    paid(subscription, now=now)
    delivered(now=now)
    return fresh(subscription)


def _told(subscription: Subscription, *words: Told, now: datetime) -> Subscription:
    """The gateway tells of the case about its first payment, word by word."""
    for number, word in enumerate(words):
        hear(
            payment_of(subscription),
            word,
            at=now + timedelta(hours=number),
            amount="10.00",
            now=now,
        )
    delivered(now=now)
    return fresh(subscription)


def _disputed(subscription: Subscription, stage: str, *, now: datetime) -> None:
    with database.atomic():
        money_back.payment_disputed(
            transaction_id=payment_of(subscription).pk, dispute_id=7, stage=stage, now=now
        )


def test_a_chargeback_ends_at_once_also_for_an_older_period(now: datetime) -> None:
    subscription = _by_card(now=now)
    Subscription.objects.filter(pk=subscription.pk).update(
        renews_by="WALLET", due_at=subscription.current_until
    )
    given.a_funded_wallet(subscription.fan, "50.00", now=now)
    assert subscription.current_until is not None
    bill_due(now=subscription.current_until)
    assert fresh(subscription).period_number == 2
    assert _told(subscription, Told.INQUIRY, now=now).state == State.ACTIVE
    for _ in range(2):
        after = _told(subscription, Told.CHARGEBACK, now=now)
    assert (after.state, after.end_reason) == (State.ENDED, EndReason.CHARGEBACK)
    assert (after.due_at, after.remind_at) == (None, None)
    assert not entitlements.is_live(after.source, now=now)
    assert after.history.filter(what="DISPUTED").count() == 2


def test_a_dispute_that_is_won_is_noted_and_the_fan_asked_back(now: datetime) -> None:
    after = _told(_by_card(now=now), Told.CHARGEBACK, now=now)
    after = _told(after, Told.CHARGEBACK_WON, now=now + timedelta(days=1))
    dispute = Dispute.objects.get()
    for _ in range(2):
        with database.atomic():
            money_back.dispute_closed(
                transaction_id=payment_of(after).pk, dispute_id=dispute.pk, outcome="WON", now=now
            )
    assert after.state == State.ENDED
    assert Message.objects.filter(kind="subscription.win_back").count() == 1
    assert after.history.filter(what="DISPUTED").count() == 2


@pytest.mark.parametrize("before", [(), (Told.INQUIRY,), (Told.ALERT,)])
def test_a_dispute_that_is_lost_without_a_chargeback_told_ends_it(
    now: datetime, before: tuple[Told, ...]
) -> None:
    after = _told(_by_card(now=now), *before, Told.CHARGEBACK_LOST, now=now)
    assert (after.state, after.end_reason) == (State.ENDED, EndReason.CHARGEBACK)
    assert not entitlements.is_live(after.source, now=now)


def test_a_chargeback_told_after_it_was_won_ends_nothing(now: datetime) -> None:
    subscription = _told(_by_card(now=now), Told.INQUIRY, Told.CHARGEBACK_WON, now=now)
    _disputed(subscription, "CHARGEBACK", now=now)
    assert fresh(subscription).state == State.ACTIVE


def _put_off(name: str, *, now: datetime) -> None:
    OutboxMessage.objects.filter(name=name).update(parked_at=now)


def test_what_went_back_before_its_capture_was_told_never_begins(now: datetime) -> None:
    subscription = an_incomplete_one(now=now)
    paid(subscription, now=now)
    _put_off("payments.captured", now=now)
    _told(subscription, Told.CHARGEBACK, now=now)
    assert fresh(subscription).state == State.INCOMPLETE
    OutboxMessage.objects.update(parked_at=None)
    delivered(now=now)
    after = fresh(subscription)
    assert (after.state, after.end_reason) == (State.ENDED, EndReason.CHARGEBACK)
    assert after.started_at is None
    assert not entitlements.is_live(after.source, now=now)
    assert after.stop_due_at is not None, "its gateway is told not to renew it"


def test_a_renewal_that_went_back_before_its_capture_was_told_ends_it(now: datetime) -> None:
    a_policy(now=now)
    subscription = a_subscription(now=now)
    until = subscription.current_until
    assert until is not None
    period = subscription.periods.create(
        number=2, from_at=until, until_at=until + timedelta(days=28), kind="PAID",
        state=PeriodState.OPEN, amount_minor=10_00, currency="USD", at=until,
    )  # fmt: skip
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
            now=until,
        )
    _put_off("payments.captured", now=now)
    request_refund(
        transaction_id=sold.pk,
        amount=usd("10.00"),
        reason_code=RefundReason.ASKED,
        reason="Asked",
        key="at once",
        by=StaffFactory.create(role="finance"),
        now=until,
    )
    delivered(now=until)
    assert fresh(subscription).state == State.ACTIVE
    OutboxMessage.objects.update(parked_at=None)
    delivered(now=until)
    period.refresh_from_db()
    after = fresh(subscription)
    assert (after.state, after.end_reason) == (State.ENDED, EndReason.REFUNDED)
    assert (after.period_number, period.state) == (1, PeriodState.UNPAID)
    assert wallet_of(after.fan) == "90.00"
