"""Pages of gifts: the total is shown before it is paid, and only who may take one does."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments.choices import Method
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.choices import GiftState
from apps.finance.subscriptions.models import Gift, Price, Subscription
from apps.storefront.templatetags.offering import gift_state, may_be_paid
from apps.storefront.views import gifts as gifts_page
from tests import given
from tests.conftest import BRAND_HOST
from tests.factories.accounts import ProfileFactory
from tests.factories.payments import MerchantAccountFactory
from tests.factories.subscriptions import PriceFactory

pytestmark = pytest.mark.django_db
GIVE = "/@a-creator/gift/"


@pytest.fixture
def price(creator: Profile) -> Price:
    return PriceFactory.create(plan__creator=creator, months=3, amount="24.00")


@pytest.fixture
def giver(fan: Profile) -> Profile:
    given.a_funded_wallet(fan, "50.00", now=timezone.now())
    return fan


def browser(profile: Profile) -> Client:
    client = Client(headers={"host": BRAND_HOST})
    client.force_login(profile.user)
    return client


def _text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def _wallet(profile: Profile) -> str:
    return str(ledger.balance_of(postings.wallet(profile.pk), "USD").decimal)


def _wish(price: Price, **changes: str) -> dict[str, str]:
    return {
        "price": str(price.public_id),
        "method": "WALLET",
        "to": "",
        "message": "Enjoy",
        "key": str(uuid.uuid4()),
        **changes,
    }


def test_the_total_is_shown_before_anything_is_taken(giver: Profile, price: Price) -> None:
    client = browser(giver)
    assert "3 months, $24.00" in _text(client.get(GIVE))
    shown = client.post(GIVE, _wish(price))
    assert "Pay $24.00" in _text(shown)
    assert (_wallet(giver), Gift.objects.count()) == ("50.00", 0)
    [seen] = re.findall(r'name="seen" value="(\d+)"', shown.content.decode())
    assert client.post(GIVE, _wish(price, seen="1")).status_code == 200
    assert Gift.objects.count() == 0
    paid = client.post(GIVE, _wish(price, seen=seen))
    assert paid.headers["Location"] == "/gifts/"
    gift = Gift.objects.get()
    assert (_wallet(giver), gift.state) == ("26.00", GiftState.PAID)
    assert gift.code in _text(client.get("/gifts/"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"to": "@nobody-here"}, "Nobody on this brand has this name"),
        ({"to": "a-fan"}, "A gift is for somebody else"),
        ({"price": "x"}, "Select a valid choice"),
        ({"method": "CASH"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_given_is_said_and_nothing_moves(
    giver: Profile, price: Price, changes: dict[str, str], words: str
) -> None:
    answer = browser(giver).post(GIVE, {**_wish(price, seen="2400"), **changes})
    assert answer.status_code == 422
    assert words in _text(answer)
    assert (_wallet(giver), Gift.objects.count()) == ("50.00", 0)


def test_too_little_in_the_wallet_is_said(price: Price) -> None:
    poor = ProfileFactory.create()
    answer = browser(poor).post(GIVE, _wish(price, seen="2400"))
    assert answer.status_code == 422
    assert "does not hold enough" in _text(answer)
    assert not Gift.objects.exists()


def test_one_that_names_a_fan_is_taken_with_one_click(
    giver: Profile, price: Price, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    taker = ProfileFactory.create()
    for number in range(2):
        subscriptions.buy_gift(
            giver=giver,
            price=price,
            method=Method.WALLET,
            idempotency_key=f"gift-{number}",
            now=timezone.now(),
            to=taker,
        )
    gift, _ = Gift.objects.order_by("id")
    client = browser(taker)
    with django_assert_max_num_queries(9):
        shown = _text(client.get("/gifts/"))
    assert gift.code not in shown
    taken = client.post("/gifts/take/", {"gift": str(gift.public_id)})
    row = Subscription.objects.get()
    assert taken.headers["Location"] == f"/subscriptions/{row.public_id}/"
    assert client.get(taken.headers["Location"]).status_code == 200


def test_a_code_is_taken_by_whoever_knows_it_and_once(giver: Profile, price: Price) -> None:
    gift = subscriptions.buy_gift(
        giver=giver, price=price, method=Method.WALLET, idempotency_key="g", now=timezone.now()
    )
    first, second = browser(ProfileFactory.create()), browser(ProfileFactory.create())
    assert first.post("/gifts/take/", {"code": ""}).status_code == 422
    wrong = first.post("/gifts/take/", {"code": "AAAA-AAAA-AAAA-AAAA"})
    assert "There is no such gift" in _text(wrong)
    assert first.post("/gifts/take/", {"code": gift.code.lower()}).status_code == 302
    late = second.post("/gifts/take/", {"code": gift.code})
    assert (late.status_code, Subscription.objects.count()) == (422, 1)
    assert "taken already" in _text(late)


def test_pages_without_gifts_say_how_to_begin(fan: Profile, creator: Profile) -> None:
    assert "You gave nothing yet" in _text(browser(fan).get("/gifts/"))
    assert "Nothing to give yet" in _text(browser(fan).get(GIVE))
    assert "This is you" in _text(browser(creator).get(GIVE))
    assert browser(fan).get("/@nobody/gift/").status_code == 404


def test_a_card_is_paid_on_the_payments_own_page(fan: Profile, price: Price) -> None:
    MerchantAccountFactory.of(fan.cluster)
    client = browser(fan)
    answer = client.post(GIVE, _wish(price, method="CARD", seen="2400"))
    gift = Gift.objects.get()
    assert gift.transaction is not None
    assert answer.headers["Location"] == f"/checkout/{gift.transaction.public_id}/"
    assert gift.state == GiftState.INCOMPLETE
    assert gift.transaction.amount == Money.of("24.00", "USD")
    assert "Not paid yet" in _text(client.get("/gifts/"))


def test_what_waits_is_never_hidden_by_what_was_taken(
    giver: Profile, price: Price, monkeypatch: pytest.MonkeyPatch
) -> None:
    taker = ProfileFactory.create()
    monkeypatch.setattr(gifts_page, "TAKEN", 1)
    waits, taken = (
        subscriptions.buy_gift(
            giver=giver,
            price=PriceFactory.create(amount="5.00"),
            method=Method.WALLET,
            to=taker,
            idempotency_key=f"gift-{number}",
            now=timezone.now(),
        )
        for number in range(2)
    )
    subscriptions.take_gift(fan=taker, gift_id=taken.public_id, now=timezone.now())
    page = browser(taker).get("/gifts/").content.decode()
    assert str(waits.public_id) in page
    assert page.index(str(waits.public_id)) < page.index("Taken")


@pytest.mark.parametrize(
    ("state", "status", "shown"),
    [
        (GiftState.INCOMPLETE, "REQUIRES_ACTION", ("Not paid yet", True)),
        (GiftState.INCOMPLETE, "EXPIRED", ("Not paid", False)),
        (GiftState.INCOMPLETE, "FAILED", ("Not paid", False)),
        (GiftState.TAKEN, "DISPUTED", ("Disputed", False)),
        (GiftState.TAKEN, "REFUNDED", ("Given back", False)),
        (GiftState.TAKEN, "CAPTURED", ("Taken", False)),
    ],
)
def test_its_giver_sees_what_became_of_its_payment(
    giver: Profile, price: Price, state: GiftState, status: str, shown: tuple[str, bool]
) -> None:
    MerchantAccountFactory.of(giver.cluster)
    gift = subscriptions.buy_gift(
        giver=giver,
        price=price,
        method=Method.CARD,
        idempotency_key="gift-1",
        now=timezone.now(),
    )
    assert gift.transaction is not None
    gift.state, gift.transaction.status = state, status  # as they are shown, without their past
    words, may_pay = shown
    assert f">{words}</span>" in gift_state(gift)
    assert may_be_paid(gift) is may_pay


def test_codes_of_gifts_are_guessed_ten_times_and_no_more(giver: Profile, price: Price) -> None:
    gift = subscriptions.buy_gift(
        giver=giver,
        price=price,
        method=Method.WALLET,
        idempotency_key="gift-1",
        now=timezone.now(),
    )
    client = browser(ProfileFactory.create())
    for number in range(10):
        wrong = client.post("/gifts/take/", {"code": f"AAAA-BBBB-CCCC-{number + 2222}"})
        assert "There is no such gift" in _text(wrong)
    answer = client.post("/gifts/take/", {"code": gift.code})
    assert "too many tries" in _text(answer)
    assert not Subscription.objects.exists()
    other = browser(ProfileFactory.create()).post("/gifts/take/", {"code": gift.code})
    assert other.status_code == 302
