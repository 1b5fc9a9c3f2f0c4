"""Promotions: how creators make and end them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.accounts.models import Profile
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.subscriptions import errors
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.choices import Discount
from apps.finance.subscriptions.models import Promotion
from tests.factories.accounts import CreatorFactory
from tests.factories.subscriptions import (
    PlanFactory,
    PriceFactory,
)


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


@pytest.mark.django_db
class TestMaking:
    def test_a_code_is_kept_in_capitals(self, creator: Profile, now: datetime) -> None:
        promotion = _made(creator, now, code=" spring-26 ", most=100, periods=3)
        promotion.refresh_from_db()
        assert (promotion.code, promotion.most, promotion.redeemed) == ("SPRING-26", 100, 0)
        assert (promotion.starts_at, promotion.cluster) == (now, creator.cluster)

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"name": ""}, errors.PromotionInvalid),
            ({"code": "AB"}, errors.PromotionInvalid),
            ({"code": "X" * 31}, errors.PromotionInvalid),
            ({"code": "ÄÖÜ"}, errors.PromotionInvalid),
            ({"code": "A B C"}, errors.PromotionInvalid),
            ({"percent_bps": 0}, errors.PromotionInvalid),
            ({"percent_bps": 10_001}, errors.PromotionInvalid),
            ({"amount": Money(100, "USD")}, errors.PromotionInvalid),
            ({"discount": "HALF"}, errors.PromotionInvalid),
            ({"discount": Discount.AMOUNT}, errors.PromotionInvalid),
            (
                {"discount": Discount.AMOUNT, "percent_bps": 0, "amount": Money(0, "USD")},
                errors.PromotionInvalid,
            ),
            (
                {"discount": Discount.AMOUNT, "percent_bps": 0, "amount": Money(1, "BTC")},
                errors.CurrencyMismatch,
            ),
            ({"periods": -1}, errors.PromotionInvalid),
            ({"periods": 25}, errors.PromotionInvalid),
            ({"months": 5}, errors.PromotionInvalid),
            ({"most": 0}, errors.PromotionInvalid),
        ],
    )
    def test_one_that_cannot_be_is_refused_and_nothing_is_kept(
        self,
        creator: Profile,
        now: datetime,
        changes: dict[str, Any],
        error: type[DomainError],
    ) -> None:
        with pytest.raises(error):
            _made(creator, now, **changes)
        assert not Promotion.objects.exists()

    def test_its_end_lies_after_its_start_and_after_now(
        self, creator: Profile, now: datetime
    ) -> None:
        for starts, ends in [(0, 0), (5, 4), (-9, -1)]:
            with pytest.raises(errors.PromotionInvalid):
                _made(
                    creator,
                    now,
                    starts_at=now + timedelta(days=starts),
                    ends_at=now + timedelta(days=ends),
                )
        assert not Promotion.objects.exists()

    def test_a_code_is_taken_until_its_promotion_ends_and_only_with_this_creator(
        self, creator: Profile, now: datetime
    ) -> None:
        first = _made(creator, now, code="SPRING")
        with pytest.raises(errors.CodeTaken):
            _made(creator, now, code="spring")
        _made(CreatorFactory.create(), now, code="SPRING")
        subscriptions.end_promotion(promotion=first, by=creator.user, now=now)
        _made(creator, now, code="SPRING")
        assert Promotion.objects.count() == 3

    def test_nobody_makes_one_for_others_or_for_their_plans(
        self, creator: Profile, fan: Profile, now: datetime
    ) -> None:
        with pytest.raises(errors.NotACreator):
            _made(fan, now)
        with pytest.raises(errors.StaffNotAllowed):
            _made(creator, now, by=fan.user)
        with pytest.raises(errors.PlanNotFound):
            _made(creator, now, plan=PlanFactory.create())
        with pytest.raises(errors.PromotionInvalid):
            _made(creator, now, plan=PlanFactory.create(creator=creator, is_free=True))
        euros = PriceFactory.create(plan__creator=creator, currency="EUR").plan
        with pytest.raises(errors.CurrencyMismatch):
            _made(
                creator,
                now,
                plan=euros,
                discount=Discount.AMOUNT,
                percent_bps=0,
                amount=usd("2.00"),
            )
        assert not Promotion.objects.exists()
