"""Buying, selling and giving on the brand pages; what moved is read from the ledger."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from apps.accounts import services as accounts
from apps.accounts.models import Profile
from apps.finance.payments.models import Transaction
from apps.finance.purchases import services as purchases
from apps.finance.purchases.models import Goal, Item, Purchase
from tests import given
from tests.factories.accounts import CreatorFactory
from tests.factories.payments import MerchantAccountFactory
from tests.finance.payments.refunding import a_rate
from tests.finance.purchases.selling import an_item, begun, earned, moved, usd, wallet

pytestmark = pytest.mark.django_db


def browser(profile: Profile) -> Client:
    client = Client(headers={"host": "boyfanz.localhost"})
    client.force_login(profile.user)
    return client


def words_of(answer: Any) -> str:
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))
    return plain.replace("&#x27;", "'")


def hidden(answer: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.content.decode())
    assert found, name
    return found[1]


def yes(page: Any, method: str = "WALLET", **changes: str) -> dict[str, str]:
    """The form as it was shown, with a way chosen."""
    shown = {name: hidden(page, name) for name in ("key", "price_seen", "total_seen")}
    return shown | {"method": method} | changes


@pytest.fixture
def item(creator: Profile, now: datetime) -> Item:
    return an_item(creator, now=now)


class TestBuying:
    def test_the_page_says_all_it_costs_and_the_wallet_pays_it(
        self, fan: Profile, creator: Profile, item: Item, now: datetime
    ) -> None:
        given.a_funded_wallet(fan, "50.00", now=now)
        client, here = browser(fan), f"/items/{item.public_id}/"
        page = client.get(here)
        for words in ("You pay $10.00", "Never: one payment", "Buy for $10.00",
                      "FANZ.EXAMPLE 800-555-0100"):  # fmt: skip
            assert words in words_of(page)

        form = yes(page)
        assert client.post(here, form)["Location"] == here
        client.post(here, form)

        assert "You have bought this" in words_of(client.get(here))
        assert (wallet(fan), earned(creator)) == ("40.00", "8.00")
        assert "Bought" in words_of(client.get("/purchases/"))

    def test_a_card_goes_on_to_the_checkout(self, fan: Profile, item: Item) -> None:
        MerchantAccountFactory.of(fan.cluster)
        client, here = browser(fan), f"/items/{item.public_id}/"

        answer = client.post(here, yes(client.get(here), "CARD"))

        payment = Transaction.objects.get()
        assert answer["Location"] == f"/checkout/{payment.public_id}/"
        assert "Not paid yet" in words_of(client.get("/purchases/"))

    def test_another_countrys_tax_is_shown_before_it_is_charged(
        self, fan: Profile, item: Item, now: datetime
    ) -> None:
        given.a_funded_wallet(fan, "50.00", now=now)
        a_rate(fan, now=now)
        client, here = browser(fan), f"/items/{item.public_id}/"
        first = client.get(here)
        assert "and see the tax" in words_of(first)

        shown = client.post(here, yes(first, country="DE"))
        assert shown.status_code == 422
        assert "it costs $10.00" in words_of(shown)
        assert not Purchase.objects.exists()

        assert client.post(here, yes(shown, country="DE")).status_code == 302
        assert Transaction.objects.get(kind="CONTENT").tax_minor == 160
        assert wallet(fan) == "40.00"

    def test_a_price_that_changed_is_shown_again(
        self, fan: Profile, creator: Profile, item: Item, now: datetime
    ) -> None:
        given.a_funded_wallet(fan, "50.00", now=now)
        client, here = browser(fan), f"/items/{item.public_id}/"
        form = yes(client.get(here))
        purchases.change_price(item_id=item.pk, creator=creator, price=usd("12.00"), now=now)

        answer = client.post(here, form)

        assert answer.status_code == 422
        assert "Buy for $12.00" in words_of(answer)
        assert not Purchase.objects.exists()
        assert wallet(fan) == "50.00"

    def test_who_is_not_known_to_be_of_age_is_told_so(
        self, fan: Profile, item: Item, now: datetime
    ) -> None:
        given.a_funded_wallet(fan, "50.00", now=now)
        client, here = browser(fan), f"/items/{item.public_id}/"
        form, before = yes(client.get(here)), moved()
        accounts.record_age_check(user=fan.user, state="UNKNOWN", by=None, reason="x", now=now)
        assert "Show that you are of age first" in words_of(client.get(here))

        answer = client.post(here, form)

        assert "Show that you are of age first" in words_of(answer)
        assert (answer.status_code, moved(), wallet(fan)) == (422, before, "50.00")

    def test_what_is_not_there_is_not_found(self, fan: Profile) -> None:
        assert browser(fan).get(f"/items/{uuid.uuid4()}/").status_code == 404


class TestSelling:
    def test_a_creator_puts_up_changes_and_takes_off(
        self, fan: Profile, creator: Profile, now: datetime
    ) -> None:
        client = browser(creator)
        form = {"title": "A film", "kind": "CONTENT:EVERYONE", "price": "12.50", "least_tier": ""}
        assert client.post("/creator/items/", form).status_code == 302
        item = Item.objects.get()
        assert (item.price, item.least_tier) == (usd("12.50"), None)
        begun(fan, item, now=now)

        here = f"/creator/items/{item.public_id}/"
        client.post(f"{here}price/", {"price": "9.00"})
        client.post(f"{here}archive/")
        item.refresh_from_db()
        assert (item.price, item.status) == (usd("9.00"), "ARCHIVED")
        assert "Off sale" in words_of(client.get("/creator/items/"))

    def test_nobody_changes_what_is_anothers(self, item: Item, creator: Profile) -> None:
        rival = browser(CreatorFactory.create(cluster=creator.cluster))
        here = f"/creator/items/{item.public_id}/"

        assert rival.post(f"{here}price/", {"price": "1.00"}).status_code == 404
        assert rival.post(f"{here}archive/").status_code == 404
        item.refresh_from_db()
        assert (item.price, item.status) == (usd("10.00"), "ACTIVE")

    @pytest.mark.parametrize("price", ["", "abc", "0.10", "5000"])
    def test_a_bad_price_is_said_and_nothing_is_put_up(self, creator: Profile, price: str) -> None:
        form = {"title": "A film", "kind": "CONTENT:EVERYONE", "price": price}

        assert browser(creator).post("/creator/items/", form).status_code == 422
        assert not Item.objects.exists()

    def test_a_fan_has_nothing_to_sell(self, fan: Profile) -> None:
        client = browser(fan)

        for path in ("/creator/items/", "/creator/goals/"):
            client.post(path, {"title": "Mine", "price": "5", "target": "5"})
        assert not Item.objects.exists()
        assert not Goal.objects.exists()


class TestGiving:
    def test_a_goal_is_shown_and_a_tip_from_the_wallet_fills_its_bar(
        self, fan: Profile, creator: Profile, now: datetime
    ) -> None:
        given.a_funded_wallet(fan, "50.00", now=now)
        browser(creator).post("/creator/goals/", {"title": "A bed", "target": "50"})
        goal = Goal.objects.get()
        client, here = browser(fan), f"/goals/{goal.public_id}/"
        assert "A bed" in words_of(client.get(f"/@{creator.handle}/"))

        form = {"key": hidden(client.get(here), "key"), "preset": "25", "method": "WALLET"}
        assert "You pay $25.00" in words_of(client.post(here, form))
        assert wallet(fan) == "50.00"
        for _ in range(2):
            client.post(here, form | {"confirmed": "yes"})

        assert "$25.00 of $50.00, 50 %" in words_of(client.get(here))
        assert (wallet(fan), earned(creator)) == ("25.00", "20.00")

    def test_only_its_creator_closes_it(
        self, fan: Profile, creator: Profile, now: datetime
    ) -> None:
        goal = purchases.open_goal(creator=creator, title="A bed", target=usd("50.00"), now=now)
        here = f"/creator/goals/{goal.public_id}/close/"

        assert browser(fan).post(here).status_code == 404
        goal.refresh_from_db()
        assert goal.state == "OPEN"
        assert browser(creator).post(here).status_code == 302
        assert "Nothing more is collected" in words_of(
            browser(fan).get(f"/goals/{goal.public_id}/")
        )


@pytest.mark.parametrize("path", ["/purchases/", "/creator/items/", "/creator/goals/"])
def test_strangers_sign_in_first(path: str) -> None:
    client = Client(headers={"host": "boyfanz.localhost"})

    assert client.get(path)["Location"].startswith("/accounts/login/")
