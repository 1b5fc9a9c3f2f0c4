"""What the API lets people see: access and what to buy for it, follows, subscribers."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.purchases import services as purchases
from apps.finance.purchases.choices import Audience, ItemKind
from apps.finance.subscriptions.models import Subscription
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.factories.subscriptions import PlanFactory, PriceFactory
from tests.finance.subscriptions.asking import ROOT, client_of, subscribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def api(fan):
    return client_of(fan)


@pytest.fixture
def plan(creator):
    return PlanFactory.create(creator=creator, name="Gold")


@pytest.fixture
def price(plan):
    return PriceFactory.create(plan=plan, amount="12.00")


@pytest.fixture
def subscription(api, fan, price, now):
    given.a_funded_wallet(fan, "90.00", now=now)
    assert subscribe(api, price).status_code == 201
    return Subscription.objects.get()


class TestFollows:
    def test_costs_nothing(self, api, fan, creator):
        free = PlanFactory.create(creator=creator, is_free=True)
        answer = api.post(
            f"{ROOT}follows/",
            {"plan": str(free.public_id)},
            format="json",
            headers={"idempotency-key": "f-1"},
        )
        assert (answer.status_code, answer.json()["state"]) == (201, "ACTIVE")
        assert answer.json()["amount"] is None


class TestEntitlements:
    URL = "/api/v1/entitlements/"

    def test_lets_in_who_subscribes_and_says_402_with_offers_to_others(
        self, api, creator, plan, price, subscription
    ):
        allowed = api.get(f"{self.URL}creator:{creator.handle}/")
        assert (allowed.status_code, allowed.json()["why"]) == (200, "SUBSCRIBED")

        stranger = client_of(ProfileFactory.create())
        plan.trial_days = 7
        plan.save()
        refused = stranger.get(f"{self.URL}creator:{creator.handle}/")
        assert refused.status_code == 402
        assert refused["Content-Type"] == "application/problem+json"
        body = refused.json()
        assert (body["code"], body["why"]) == (
            "subscriptions.payment_required",
            "NOT_SUBSCRIBED",
        )
        [offer] = body["offers"]
        assert offer["kind"] == "SUBSCRIBE"
        assert offer["due_today"]["amount"] == "0.00"
        assert offer["price"]["amount"] == "12.00"
        assert offer["price_id"] == str(price.public_id)

    def test_offers_a_step_up_for_what_it_would_charge(self, api, creator, subscription):
        better = PriceFactory.create(
            plan=PlanFactory.create(creator=creator, tier=3), amount="30.00"
        )
        body = api.get(f"{self.URL}creator:{creator.handle}:2/").json()
        assert body["why"] == "TIER_TOO_LOW"
        [offer] = body["offers"]
        assert (offer["kind"], offer["price_id"]) == ("CHANGE", str(better.public_id))
        assert Money.of("17.00", "USD") < Money.of(offer["due_today"]["amount"], "USD")
        assert Money.of(offer["due_today"]["amount"], "USD") < Money.of("30.00", "USD")

    def test_offers_the_item_itself(self, api, creator, price, now):
        item = given_item(creator, now)
        body = api.get(f"{self.URL}item:{item.pk}/").json()
        assert body["status"] == 402
        assert [(offer["kind"], offer["due_today"]["amount"]) for offer in body["offers"]] == [
            ("SUBSCRIBE", "12.00"),
            ("BUY", "4.00"),
        ]

    @pytest.mark.parametrize("to", ["one", "subscribers"])
    def test_offers_a_message_to_whom_it_was_sent_and_nobody_else(
        self, api, fan, subscription, to
    ):
        creator, now = subscription.creator, timezone.now()
        message = purchases.create_item(
            creator=creator,
            new=purchases.NewItem(
                kind=ItemKind.MESSAGE,
                title="For you",
                price=Money.of("7.00", "USD"),
                audience=Audience.ONE if to == "one" else Audience.SUBSCRIBERS,
                recipient=fan if to == "one" else None,
            ),
            now=now,
        )
        name = f"{self.URL}item:{message.pk}/"
        [offer] = api.get(name).json()["offers"]
        assert (offer["kind"], offer["item"]) == ("BUY", str(message.public_id))
        assert client_of(ProfileFactory.create()).get(name).status_code == 404

        wish = purchases.Wish(buyer=fan, item_id=message.pk, price_seen=message.price, key="m-1")
        purchases.buy_from_wallet(wish, now=now)
        assert api.get(name).json()["why"] == "BOUGHT"

    def test_names_at_least_one(self, api):
        assert api.get(self.URL).status_code == 422

    def test_answers_a_hundred_at_once_by_as_many_queries_as_two(
        self, api, creator, subscription, now
    ):
        items = [given_item(creator, now) for _ in range(20)]
        names = [f"creator:{creator.handle}", *(f"item:{item.pk}" for item in items)]
        names += [f"item:{1_000_000 + number}" for number in range(100 - len(names))]
        api.get(self.URL, {"thing": names[:2]})
        counts = []
        for some in ([*names[:2], names[-1]], names):
            with CaptureQueriesContext(connection) as queries:
                rows = api.get(self.URL, {"thing": some}).json()["results"]
            counts.append(len(queries))
            assert [row["thing"] for row in rows] == some
        assert counts[0] == counts[1]
        assert [row["allowed"] for row in rows] == [True] * 21 + [False] * 79
        assert {row["why"] for row in rows[21:]} == {"UNKNOWN"}

    @pytest.mark.parametrize(
        "name", ["creator:nobody", "creator:a-creator:x", "item:9", "item:", "x", "item:²", "%00"]
    )
    def test_names_of_nothing_are_not_found(self, api, creator, name):
        assert api.get(f"{self.URL}{name}/").status_code == 404

    def test_takes_no_more_than_a_hundred(self, api):
        answer = api.get(self.URL, {"thing": [f"item:{n}" for n in range(101)]})
        assert answer.json()["code"] == "subscriptions.too_many_things"


def given_item(creator, now):
    new = purchases.NewItem(
        kind=ItemKind.CONTENT, title="A set", price=Money.of("4.00", "USD"), least_tier=1
    )
    return purchases.create_item(creator=creator, new=new, now=now)


class TestSubscribers:
    URL = "/api/v1/subscribers/"

    def test_lists_what_each_brings_at_a_fixed_number_of_queries(
        self, creator, subscription, django_assert_max_num_queries
    ):
        api = client_of(creator)
        with django_assert_max_num_queries(5):
            [row] = api.get(self.URL).json()["results"]
        earned = ledger_selectors.balance_of(postings.creator_payable(creator.pk), "USD")
        assert row["earned"]["amount"] == str(earned.decimal)
        assert row["fan"] == "a-fan"
        assert api.get(self.URL, {"state": "PAUSED"}).json()["results"] == []

    def test_are_the_creators_alone(self, api, subscription):
        answer = api.get(self.URL)
        assert (answer.status_code, answer.json()["code"]) == (
            403,
            "subscriptions.not_a_creator",
        )
        another = client_of(CreatorFactory.create())
        assert another.get(self.URL).json()["results"] == []
        lines = b"".join(another.get(f"{self.URL}export/").streaming_content)
        assert len(lines.splitlines()) == 1

    def test_are_exported_without_formulas(self, creator, fan, plan, subscription):
        plan.name = "=1+1"
        plan.save()
        lines = b"".join(client_of(creator).get(f"{self.URL}export/").streaming_content)
        assert b",'=1+1," in lines

    def test_are_not_all_exported_by_a_filter_that_is_none(self, creator, subscription):
        answer = client_of(creator).get(f"{self.URL}export/", {"state": "bogus"})
        assert answer.status_code == 422

    def test_are_ended_by_their_creator_with_a_reason(self, api, creator, fan, subscription):
        path = f"{self.URL}{subscription.public_id}/end/"
        for other in (api, client_of(CreatorFactory.create())):
            refused = other.post(path, {"reason": "x"}, format="json")
            assert refused.status_code in {403, 404}
        assert client_of(creator).post(path, {}, format="json").status_code == 422
        assert api.get(f"/api/v1/entitlements/creator:{creator.handle}/").status_code == 200

        for _ in range(2):
            ended = client_of(creator).post(path, {"reason": "Insults"}, format="json").json()
            assert (ended["state"], ended["end_reason"]) == ("ENDED", "CREATOR")
        assert api.get(f"/api/v1/entitlements/creator:{creator.handle}/").status_code == 402
        left = ledger_selectors.balance_of(postings.wallet(fan.pk), "USD")
        assert left == Money.of("78.00", "USD")
