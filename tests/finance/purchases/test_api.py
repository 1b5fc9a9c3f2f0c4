"""Items, purchases and goals over HTTP: shapes, refusals, who may what, and what lists cost."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apps.accounts.models import Profile
from apps.clusters.models import Cluster
from apps.finance.purchases import services as purchases
from apps.finance.purchases.models import Goal, Item, Purchase
from tests import given
from tests.factories.accounts import CreatorFactory
from tests.factories.payments import MerchantAccountFactory
from tests.finance.purchases.selling import (
    a_message,
    an_item,
    begun,
    earned,
    moved,
    usd,
    wallet,
)

pytestmark = pytest.mark.django_db
ITEMS, PURCHASES, GOALS = "/api/v1/items/", "/api/v1/purchases/", "/api/v1/goals/"
TEN = {"amount": "10.00", "currency": "USD"}


@pytest.fixture
def item(creator: Profile, now: datetime) -> Item:
    return an_item(creator, now=now)


def post(api: APIClient, path: str, body: dict[str, Any], key: str = "") -> Any:
    key = key or uuid.uuid4().hex
    return api.post(path, body, format="json", headers={"Idempotency-Key": key})


def as_(api: APIClient, who: Profile) -> APIClient:
    api.force_authenticate(who.user)
    return api


class TestItems:
    def test_a_creator_sells_changes_and_archives(self, api: APIClient, creator: Profile) -> None:
        as_(api, creator)
        made = post(api, ITEMS, {"kind": "CONTENT", "title": " A  video ", "price": TEN})
        assert (made.status_code, made.data["title"]) == (201, "A video")
        here = f"{ITEMS}{made.data['id']}/"

        twelve = {"amount": "12.00", "currency": "USD"}
        changed = api.patch(here, {"price": twelve}, format="json")
        assert (changed.status_code, changed.data["price"]) == (200, twelve)
        assert api.post(f"{here}archive/").data["status"] == "ARCHIVED"
        assert [row["status"] for row in api.get(ITEMS).data["results"]] == ["ARCHIVED"]

    def test_a_fan_sees_the_price_and_why_it_is_closed(
        self, api: APIClient, fan: Profile, item: Item
    ) -> None:
        answer = as_(api, fan).get(f"{ITEMS}{item.public_id}/")

        assert answer.data["item"]["price"] == TEN
        assert answer.data["access"] == {"allowed": False, "why": "NOT_BOUGHT", "until": None}

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"title": "   "}, None),
            ({"price": {"amount": "0.50", "currency": "USD"}}, "purchases.price_out_of_range"),
            ({"price": {"amount": "1.00", "currency": "BTC"}}, "purchases.price_out_of_range"),
            ({"kind": "MESSAGE"}, "purchases.audience_malformed"),
            ({"recipient": "a-fan"}, "purchases.audience_malformed"),
            ({"kind": "MESSAGE", "audience": "ONE", "recipient": "nobody"},
             "purchases.audience_malformed"),
            ({"kind": "MESSAGE", "audience": "ONE", "recipient": "a-creator"},
             "purchases.audience_malformed"),
        ],
    )  # fmt: skip
    def test_what_does_not_fit_is_refused(
        self, *, api: APIClient, creator: Profile, wrong: dict[str, Any], code: str | None
    ) -> None:
        body = {"kind": "CONTENT", "title": "A video", "price": TEN} | wrong

        answer = post(as_(api, creator), ITEMS, body)

        assert answer.status_code in {400, 422}
        assert code is None or answer.json()["code"] == code
        assert not Item.objects.exists()


class TestBuying:
    def test_from_the_wallet(
        self, api: APIClient, fan: Profile, creator: Profile, item: Item, now: datetime
    ) -> None:
        given.a_funded_wallet(fan, "50.00", now=now)
        body = {"item": str(item.public_id), "price_seen": TEN, "method": "WALLET"}

        first = post(as_(api, fan), PURCHASES, body, "once")
        again = post(api, PURCHASES, body, "once")

        assert (first.status_code, again.json()) == (201, first.json())
        assert first.data["purchase"]["state"] == "PAID"
        assert first.data["transaction"]["status"] == "CAPTURED"
        assert (wallet(fan), earned(creator)) == ("40.00", "8.00")
        found = api.get(f"{PURCHASES}{first.data['purchase']['id']}/")
        assert found.data["state"] == "PAID"
        assert api.get(f"{ITEMS}{item.public_id}/").data["access"]["why"] == "BOUGHT"

    @pytest.mark.parametrize(
        ("change", "status", "code"),
        [
            ({"item": str(uuid.uuid4())}, 404, "purchases.item_not_found"),
            ({"price_seen": {"amount": "9.00", "currency": "USD"}}, 409,
             "purchases.price_changed"),
            ({"price_seen": {"amount": "10.00", "currency": "EUR"}}, 422,
             "purchases.currency_differs"),
        ],
    )  # fmt: skip
    def test_refusals_have_their_codes(
        self,
        *,
        api: APIClient,
        fan: Profile,
        item: Item,
        now: datetime,
        change: dict[str, Any],
        status: int,
        code: str,
    ) -> None:
        given.a_funded_wallet(fan, "50.00", now=now)
        before = moved()
        body = {"item": str(item.public_id), "price_seen": TEN, "method": "WALLET"}

        answer = post(as_(api, fan), PURCHASES, body | change)

        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert (moved(), wallet(fan)) == (before, "50.00")


class TestGoals:
    def test_one_is_opened_given_to_and_closed(
        self, api: APIClient, fan: Profile, creator: Profile, now: datetime
    ) -> None:
        given.a_funded_wallet(fan, "50.00", now=now)
        opened = post(as_(api, creator), GOALS, {"title": "A bed", "target": TEN})
        assert opened.status_code == 201
        here = f"{GOALS}{opened.data['id']}/"

        tip = post(as_(api, fan), f"{here}tips/", {"amount": TEN, "method": "WALLET"})
        assert (tip.status_code, tip.data["transaction"]["status"]) == (201, "CAPTURED")
        [row] = api.get(f"{GOALS}?creator={creator.handle}").data
        assert (row["raised"], row["percent"], row["state"]) == (TEN, 100, "REACHED")

        assert as_(api, creator).post(f"{here}close/").data["state"] == "CLOSED"
        assert api.get(f"{GOALS}?creator={creator.handle}").data == []


@pytest.mark.parametrize("path", [ITEMS, PURCHASES, GOALS])
def test_nobody_comes_in_without_an_account(api: APIClient, path: str) -> None:
    assert api.get(path).status_code == 401
    assert api.post(path, {}, format="json").status_code == 401


def test_other_peoples_things_are_not_found(
    api: APIClient, fan: Profile, creator: Profile, item: Item, now: datetime
) -> None:
    """What is another's, or on another brand, is as if it were not there."""
    MerchantAccountFactory.of(fan.cluster)
    bought = begun(fan, item, now=now)
    goal = purchases.open_goal(creator=creator, title="A bed", target=usd("50.00"), now=now)
    to_fan = a_message(creator, now=now, recipient=fan)
    rival = CreatorFactory.create(cluster=creator.cluster)
    elsewhere = an_item(
        CreatorFactory.create(cluster=Cluster.objects.get(slug="girlfanz")), now=now
    )
    tries = {
        ("patch", f"{ITEMS}{item.public_id}/"),
        ("post", f"{ITEMS}{item.public_id}/archive/"),
        ("get", f"{ITEMS}{to_fan.public_id}/"),
        ("get", f"{ITEMS}{elsewhere.public_id}/"),
        ("get", f"{PURCHASES}{bought.public_id}/"),
        ("post", f"{GOALS}{goal.public_id}/close/"),
    }

    as_(api, rival)
    answers = {
        api.generic(how.upper(), path, '{"price": {"amount": "5.00", "currency": "USD"}}',
                    content_type="application/json").status_code
        for how, path in tries
    }  # fmt: skip

    assert answers == {404}
    item.refresh_from_db()
    assert (item.status, item.price) == ("ACTIVE", usd("10.00"))
    assert Goal.objects.get().state == "OPEN"


def test_lists_cost_the_same_however_long_they_are(
    api: APIClient, fan: Profile, creator: Profile, now: datetime
) -> None:
    def costs() -> list[int]:
        found = []
        for who, path in ((fan, PURCHASES), (creator, ITEMS), (fan, f"{GOALS}?creator=a-creator")):
            as_(api, who)
            with CaptureQueriesContext(connection) as queries:
                assert api.get(path).status_code == 200
            found.append(len(queries))
        return found

    begun(fan, an_item(creator, now=now), now=now)
    purchases.open_goal(creator=creator, title="One", target=usd("5.00"), now=now)
    costs()
    few = costs()
    for number in range(4):
        begun(fan, an_item(creator, now=now), now=now)
        purchases.open_goal(creator=creator, title=f"{number}", target=usd("5.00"), now=now)

    assert costs() == few
    assert Purchase.objects.count() == 5
