"""Things for sale and purchases in every state, reached through services."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.entitlements import selectors as entitlements
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.ledger.models import Entry
from apps.finance.payments.adapters.base import Told
from apps.finance.payments.models import Transaction
from apps.finance.payments.services.disputes import dispute_news
from apps.finance.payments.services.refund_moves import locked_payment
from apps.finance.purchases import services as purchases
from apps.finance.purchases.choices import Audience, ItemKind
from apps.finance.purchases.models import Item, Purchase
from apps.finance.purchases.selectors.items import thing_of
from tests.factories.payments import MerchantAccountFactory
from tests.finance.payments.refunding import captured, news

_numbers = itertools.count(1)


def usd(text: str) -> Money:
    return Money.of(text, "USD")


def an_item(
    creator: Profile,
    price: str = "10.00",
    *,
    now: datetime,
    kind: ItemKind = ItemKind.CONTENT,
    **more: Any,
) -> Item:
    return purchases.create_item(
        creator=creator,
        new=purchases.NewItem(kind, "A video", usd(price), **more),
        now=now,
    )


def a_message(creator: Profile, *, now: datetime, recipient: Profile | None = None) -> Item:
    """To one person, or to the creator's subscribers."""
    audience = Audience.ONE if recipient else Audience.SUBSCRIBERS
    return an_item(creator, now=now, kind=ItemKind.MESSAGE, audience=audience, recipient=recipient)


def wish(buyer: Profile, item: Item, *, key: str = "", seen: str = "") -> purchases.Wish:
    price = usd(seen) if seen else item.price
    return purchases.Wish(buyer, item.pk, price, key or f"key-{next(_numbers)}")


def begun(buyer: Profile, item: Item, *, now: datetime, key: str = "") -> Purchase:
    """A purchase by card whose buyer is at the payment page."""
    MerchantAccountFactory.of(buyer.cluster)
    return purchases.start_purchase(wish(buyer, item, key=key), now=now)


def bought(buyer: Profile, item: Item, *, now: datetime) -> Purchase:
    """A purchase by card that is captured, and whose news have arrived."""
    purchase = begun(buyer, item, now=now)
    pay(purchase, now=now)
    return hear(purchase, now=now)


def payment_of(purchase: Purchase) -> Transaction:
    assert purchase.transaction_id is not None
    return Transaction.objects.get(pk=purchase.transaction_id)


def pay(purchase: Purchase, *, now: datetime) -> None:
    captured(payment_of(purchase), now=now)


def bank_says(purchase: Purchase, told: Told, *, at: datetime, amount: str = "10.00") -> None:
    payment = payment_of(purchase)
    with transaction.atomic():
        dispute_news(
            transaction=locked_payment(payment.pk),
            notice=news(payment, told, at=at, amount=amount, case=f"case-{payment.pk}"),
            now=at,
        )


def hear(purchase: Purchase, *, now: datetime) -> Purchase:
    """The news of the payment arrive."""
    assert purchase.transaction_id is not None
    purchases.follow_payment(transaction_id=purchase.transaction_id, now=now)
    return Purchase.objects.get(pk=purchase.pk)


def may_see(profile: Profile, item: Item, *, now: datetime) -> bool:
    [access] = entitlements.access_to(profile.pk, [thing_of(item, profile)], now=now)
    return access.allowed


def wallet(profile: Profile) -> str:
    return str(ledger.balance_of(postings.wallet(profile.pk), "USD").decimal)


def earned(creator: Profile) -> str:
    return str(ledger.balance_of(postings.creator_payable(creator.pk), "USD").decimal)


def moved() -> tuple[int, int, int]:
    """What would be more if something had been bought."""
    return Purchase.objects.count(), Transaction.objects.count(), Entry.objects.count()
