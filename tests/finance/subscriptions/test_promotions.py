"""Promotions: who may take them, once each, and never more often than allowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from apps.accounts.models import Profile
from apps.clusters.models import Cluster
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.subscriptions import errors, selectors
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.choices import Audience, Discount, EndReason, State
from apps.finance.subscriptions.models import Promotion, Redemption, Subscription, TrialUse
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.factories.subscriptions import (
    PlanFactory,
    PriceFactory,
    PromotionFactory,
    SubscriptionFactory,
)

THREADS = 20


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


def _made(creator: Profile, now: datetime, **changes: Any) -> Promotion:
    return subscriptions.create_promotion(
        **{
            "creator": creator,
            "name": "Spring",
            "discount": Discount.PERCENT,
            "percent_bps": 2_000,
            "by": creator.user,
            "now": now,
            **changes,
        }
    )


def _redeem(promotion: Promotion, subscription: Subscription, now: datetime) -> Promotion:
    assert subscription.price is not None
    with transaction.atomic():
        return subscriptions.redeem(
            promotion=promotion,
            price=subscription.price,
            fan=subscription.fan,
            subscription=subscription,
            now=now,
        )


@pytest.mark.django_db
class TestTaking:
    def test_a_code_is_found_in_any_letter_case_and_counted_once(self, now: datetime) -> None:
        subscription = SubscriptionFactory.create()
        price = subscription.price
        assert price is not None
        made = PromotionFactory.create(creator=subscription.creator, code="SPRING", most=2)
        found = selectors.find_code(price=price, code=" spring ")
        assert found == made
        for _ in range(2):
            _redeem(found, subscription, now)
        made.refresh_from_db()
        assert made.redeemed == 1
        [row] = Redemption.objects.all()
        assert (row.user, row.subscription) == (subscription.fan.user, subscription)

    @pytest.mark.parametrize("code", ["", "NOPE", "SPRIN", "X" * 31, "SPRING%", "' OR 1=1"])
    def test_an_unknown_code_is_unknown(self, code: str) -> None:
        price = PriceFactory.create()
        PromotionFactory.create(creator=price.plan.creator, code="SPRING")
        with pytest.raises(errors.CodeUnknown):
            selectors.find_code(price=price, code=code)

    def test_another_creators_code_is_unknown(self) -> None:
        PromotionFactory.create(code="SPRING")
        with pytest.raises(errors.CodeUnknown):
            selectors.find_code(price=PriceFactory.create(), code="SPRING")

    @pytest.mark.parametrize(
        ("traits", "error"),
        [
            ({"ends_at": timedelta(0)}, errors.CodeExpired),
            ({"starts_at": timedelta(seconds=1)}, errors.CodeExpired),
            ({"status": "ENDED"}, errors.CodeExpired),
            ({"most": 3, "redeemed": 3}, errors.CodeUsedUp),
            ({"months": 3}, errors.CodeNotForYou),
            ({"audience": Audience.RETURNING}, errors.CodeNotForYou),
            (
                {"discount": Discount.AMOUNT, "amount_minor": 100, "currency": "EUR"},
                errors.CodeNotForYou,
            ),
        ],
    )
    def test_a_refused_code_moves_nothing(
        self, now: datetime, traits: dict[str, Any], error: type[DomainError]
    ) -> None:
        subscription = SubscriptionFactory.create()
        when = {k: now + v if isinstance(v, timedelta) else v for k, v in traits.items()}
        promotion = PromotionFactory.create(creator=subscription.creator, code="SPRING", **when)
        before = Promotion.objects.values().get()
        with pytest.raises(error):
            _redeem(promotion, subscription, now)
        assert Promotion.objects.values().get() == before
        assert not Redemption.objects.exists()

    def test_one_of_another_plan_or_creator_is_not_for_this_price(self, now: datetime) -> None:
        subscription = SubscriptionFactory.create()
        other = PlanFactory.create(creator=subscription.creator)
        for promotion in (
            PromotionFactory.create(creator=subscription.creator, plan=other),
            PromotionFactory.create(),
        ):
            with pytest.raises(errors.CodeNotForYou):
                _redeem(promotion, subscription, now)
        assert not Redemption.objects.exists()

    def test_a_person_takes_it_once_whatever_the_subscription_until_it_is_given_back(
        self, now: datetime
    ) -> None:
        first = SubscriptionFactory.create()
        second = SubscriptionFactory.create(fan=first.fan, price=first.price)
        promotion = PromotionFactory.create(creator=first.creator, code="SPRING", most=1)
        _redeem(promotion, first, now)
        with pytest.raises(errors.CodeUsedBefore):
            _redeem(promotion, second, now)
        with transaction.atomic():
            assert subscriptions.release_redemption(subscription=first, now=now) == 1
            assert subscriptions.release_redemption(subscription=first, now=now) == 0
        promotion.refresh_from_db()
        assert promotion.redeemed == 0
        _redeem(promotion, second, now)
        promotion.refresh_from_db()
        assert promotion.redeemed == 1

    def test_newcomers_and_those_who_left_have_their_own(self, now: datetime) -> None:
        stayed, left, never = (SubscriptionFactory.create() for _ in range(3))
        price = stayed.price
        assert price is not None
        for row, state in ((stayed, State.ACTIVE), (left, State.ENDED)):
            _as(row, price, state, now)
        for audience, allowed in [
            (Audience.ALL, [True, True, True]),
            (Audience.NEW, [False, False, True]),
            (Audience.RETURNING, [False, True, False]),
        ]:
            promotion = PromotionFactory.create(creator=price.plan.creator, audience=audience)
            for row, may in zip((stayed, left, never), allowed, strict=True):
                best = selectors.best_open_promotion(price=price, fan=row.fan, now=now)
                assert (best == promotion) is may
            promotion.delete()

    def test_the_best_open_one_is_the_cheapest_then_the_longest(self, now: datetime) -> None:
        price = PriceFactory.create(amount="10.00")
        mine = {"creator": price.plan.creator}
        PromotionFactory.create(**mine, percent_bps=9_000, code="HIDDEN")
        PromotionFactory.create(**mine, percent_bps=9_000, ends_at=now)
        PromotionFactory.create(**mine, percent_bps=9_000, months=3)
        PromotionFactory.create(percent_bps=9_000)
        PromotionFactory.create(**mine, percent_bps=2_000)
        PromotionFactory.create(**mine, discount=Discount.AMOUNT, amount_minor=300, periods=2)
        best = PromotionFactory.create(
            **mine, discount=Discount.AMOUNT, amount_minor=300, periods=0
        )
        fan = ProfileFactory.create()
        assert selectors.best_open_promotion(price=price, fan=fan, now=now) == best
        assert selectors.best_open_promotion(price=price, fan=None, now=now) == best

    def test_the_best_of_many_prices_are_found_in_three_queries(
        self, now: datetime, django_assert_num_queries: Callable[..., Any]
    ) -> None:
        creator = CreatorFactory.create()
        prices = {
            price.pk: price
            for price in [PriceFactory.create(plan__creator=creator) for _ in range(6)]
        }
        made = PromotionFactory.create(creator=creator, audience=Audience.NEW)
        fan = ProfileFactory.create()
        with django_assert_num_queries(3):
            best = selectors.best_for(prices, fan=fan, now=now)
        assert best == dict.fromkeys(prices, made)


@pytest.mark.django_db
class TestTrials:
    def test_a_person_has_one_trial_with_a_creator(self, now: datetime) -> None:
        first = SubscriptionFactory.create()
        again = SubscriptionFactory.create(fan=first.fan, price=first.price)
        elsewhere = SubscriptionFactory.create(fan=first.fan)
        assert [_claim(row, now) for row in (first, first, again, elsewhere)] == [
            True,
            True,
            False,
            True,
        ]
        assert TrialUse.objects.count() == 2

    def test_a_card_has_one_trial_with_a_creator_whoever_brings_it(self, now: datetime) -> None:
        first = SubscriptionFactory.create()
        other = SubscriptionFactory.create(price=first.price)
        assert _claim(first, now, "card-a")
        assert not _claim(other, now, "card-a")
        assert _claim(other, now, "card-b")
        had = selectors.had_trial
        assert had(creator_id=first.creator_id, user_id=0, fingerprint="card-a")
        assert not had(creator_id=first.creator_id, user_id=0, fingerprint="card-c")
        assert not had(creator_id=first.creator_id, user_id=0)

    def test_a_card_that_is_known_later_is_noted_if_it_had_none(self, now: datetime) -> None:
        first = SubscriptionFactory.create()
        other = SubscriptionFactory.create(price=first.price)
        assert _claim(first, now)
        assert _claim(first, now, "card-a")
        assert _claim(other, now)
        assert not _claim(other, now, "card-a")
        assert sorted(TrialUse.objects.values_list("fingerprint", flat=True)) == ["", "card-a"]

    def test_a_trial_that_never_began_is_given_back(self, now: datetime) -> None:
        first = SubscriptionFactory.create()
        again = SubscriptionFactory.create(fan=first.fan, price=first.price)
        assert _claim(first, now)
        with transaction.atomic():
            assert subscriptions.release_trial(subscription=first)
            assert not subscriptions.release_trial(subscription=first)
        assert _claim(again, now)


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_a_code_for_five_is_redeemed_five_times_by_twenty_at_once(
        self, now: datetime, boyfanz: Cluster
    ) -> None:
        price = PriceFactory.create()
        promotion = PromotionFactory.create(creator=price.plan.creator, code="FIVE", most=5)
        rows = SubscriptionFactory.create_batch(THREADS, price=price)
        answers = _at_once(lambda i: _redeem(promotion, rows[i], now).code)
        assert Counter(answers) == {"FIVE": 5, "subscriptions.code_used_up": 15}
        promotion.refresh_from_db()
        assert promotion.redeemed == Redemption.objects.count() == 5

    def test_a_person_redeems_once_with_twenty_subscriptions_at_once(
        self, now: datetime, boyfanz: Cluster
    ) -> None:
        price, fan = PriceFactory.create(), ProfileFactory.create()
        promotion = PromotionFactory.create(creator=price.plan.creator, code="ONE")
        rows = SubscriptionFactory.create_batch(THREADS, price=price, fan=fan)
        answers = _at_once(lambda i: _redeem(promotion, rows[i], now).code)
        assert Counter(answers) == {"ONE": 1, "subscriptions.code_used_before": 19}
        promotion.refresh_from_db()
        assert promotion.redeemed == Redemption.objects.count() == 1

    def test_one_released_twenty_times_at_once_counts_back_once(
        self, now: datetime, boyfanz: Cluster
    ) -> None:
        first, second = SubscriptionFactory.create_batch(2, price=PriceFactory.create())
        promotion = PromotionFactory.create(creator=first.creator)
        for row in (first, second):
            _redeem(promotion, row, now)

        def release(_: int) -> int:
            with transaction.atomic():
                return subscriptions.release_redemption(subscription=first, now=now)

        _at_once(release)
        promotion.refresh_from_db()
        assert promotion.redeemed == 1

    def test_a_person_and_a_card_have_one_trial_among_twenty_at_once(
        self, now: datetime, boyfanz: Cluster
    ) -> None:
        price, fan = PriceFactory.create(), ProfileFactory.create()
        own = SubscriptionFactory.create_batch(THREADS, price=price, fan=fan)
        assert sum(_at_once(lambda i: _claim(own[i], now))) == 1
        others = SubscriptionFactory.create_batch(THREADS, price=price)
        assert sum(_at_once(lambda i: _claim(others[i], now, "card-a"))) == 1
        assert TrialUse.objects.count() == 2


def _claim(subscription: Subscription, now: datetime, fingerprint: str = "") -> bool:
    with transaction.atomic():
        return subscriptions.claim_trial(
            creator=subscription.creator,
            user=subscription.fan.user,
            fingerprint=fingerprint,
            subscription=subscription,
            now=now,
        )


def _as(row: Subscription, price: Any, state: State, now: datetime) -> None:
    """Make it one of this price, as it would be after months."""
    row.price, row.plan, row.creator = price, price.plan, price.plan.creator
    row.state, row.started_at = state, now
    if state == State.ENDED:
        row.ended_at, row.end_reason = now, EndReason.CANCELLED
    row.save()


def _at_once(work: Callable[[int], Any]) -> list[Any]:
    gate = Barrier(THREADS)

    def one(index: int) -> Any:
        gate.wait()
        try:
            return work(index)
        except DomainError as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(one, range(THREADS)))
