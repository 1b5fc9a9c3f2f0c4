"""Subscribers who pay a price, and prices that replaced others."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from apps.core.money import Money
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.choices import State
from apps.finance.subscriptions.models import Price, PriceChange, Subscription
from tests.factories.subscriptions import PriceFactory, SubscriptionFactory


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


def prices_of_two(now: datetime, new: str = "12.00", **traits: Any) -> tuple[Price, Price]:
    """An old price of 10.00 and the one that replaced it."""
    old = PriceFactory.create(**traits)
    price = subscriptions.set_price(
        plan=old.plan,
        months=old.months,
        amount=usd(new),
        by=old.plan.creator.user,
        now=now - timedelta(days=1),
    )
    old.refresh_from_db()
    return old, price


def live(price: Price, now: datetime, **traits: Any) -> Subscription:
    """One that has paid since ten days ago."""
    began = now - timedelta(days=10)
    return SubscriptionFactory.create(
        **{
            "price": price,
            "state": State.ACTIVE,
            "started_at": began,
            "anchored_at": began,
            "anchored_number": 1,
            "period_number": 1,
            "current_from": began,
            "current_until": began + timedelta(days=31),
            **traits,
        }
    )


def planned(old: Price, new: Price, now: datetime, days: int = 40, **changes: Any) -> PriceChange:
    wish = {
        "old_price": old,
        "new_price": new,
        "effective_at": now + timedelta(days=days),
        "by": old.plan.creator.user,
        "now": now,
    }
    return subscriptions.plan_price_change(**{**wish, **changes})
