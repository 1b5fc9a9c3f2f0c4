"""Subscriptions in every state, reached the way the platform reaches them: through services."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from apps.accounts.models import Profile
from apps.core import events
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments.choices import Method
from apps.finance.payments.models import Transaction
from apps.finance.subscriptions import services
from apps.finance.subscriptions.models import Price, Subscription
from apps.finance.subscriptions.selectors import quotes
from apps.finance.subscriptions.services.tick import bill_due
from tests import given
from tests.factories.accounts import ProfileFactory
from tests.factories.payments import MerchantAccountFactory
from tests.factories.subscriptions import PlanFactory, PriceFactory
from tests.finance.payments.refunding import captured

_keys = itertools.count(1)


def a_price(amount: str = "10.00", *, months: int = 1, **plan: Any) -> Price:
    """A price of a new plan of a new creator; ``plan`` are the plan's own (``trial_days=7``)."""
    price: Price = PriceFactory.create(
        plan=PlanFactory.create(**plan), amount=amount, months=months
    )
    return price


def a_subscriber(wallet: str = "100.00", *, now: datetime, **more: Any) -> Profile:
    """An adult fan with so much in the wallet, in dollars."""
    fan: Profile = ProfileFactory.create(**more)
    if Money.of(wallet, "USD"):
        given.a_funded_wallet(fan, wallet, now=now)
    return fan


def subscribed(
    fan: Profile,
    price: Price,
    *,
    now: datetime,
    method: Method = Method.WALLET,
    key: str = "",
    code: str = "",
    timezone: str = "UTC",
    **more: Any,
) -> Subscription:
    """The fan reads the offer and agrees to it."""
    pay_by = more.get("pay_by")
    seen = quotes.offer(
        fan=fan,
        price=price,
        method=method,
        now=now,
        code=code,
        timezone=timezone,
        buyer=more.get("buyer"),
        means=pay_by.means if pay_by else None,
    )
    return services.subscribe(
        fan=fan,
        price=price,
        method=method,
        code=code,
        terms_hash=seen.terms_hash,
        total_seen=seen.total,
        idempotency_key=key or f"subscribe-{next(_keys)}",
        now=now,
        timezone=timezone,
        **more,
    )


def a_subscription(
    *, now: datetime, price: Price | None = None, wallet: str = "100.00", **more: Any
) -> Subscription:
    """One that a wallet with so much in it pays: in its trial or active, as the plan has it."""
    price = price or a_price()
    fan = more.pop("fan", None) or a_subscriber(wallet, now=now, cluster=price.plan.cluster)
    return subscribed(fan, price, now=now, **more)


def an_incomplete_one(*, now: datetime, price: Price | None = None, **more: Any) -> Subscription:
    """One by card whose payer is at the payment page."""
    price = price or a_price()
    fan = more.pop("fan", None) or ProfileFactory.create(cluster=price.plan.cluster)
    MerchantAccountFactory.of(fan.cluster)
    return subscribed(fan, price, now=now, method=Method.CARD, **more)


def a_past_due_one(price: Price, *, days_ago: int, now: datetime, **more: Any) -> Subscription:
    """The wallet, empty since it began, could not pay so many days ago, nor at the tries since."""
    begun = now - timedelta(days=days_ago + 31)
    found = a_subscription(now=begun, price=price, wallet="10.00", **more)
    due = fresh(found).current_until
    assert due is not None
    for day in (0, 1, 3, 7):
        if due + timedelta(days=day) <= now:
            bill_due(now=due + timedelta(days=day))
    found = fresh(found)
    assert found.state == "PAST_DUE"
    return found


def a_paused_one(price: Price, *, now: datetime, days_ago: int = 40) -> Subscription:
    """Begun so many days ago and paused the next day for long; a month was paid."""
    begun = now - timedelta(days=days_ago)
    found = fresh(a_subscription(now=begun, price=price, wallet="30.00"))
    assert found.current_until is not None
    services.pause(
        subscription_id=found.public_id,
        fan=found.fan,
        until=found.current_until + timedelta(days=60),
        now=begun + timedelta(days=1),
    )
    return fresh(found)


def paid(subscription: Subscription, *, now: datetime) -> Transaction:
    """Its first payment is captured; the news is on its way (``delivered`` hands it over)."""
    assert subscription.first_transaction is not None
    return captured(subscription.first_transaction, now=now)


def payment_of(subscription: Subscription, number: int = 1) -> Transaction:
    """What paid one of its periods."""
    payment = subscription.periods.select_related("transaction").get(number=number).transaction
    assert payment is not None
    return payment


def price_of(subscription: Subscription) -> Price:
    assert subscription.price is not None
    return subscription.price


def delivered(*, now: datetime) -> None:
    """What payments published until now reaches subscriptions, and what they publish others."""
    while events.sweep(now=now + timedelta(days=365 * 20)):
        pass


def wallet_of(fan: Profile) -> str:
    return str(ledger.balance_of(postings.wallet(fan.pk), "USD").decimal)


def earned_by(creator: Profile) -> str:
    return str(ledger.balance_of(postings.creator_payable(creator.pk), "USD").decimal)


def fresh(subscription: Subscription) -> Subscription:
    return Subscription.objects.select_related("plan", "price", "creator", "fan").get(
        pk=subscription.pk
    )
