"""Buying: what it costs, what it opens, and every way in which it is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from django.db import connections, transaction

from apps.accounts import errors as accounts_errors
from apps.accounts import services as accounts
from apps.accounts.choices import AgeState
from apps.accounts.models import Profile
from apps.clusters.models import Cluster
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.entitlements import services as entitlements
from apps.finance.entitlements.choices import Scope
from apps.finance.payments import errors as payments_errors
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Transaction
from apps.finance.purchases import errors
from apps.finance.purchases import services as purchases
from apps.finance.purchases.choices import PurchaseState
from apps.finance.purchases.models import Item, Purchase
from apps.notifications.models import Message
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.finance.payments.refunding import books_are_balanced
from tests.finance.purchases.selling import (
    a_message,
    an_item,
    begun,
    bought,
    earned,
    hear,
    may_see,
    moved,
    pay,
    payment_of,
    usd,
    wallet,
    wish,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(creator: Profile, now: datetime) -> Item:
    return an_item(creator, now=now)


class TestFromTheWallet:
    def test_it_is_paid_booked_and_open_at_once(
        self, fan: Profile, creator: Profile, item: Item, now: datetime
    ) -> None:
        given.a_funded_wallet(fan, "50.00", now=now)

        purchase = purchases.buy_from_wallet(wish(fan, item), now=now)

        assert (purchase.state, purchase.paid_at) == (PurchaseState.PAID, now)
        assert (wallet(fan), earned(creator)) == ("40.00", "8.00")
        assert may_see(fan, item, now=now)
        payment = payment_of(purchase)
        assert (payment.kind, payment.subject) == ("CONTENT", f"item:{item.pk}")
        assert books_are_balanced()

    def test_news_that_come_later_change_nothing(
        self, fan: Profile, creator: Profile, item: Item, now: datetime
    ) -> None:
        given.a_funded_wallet(fan, "50.00", now=now)
        purchase = purchases.buy_from_wallet(wish(fan, item), now=now)

        assert hear(purchase, now=now).state == PurchaseState.PAID
        assert (wallet(fan), earned(creator)) == ("40.00", "8.00")
        assert Message.objects.filter(kind="purchase.receipt").count() == 1

    def test_the_same_key_buys_once(
        self, fan: Profile, creator: Profile, item: Item, now: datetime
    ) -> None:
        given.a_funded_wallet(fan, "50.00", now=now)
        first = purchases.buy_from_wallet(wish(fan, item, key="once"), now=now)

        assert purchases.buy_from_wallet(wish(fan, item, key="once"), now=now) == first
        other = an_item(creator, now=now)
        with pytest.raises(errors.KeyReused):
            purchases.buy_from_wallet(wish(fan, other, key="once"), now=now)
        assert (wallet(fan), Purchase.objects.count()) == ("40.00", 1)

    def test_too_little_money_leaves_nothing(
        self, fan: Profile, item: Item, now: datetime
    ) -> None:
        given.a_funded_wallet(fan, "20.00", now=now)
        purchases.buy_from_wallet(wish(fan, an_item(item.creator, "15.00", now=now)), now=now)
        before = moved()

        with pytest.raises(payments_errors.InsufficientWallet):
            purchases.buy_from_wallet(wish(fan, item), now=now)

        assert moved() == before
        assert wallet(fan) == "5.00"
        assert not may_see(fan, item, now=now)


class TestByCard:
    def test_it_opens_when_the_payment_is_captured(
        self, fan: Profile, creator: Profile, item: Item, now: datetime
    ) -> None:
        purchase = begun(fan, item, now=now)
        assert purchase.state == PurchaseState.PENDING
        assert payment_of(purchase).status == Status.REQUIRES_ACTION
        assert not may_see(fan, item, now=now)

        pay(purchase, now=now)
        assert hear(purchase, now=now).state == PurchaseState.PAID
        assert may_see(fan, item, now=now)
        assert earned(creator) == "8.00"
        assert hear(purchase, now=now).paid_at == now
        assert books_are_balanced()

    def test_the_price_is_the_one_that_was_seen(
        self, fan: Profile, creator: Profile, item: Item, now: datetime
    ) -> None:
        purchase = begun(fan, item, now=now)
        purchases.change_price(item_id=item.pk, creator=creator, price=usd("20.00"), now=now)

        pay(purchase, now=now)

        assert payment_of(purchase).price == usd("10.00")
        assert [row.price for row in item.prices.order_by("id")] == [usd("10.00"), usd("20.00")]

    def test_a_brand_that_takes_no_cards_leaves_nothing(
        self, fan: Profile, item: Item, now: datetime
    ) -> None:
        before = moved()

        with pytest.raises(payments_errors.NoMerchantAccount):
            purchases.start_purchase(wish(fan, item), now=now)

        assert moved() == before

    def test_another_try_takes_the_place_of_one_that_nobody_paid(
        self, fan: Profile, item: Item, now: datetime
    ) -> None:
        first, second = begun(fan, item, now=now), begun(fan, item, now=now)

        assert Purchase.objects.get(pk=first.pk).state == PurchaseState.ABANDONED
        assert second.state == PurchaseState.PENDING

    @pytest.mark.parametrize("status", [Status.PROCESSING, Status.AUTHORISED, Status.UNKNOWN])
    def test_while_a_payment_is_on_its_way_no_other_is_begun(
        self, fan: Profile, item: Item, now: datetime, status: Status
    ) -> None:
        purchase = begun(fan, item, now=now)
        Transaction.objects.filter(pk=payment_of(purchase).pk).update(status=status)
        before = moved()

        with pytest.raises(errors.PaymentUnderWay):
            begun(fan, item, now=now)

        assert moved() == before

    def test_the_same_key_is_the_same_payment(
        self, fan: Profile, item: Item, now: datetime
    ) -> None:
        first = begun(fan, item, now=now, key="once")

        assert begun(fan, item, now=now, key="once") == first
        assert Transaction.objects.count() == 1

    def test_somebody_elses_key_does_not_stand_in_the_way(
        self, fan: Profile, item: Item, now: datetime
    ) -> None:
        assert begun(fan, item, now=now, key="k") != begun(
            ProfileFactory.create(), item, now=now, key="k"
        )


def _own(fan: Profile, item: Item, now: datetime) -> purchases.Wish:
    return wish(item.creator, item)


def _unknown(fan: Profile, item: Item, now: datetime) -> purchases.Wish:
    return purchases.Wish(fan, 404, usd("10.00"), "key")


def _of_another_brand(fan: Profile, item: Item, now: datetime) -> purchases.Wish:
    return wish(ProfileFactory.create(cluster=Cluster.objects.get(slug="girlfanz")), item)


def _archived(fan: Profile, item: Item, now: datetime) -> purchases.Wish:
    purchases.archive_item(item_id=item.pk, creator=item.creator, now=now)
    return wish(fan, item)


def _of_one_who_left(fan: Profile, item: Item, now: datetime) -> purchases.Wish:
    type(item.creator.user).objects.filter(pk=item.creator.user_id).update(is_active=False)
    return wish(fan, item)


def _bought(fan: Profile, item: Item, now: datetime) -> purchases.Wish:
    bought(fan, item, now=now)
    return wish(fan, item)


def _captured_unheard(fan: Profile, item: Item, now: datetime) -> purchases.Wish:
    pay(begun(fan, item, now=now), now=now)
    return wish(fan, item)


def _other_currency(fan: Profile, item: Item, now: datetime) -> purchases.Wish:
    return purchases.Wish(fan, item.pk, Money.of("10.00", "EUR"), "key")


def _price_changed(fan: Profile, item: Item, now: datetime) -> purchases.Wish:
    seen = wish(fan, item)
    purchases.change_price(item_id=item.pk, creator=item.creator, price=usd("9.00"), now=now)
    return seen


def _aged(state: str) -> Callable[..., purchases.Wish]:
    def buyer(fan: Profile, item: Item, now: datetime) -> purchases.Wish:
        accounts.record_age_check(user=fan.user, state=state, by=None, reason="proof", now=now)
        return wish(fan, item)

    buyer.__name__ = state.lower()
    return buyer


def _message_to_another(fan: Profile, item: Item, now: datetime) -> purchases.Wish:
    return wish(fan, a_message(item.creator, now=now, recipient=ProfileFactory.create()))


def _message_to_subscribers(fan: Profile, item: Item, now: datetime) -> purchases.Wish:
    return wish(fan, a_message(item.creator, now=now))


def _bad_key(fan: Profile, item: Item, now: datetime) -> purchases.Wish:
    return purchases.Wish(fan, item.pk, item.price, "")


@pytest.mark.parametrize("way", [purchases.buy_from_wallet, purchases.start_purchase])
@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (_unknown, errors.ItemNotFound),
        (_of_another_brand, errors.ItemNotFound),
        (_own, errors.OwnItem),
        (_archived, errors.ItemArchived),
        (_of_one_who_left, errors.ItemArchived),
        (_bought, errors.AlreadyBought),
        (_captured_unheard, errors.AlreadyBought),
        (_other_currency, errors.CurrencyDiffers),
        (_price_changed, errors.PriceChanged),
        (_aged(AgeState.UNKNOWN), accounts_errors.AgeNotVerified),
        (_aged(AgeState.MINOR), accounts_errors.Underage),
        (_message_to_another, errors.MessageNotForYou),
        (_message_to_subscribers, errors.SubscribersOnly),
        (_bad_key, payments_errors.BadKey),
    ],
)
def test_a_refusal_is_clear_and_moves_nothing(
    *,
    fan: Profile,
    item: Item,
    now: datetime,
    way: Any,
    asked: Callable[..., purchases.Wish],
    refusal: type[DomainError],
) -> None:
    given.a_funded_wallet(fan, "50.00", now=now)
    wanted = asked(fan, item, now)
    before, had = moved(), wallet(fan)

    with pytest.raises(refusal):
        way(wanted, now=now)

    assert (moved(), wallet(fan)) == (before, had)


class TestMessages:
    def test_the_one_it_is_for_may_buy_it(
        self, fan: Profile, creator: Profile, now: datetime
    ) -> None:
        message = a_message(creator, now=now, recipient=fan)

        purchase = bought(fan, message, now=now)

        assert payment_of(purchase).kind == "MESSAGE"
        assert may_see(fan, message, now=now)

    def test_subscribers_may_buy_what_is_for_subscribers(
        self, fan: Profile, creator: Profile, now: datetime
    ) -> None:
        message = a_message(creator, now=now)
        with transaction.atomic():
            entitlements.grant(
                entitlements.Grant(
                    fan.pk, creator.pk, fan.cluster_id, Scope.CREATOR, "subscription:1"
                ),
                now=now,
            )

        bought(fan, message, now=now)

        assert may_see(fan, message, now=now)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_buy_once(now: datetime) -> None:
    fan, creator = ProfileFactory.create(), CreatorFactory.create()
    item = an_item(creator, now=now)
    given.a_funded_wallet(fan, "50.00", now=now)
    start = threading.Barrier(6)

    def buy(number: int) -> str:
        start.wait()
        try:
            purchases.buy_from_wallet(wish(fan, item, key=f"key-{number % 3}"), now=now)
        except errors.AlreadyBought:
            return "refused"
        finally:
            connections.close_all()
        return "bought"

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(buy, range(6)))

    # The two that came with the key of the one that won are told of it.
    assert answers == ["bought"] * 2 + ["refused"] * 4
    assert (wallet(fan), earned(creator)) == ("40.00", "8.00")
    assert Purchase.objects.count() == 1
