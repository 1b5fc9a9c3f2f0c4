"""What creators offer: plans, prices, promotions."""

from __future__ import annotations

from datetime import UTC, datetime

import factory

from apps.core.money import Money
from apps.finance.subscriptions.choices import Discount, RenewsBy
from apps.finance.subscriptions.models import Plan, Price, Promotion, Subscription
from tests.factories.accounts import CreatorFactory, ProfileFactory

LONG_AGO = datetime(2025, 12, 1, tzinfo=UTC)


class PlanFactory(factory.django.DjangoModelFactory[Plan]):
    """A plan of a new creator on boyfanz, without prices."""

    class Meta:
        model = Plan

    creator = factory.SubFactory(CreatorFactory)
    cluster = factory.LazyAttribute(lambda plan: plan.creator.cluster)
    name = factory.Sequence(lambda n: f"Plan {n}")
    tier = 1
    created_at = LONG_AGO


class PriceFactory(factory.django.DjangoModelFactory[Price]):
    """10.00 USD a month: ``PriceFactory.create(amount="29.00", months=3, plan=plan)``."""

    class Meta:
        model = Price

    class Params:
        amount = "10.00"

    plan = factory.SubFactory(PlanFactory)
    months = 1
    currency = "USD"
    amount_minor = factory.LazyAttribute(lambda it: Money.of(it.amount, it.currency).minor)
    created_at = LONG_AGO


class PromotionFactory(factory.django.DjangoModelFactory[Promotion]):
    """20 % off the first period for everybody; without a code unless given one."""

    class Meta:
        model = Promotion

    creator = factory.SubFactory(CreatorFactory)
    cluster = factory.LazyAttribute(lambda it: it.creator.cluster)
    name = factory.Sequence(lambda n: f"Promotion {n}")
    discount = Discount.PERCENT
    percent_bps = factory.LazyAttribute(lambda it: 2_000 if it.discount == Discount.PERCENT else 0)
    currency = factory.LazyAttribute(lambda it: "" if it.discount == Discount.PERCENT else "USD")
    starts_at = LONG_AGO
    created_at = LONG_AGO


class SubscriptionFactory(factory.django.DjangoModelFactory[Subscription]):
    """One that waits for its first payment; any other state is reached through services
    (tests/given_subscriptions.py)."""

    class Meta:
        model = Subscription

    price = factory.SubFactory(PriceFactory)
    plan = factory.LazyAttribute(lambda it: it.price.plan)
    creator = factory.LazyAttribute(lambda it: it.plan.creator)
    cluster = factory.LazyAttribute(lambda it: it.creator.cluster)
    fan = factory.SubFactory(ProfileFactory)
    tier = factory.LazyAttribute(lambda it: it.plan.tier)
    months = factory.LazyAttribute(lambda it: it.price.months)
    amount_minor = factory.LazyAttribute(lambda it: it.price.amount_minor)
    currency = factory.LazyAttribute(lambda it: it.price.currency)
    renews_by = RenewsBy.WALLET
    idempotency_key = factory.Sequence(lambda n: f"sub-{n}")
    created_at = LONG_AGO
