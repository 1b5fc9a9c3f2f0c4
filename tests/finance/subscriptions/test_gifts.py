"""Gifts: paid by one, taken once by another, given back when nobody does."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given as for_all
from hypothesis import strategies as st

from apps.accounts.errors import AgeNotVerified
from apps.accounts.models import Profile
from apps.clusters.models import Cluster
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.entitlements.models import Entitlement
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import services as payments
from apps.finance.payments.adapters.base import Told
from apps.finance.payments.choices import Method, Status
from apps.finance.payments.models import Transaction
from apps.finance.subscriptions import errors
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.choices import EndReason, GiftState, RenewsBy, State
from apps.finance.subscriptions.models import Gift, Period, Price, Subscription
from apps.finance.subscriptions.rules import gifts as rules
from apps.finance.subscriptions.services import gifts
from apps.finance.subscriptions.services.gift_staff import return_gift_for
from apps.notifications.models import Message
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory, UserFactory
from tests.factories.payments import MerchantAccountFactory
from tests.factories.subscriptions import PlanFactory, PriceFactory
from tests.finance.payments.refunding import a_policy
from tests.finance.payments.test_disputes import hear
from tests.finance.subscriptions.priced import live
from tests.finance.subscriptions.test_plans_api import client_of, send
from tests.given_subscriptions import delivered

GIFTS = "/api/v1/gifts/"
THREADS = 8


@pytest.fixture
def giver(boyfanz: Cluster, now: datetime) -> Profile:
    profile: Profile = ProfileFactory.create(cluster=boyfanz, handle="a-giver")
    given.a_funded_wallet(profile, "50.00", now=now)
    return profile


@pytest.fixture
def price(creator: Profile) -> Price:
    return PriceFactory.create(plan__creator=creator, months=3, amount="24.00")


def _give(giver: Profile, price: Price, now: datetime, **changes: Any) -> Gift:
    wish = {
        "giver": giver,
        "price": price,
        "method": Method.WALLET,
        "idempotency_key": "give-1",
        "now": now,
    }
    return subscriptions.buy_gift(**{**wish, **changes})


def _wallet(profile: Profile) -> Money:
    return ledger.balance_of(postings.wallet(profile.pk), "USD")


def _earned(profile: Profile) -> Money:
    return ledger.balance_of(postings.creator_payable(profile.pk), "USD")


@pytest.mark.django_db
class TestGiving:
    def test_a_wallet_pays_once_and_both_are_told(
        self, giver: Profile, fan: Profile, price: Price, now: datetime
    ) -> None:
        gift = _give(giver, price, now, to=fan, message="Enjoy")
        assert _give(giver, price, now, to=fan).pk == gift.pk
        assert _wallet(giver) == Money.of("26.00", "USD")
        assert _earned(price.plan.creator).minor > 0
        paid = gift.transaction
        assert paid is not None
        assert (paid.status, paid.subject) == (Status.CAPTURED, f"gift:{gift.pk}")
        assert (gift.state, gift.amount_minor, gift.taker) == (GiftState.PAID, 2400, fan)
        told = dict(
            Message.objects.filter(subject_ref=f"gift:{gift.pk}").values_list("kind", "user")
        )
        assert told == {"gift.given": giver.user_id, "gift.received": fan.user_id}
        assert not Subscription.objects.exists()

    def test_a_card_pays_later_and_a_repeated_word_changes_nothing(
        self, giver: Profile, price: Price, now: datetime
    ) -> None:
        MerchantAccountFactory.of(giver.cluster)
        gift = _give(giver, price, now, method=Method.CARD)
        assert gift.state == GiftState.INCOMPLETE
        with pytest.raises(errors.GiftNotFound):
            subscriptions.take_gift(fan=ProfileFactory.create(), code=gift.code, now=now)
        given.a_delivery(gift.transaction, now=now)
        payments.process_webhooks(now=now)
        for _ in range(2):
            delivered(now=timezone.now())
            assert gift.transaction is not None
            gifts.gift_paid(gift_id=gift.pk, transaction_id=gift.transaction_id or 0, now=now)
        gift.refresh_from_db()
        assert gift.state == GiftState.PAID
        assert Message.objects.filter(kind="gift.given").count() == 1

    def test_what_cannot_be_given_is_refused_and_nothing_moves(
        self, giver: Profile, price: Price, girlfanz: Cluster, now: datetime
    ) -> None:
        creator = price.plan.creator
        closed = PriceFactory.create(plan__status="ARCHIVED", plan__archived_at=now)
        replaced = PriceFactory.create(replaced_at=now)
        there = PriceFactory.create(plan__creator=CreatorFactory.create(cluster=girlfanz))
        dear = PriceFactory.create(amount="500.00")
        minor = ProfileFactory.create(user=UserFactory.create(age_state="UNKNOWN"))
        refused: list[tuple[dict[str, Any], type[DomainError]]] = [
            ({"price": closed}, errors.PlanArchived),
            ({"price": replaced}, errors.PriceReplaced),
            ({"price": there}, errors.PriceNotFound),
            ({"price": dear}, errors.WalletTooLow),
            ({"to": giver}, errors.GiftToOneself),
            ({"to": creator}, errors.OwnPlan),
            ({"to": ProfileFactory.create(cluster=girlfanz)}, errors.PriceNotFound),
            ({"giver": creator}, errors.OwnPlan),
            ({"giver": minor}, AgeNotVerified),
        ]
        for changes, error in refused:
            with pytest.raises(error):
                _give(**{"giver": giver, "price": price, "now": now, **changes})
        assert _wallet(giver) == Money.of("50.00", "USD")
        assert not Gift.objects.exists()
        assert not Transaction.objects.filter(kind="SUBSCRIPTION").exists()

    def test_a_key_gives_one_price(self, giver: Profile, price: Price, now: datetime) -> None:
        _give(giver, price, now)
        with pytest.raises(errors.KeyReused):
            _give(giver, PriceFactory.create(), now)
        assert _wallet(giver) == Money.of("26.00", "USD")


@pytest.mark.django_db
class TestTaking:
    def test_it_runs_for_what_was_paid_and_ends_by_itself(
        self, giver: Profile, fan: Profile, price: Price, now: datetime
    ) -> None:
        gift = _give(giver, price, now)
        typed = gift.code.lower().replace("-", " ")
        row = subscriptions.take_gift(fan=fan, code=typed, now=now)
        assert subscriptions.take_gift(fan=fan, code=gift.code, now=now).pk == row.pk
        row.refresh_from_db()
        until = datetime(2026, 4, 15, 12, tzinfo=UTC)
        assert (row.state, row.renews_by) == (State.ACTIVE, RenewsBy.NOBODY)
        assert (row.current_until, row.access_until, row.due_at) == (until, until, until)
        [period] = Period.objects.all()
        assert (period.kind, period.state, period.amount_minor) == ("GIFT", "PAID", 2400)
        [right] = Entitlement.objects.all()
        assert (right.profile, right.source, right.until_at) == (fan, row.source, until)
        gift.refresh_from_db()
        assert (gift.state, gift.subscription, gift.taker) == (GiftState.TAKEN, row, fan)
        assert _wallet(fan) == Money.zero("USD")

    def test_a_gift_takes_the_place_of_a_free_follow(
        self, giver: Profile, fan: Profile, price: Price, now: datetime
    ) -> None:
        free = PlanFactory.create(creator=price.plan.creator, is_free=True)
        follow = subscriptions.follow(fan=fan, plan=free, now=now, idempotency_key="f")
        subscriptions.take_gift(fan=fan, code=_give(giver, price, now).code, now=now)
        follow.refresh_from_db()
        assert follow.state == State.ENDED

    def test_who_may_not_take_it_is_refused_and_it_stays(
        self, giver: Profile, fan: Profile, price: Price, now: datetime
    ) -> None:
        creator, girlfanz = price.plan.creator, Cluster.objects.get(slug="girlfanz")
        gift = _give(giver, price, now)
        live(price, now, fan=fan)
        unknown = ProfileFactory.create(user=UserFactory.create(age_state="UNKNOWN"))
        for who, error in [
            (giver, errors.GiftToOneself),
            (creator, errors.OwnPlan),
            (fan, errors.AlreadySubscribed),
            (unknown, AgeNotVerified),
            (ProfileFactory.create(cluster=girlfanz), errors.GiftNotFound),
        ]:
            with pytest.raises(error):
                subscriptions.take_gift(fan=who, code=gift.code, now=now)
        with pytest.raises(errors.GiftNotFound):
            subscriptions.take_gift(fan=fan, code="AAAA-AAAA-AAAA-AAAA", now=now)
        with pytest.raises(errors.GiftNotFound):
            subscriptions.take_gift(fan=fan, gift_id=gift.public_id, now=now)
        gift.refresh_from_db()
        assert (gift.state, Subscription.objects.count()) == (GiftState.PAID, 1)

    def test_one_that_is_addressed_is_for_nobody_else(
        self, giver: Profile, fan: Profile, price: Price, now: datetime
    ) -> None:
        gift = _give(giver, price, now, to=fan)
        other = ProfileFactory.create()
        with pytest.raises(errors.GiftNotFound):
            subscriptions.take_gift(fan=other, code=gift.code, now=now)
        subscriptions.take_gift(fan=fan, gift_id=gift.public_id, now=now)
        with pytest.raises(errors.GiftTaken):
            subscriptions.take_gift(fan=other, code=gift.code, now=now)

    def test_money_that_goes_back_takes_the_gift_back(
        self, giver: Profile, fan: Profile, price: Price, now: datetime
    ) -> None:
        waiting = _give(giver, price, now)
        taken = _give(giver, price, now, idempotency_key="give-2")
        row = subscriptions.take_gift(fan=fan, code=taken.code, now=now)
        for gift in (waiting, taken, taken):
            gifts.gift_refunded(gift_id=gift.pk, why=EndReason.REFUNDED, now=now)
        waiting.refresh_from_db()
        row.refresh_from_db()
        assert waiting.state == GiftState.RETURNED
        assert (row.state, row.end_reason) == (State.ENDED, EndReason.REFUNDED)


@pytest.mark.django_db
class TestReturning:
    def test_what_nobody_takes_for_60_days_goes_back_to_the_wallet_once(
        self, giver: Profile, fan: Profile, price: Price, now: datetime
    ) -> None:
        gift, taken = (_give(giver, price, now, idempotency_key=key) for key in ("a", "b"))
        subscriptions.take_gift(fan=fan, code=taken.code, now=now)
        day = now + rules.TAKE_WITHIN
        assert subscriptions.return_gifts(now=day - timedelta(seconds=1)) == 0
        assert subscriptions.return_gifts(now=day) == 1
        assert subscriptions.return_gifts(now=day) == 0
        gift.refresh_from_db()
        assert gift.state == GiftState.RETURNED
        assert _wallet(giver) == Money.of("26.00", "USD")
        with pytest.raises(errors.GiftOver):
            subscriptions.take_gift(fan=ProfileFactory.create(), code=gift.code, now=day)
        told = Message.objects.get(kind="gift.returned")
        assert (told.user_id, told.context["amount"]) == (giver.user_id, "$24.00")

    def test_one_that_cannot_go_back_can_be_taken_and_stops_no_other(
        self, giver: Profile, fan: Profile, price: Price, staff: Any, now: datetime
    ) -> None:
        a_policy(now=now, four_eyes_from_minor=1)
        asked, other = (_give(giver, price, now, idempotency_key=key) for key in ("a", "b"))
        day = now + rules.TAKE_WITHIN
        # It waits for a second person: all of its payment is spoken for.
        return_gift_for(gift_id=asked.public_id, by=staff("finance"), reason="Asked", now=day)
        assert subscriptions.return_gifts(now=day, limit=1) == 0
        assert subscriptions.return_gifts(now=day, limit=1) == 1
        asked.refresh_from_db()
        other.refresh_from_db()
        assert (asked.state, other.state) == (GiftState.PAID, GiftState.RETURNED)
        assert asked.return_due_at == day + timedelta(days=1)
        assert Message.objects.filter(kind="gift.returned").count() == 1
        taken = subscriptions.take_gift(fan=fan, code=asked.code, now=day)
        assert taken.state == State.ACTIVE

    @pytest.mark.parametrize("words", [["CHARGEBACK"], ["INQUIRY", "CHARGEBACK_LOST"]])
    def test_a_bank_that_takes_the_money_takes_the_gift_until_it_is_won(
        self, giver: Profile, fan: Profile, price: Price, words: list[str], now: datetime
    ) -> None:
        MerchantAccountFactory.of(giver.cluster)
        gift = _give(giver, price, now, method=Method.CARD)
        given.a_delivery(gift.transaction, now=now)
        payments.process_webhooks(now=now)
        delivered(now=now)
        for number, word in enumerate(words):
            at = now + timedelta(hours=number)
            hear(gift.transaction, Told[word], at=at, amount="24.00", now=now)
        delivered(now=now)
        gift.refresh_from_db()
        assert gift.state == GiftState.RETURNED
        assert not Message.objects.filter(kind="gift.returned").exists()
        with pytest.raises(errors.GiftOver):
            subscriptions.take_gift(fan=fan, code=gift.code, now=now)

        won = now + timedelta(days=1)
        hear(gift.transaction, Told.CHARGEBACK_WON, at=won, now=won)
        delivered(now=won)
        taken = subscriptions.take_gift(fan=fan, code=gift.code, now=won)
        assert taken.state == State.ACTIVE

        again = won + timedelta(days=1)
        hear(gift.transaction, Told.CHARGEBACK, at=again, amount="24.00", now=again)
        delivered(now=again)
        taken.refresh_from_db()
        assert (taken.state, taken.end_reason) == (State.ENDED, EndReason.CHARGEBACK)


@pytest.mark.django_db
class TestHttp:
    def test_a_fan_gives_and_another_takes(
        self, giver: Profile, fan: Profile, price: Price,
        django_assert_max_num_queries: Callable[..., Any],
    ) -> None:  # fmt: skip
        made = send(
            giver, GIFTS, {"price": str(price.public_id), "method": "WALLET", "to": "@A-Fan"}
        )
        assert made.status_code == 201, made.json()
        gift = made.json()["gift"]
        assert (gift["state"], gift["taker"], made.json()["next_action"]) == (
            "PAID",
            "a-fan",
            None,
        )
        assert gift["amount"] == {"amount": "24.00", "currency": "USD"}
        [seen] = client_of(fan).get(f"{GIFTS}received/").json()["results"]
        assert (seen["code"], seen["amount"]) == (None, None)
        taken = send(fan, f"{GIFTS}take/", {"gift": gift["id"]})
        assert (taken.status_code, taken.json()["state"]) == (201, "ACTIVE")
        client = client_of(giver)
        with django_assert_max_num_queries(5):
            [listed] = client.get(GIFTS).json()["results"]
        assert (listed["state"], listed["code"]) == ("TAKEN", gift["code"])
        assert client.get(f"{GIFTS}{gift['id']}/").json() == listed

    def test_what_is_other_peoples_is_not_found(
        self, giver: Profile, price: Price, now: datetime
    ) -> None:
        gift = _give(giver, price, now)
        stranger = ProfileFactory.create()
        assert client_of(stranger).get(f"{GIFTS}{gift.public_id}/").status_code == 404
        assert client_of(stranger).get(GIFTS).json()["results"] == []
        assert send(stranger, f"{GIFTS}take/", {"gift": str(gift.public_id)}).status_code == 404
        assert send(stranger, f"{GIFTS}take/", {}).status_code == 404
        wish = {"price": str(price.public_id), "method": "WALLET", "to": "nobody-here"}
        assert send(giver, GIFTS, wish).json()["code"] == "subscriptions.taker_not_found"
        lost = {**wish, "to": "", "price": str(uuid.uuid4())}
        assert send(giver, GIFTS, lost).status_code == 404
        assert Gift.objects.count() == 1


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_one_key_pays_once_and_one_code_is_taken_by_one(
        self, giver: Profile, price: Price, now: datetime
    ) -> None:
        given_at_once = _at_once(lambda _: _give(giver, price, now).pk)
        assert len(set(given_at_once)) == 1
        assert _wallet(giver) == Money.of("26.00", "USD")
        gift = Gift.objects.get()
        fans = ProfileFactory.create_batch(THREADS)
        answers = _at_once(
            lambda i: subscriptions.take_gift(fan=fans[i], code=gift.code, now=now).state
        )
        assert Counter(answers) == {"ACTIVE": 1, "subscriptions.gift_taken": THREADS - 1}
        assert Subscription.objects.count() == 1


@for_all(st.text(max_size=60))
def test_any_text_reads_as_some_code_and_reading_twice_is_reading_once(text: str) -> None:
    assert rules.as_code(rules.as_code(text)) == rules.as_code(text)


@for_all(st.integers(0, 10**18 - 1))
def test_a_subject_is_read_back(gift_id: int) -> None:
    assert rules.read(rules.subject_of(gift_id)) == gift_id
    assert rules.read(f"subscription:{gift_id}:period:1") is None


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
