"""Real threads: many subscribe at once, and a cancellation meets a capture."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.db import transaction as database

from apps.core import broker
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Method
from apps.finance.payments.models import Refund, Transaction
from apps.finance.subscriptions import services
from apps.finance.subscriptions.choices import State
from apps.finance.subscriptions.models import Promotion, Redemption, Subscription, TrialUse
from apps.finance.subscriptions.selectors import quotes
from apps.finance.subscriptions.services.first_payment import (
    expire_incomplete,
    first_payment_captured,
)
from tests.factories.subscriptions import PlanFactory, PriceFactory, PromotionFactory
from tests.finance.payments.refunding import books_are_balanced
from tests.given_subscriptions import (
    a_price,
    a_subscriber,
    a_subscription,
    an_incomplete_one,
    earned_by,
    fresh,
    paid,
    wallet_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_worker_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "start_soon", lambda *_, **__: None)


def _at_once(*work: Callable[[], Any]) -> list[Any]:
    """Run all in threads that start together; return what each answered, or was refused with."""
    gate = Barrier(len(work))

    def run(one: Callable[[], Any]) -> Any:
        try:
            gate.wait()
            return one()
        except DomainError as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def _subscribe(fan: Any, price: Any, key: str, *, now: datetime) -> Callable[[], str]:
    seen = quotes.offer(fan=fan, price=price, method=Method.WALLET, now=now)

    def work() -> str:
        made = services.subscribe(
            fan=fan,
            price=price,
            method=Method.WALLET,
            terms_hash=seen.terms_hash,
            total_seen=seen.total,
            idempotency_key=key,
            now=now,
        )
        return str(made.public_id)

    return work


def test_the_same_key_at_once_is_one_subscription(now: datetime) -> None:
    price, fan = a_price("10.00"), a_subscriber("100.00", now=now)
    answers = _at_once(*[_subscribe(fan, price, "k", now=now) for _ in range(6)])
    assert len(set(answers)) == 1
    assert Subscription.objects.count() == 1
    assert (wallet_of(fan), earned_by(price.plan.creator)) == ("90.00", "8.00")
    assert books_are_balanced()


def test_different_keys_at_once_are_charged_once(now: datetime) -> None:
    price, fan = a_price("10.00"), a_subscriber("100.00", now=now)
    other = PriceFactory.create(plan=PlanFactory.create(creator=price.plan.creator))
    works = [_subscribe(fan, p, f"k{i}", now=now) for i in range(3) for p in (price, other)]
    answers = _at_once(*works)
    refused = [a for a in answers if a == "subscriptions.already_subscribed"]
    assert len(refused) + len(set(answers) - set(refused)) == len(answers) == 6
    assert Subscription.objects.filter(fan=fan).count() == 1
    assert Transaction.objects.filter(payer=fan, kind="SUBSCRIPTION").count() == 1
    assert wallet_of(fan) == "90.00"


def test_one_code_for_many_is_taken_as_often_as_it_can_be(now: datetime) -> None:
    price = a_price("10.00", trial_days=3)
    PromotionFactory.create(creator=price.plan.creator, most=2, percent_bps=5_000)
    fans = [a_subscriber("100.00", now=now) for _ in range(5)]
    answers = _at_once(*[_subscribe(fan, price, "k", now=now) for fan in fans])
    assert Promotion.objects.get().redeemed == Redemption.objects.count() == 2
    live = Subscription.objects.filter(promotion__isnull=False).count()
    assert live == 2 == TrialUse.objects.filter(subscription__promotion__isnull=False).count()
    assert answers.count("subscriptions.code_used_up") == 3


def _somebody_waits_for_a_row() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
        [waiting] = cursor.fetchone()
    return bool(waiting)


def test_who_waits_for_a_promotion_holds_up_nobody_in_the_books(now: datetime) -> None:
    price = a_price("10.00")
    promotion = PromotionFactory.create(creator=price.plan.creator, percent_bps=5_000)
    fan, other = a_subscriber("100.00", now=now), a_subscriber("100.00", now=now)
    subscribe = _subscribe(fan, price, "k", now=now)

    def work() -> None:
        try:
            subscribe()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with database.atomic():
            Promotion.objects.select_for_update(no_key=True).get(pk=promotion.pk)
            waits = pool.submit(work)
            while not _somebody_waits_for_a_row():
                assert not waits.done()
                time.sleep(0.05)
            tip = payments.Purchase(
                fan=other, creator=price.plan.creator, kind=Kind.TIP, idempotency_key="tip",
                amount=Money.of("5.00", "USD"), subject="",
            )  # fmt: skip
            payments.sell_from_wallet(tip, now=now)
        waits.result()
    assert (wallet_of(fan), wallet_of(other)) == ("95.00", "95.00")
    assert earned_by(price.plan.creator) == "8.00"
    assert books_are_balanced()


@pytest.mark.parametrize("turn", range(8))
def test_a_cancellation_and_a_capture_leave_no_money_without_access(
    now: datetime, turn: int
) -> None:
    subscription = an_incomplete_one(now=now)
    payment = paid(subscription, now=now)

    def capture() -> None:
        with database.atomic():
            first_payment_captured(transaction_id=payment.pk, subscription_id=subscription.pk)

    def cancel() -> None:
        services.cancel(subscription_id=subscription.public_id, fan=subscription.fan, now=now)

    _at_once(*([capture, cancel, capture] if turn % 2 else [cancel, capture, capture]))
    after = fresh(subscription)
    if after.state == State.ENDED:
        assert Refund.objects.get().amount_minor == 1000
    else:
        assert (after.state, after.cancel_at_end) == (State.ACTIVE, True)
        assert not Refund.objects.exists()
        assert after.periods.get().state == "PAID"


def test_an_expiry_and_a_capture_end_in_one_of_both(now: datetime) -> None:
    subscription = an_incomplete_one(now=now)
    payment = paid(subscription, now=now)

    def capture() -> None:
        with database.atomic():
            first_payment_captured(transaction_id=payment.pk, subscription_id=subscription.pk)

    def expire() -> None:
        with database.atomic():
            expire_incomplete([subscription.pk], now=now)

    _at_once(expire, capture, expire, capture)
    assert fresh(subscription).state == State.ACTIVE
    assert not Refund.objects.exists()


def test_cancelling_many_times_at_once_is_one_cancellation(now: datetime) -> None:
    subscription = a_subscription(now=now)

    def cancel() -> None:
        services.cancel(subscription_id=subscription.public_id, fan=subscription.fan, now=now)

    _at_once(*[cancel] * 5)
    after = fresh(subscription)
    assert after.cancel_at_end
    assert after.history.filter(what="CANCELLED").count() == 1
