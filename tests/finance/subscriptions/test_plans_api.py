"""HTTP of plans, prices, their changes and promotions: one's own, and what is offered."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import Profile
from apps.clusters.models import Cluster
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.choices import Audience, Consent, State
from apps.finance.subscriptions.models import Plan, Price, PriceChange, Promotion
from apps.finance.subscriptions.rules.notice import TOLD_AFTER
from tests.conftest import BRAND_HOST
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.factories.subscriptions import PlanFactory, PriceFactory, PromotionFactory
from tests.finance.subscriptions.priced import live, planned, prices_of_two

pytestmark = pytest.mark.django_db
PLANS, PROMOTIONS = "/api/v1/plans/", "/api/v1/promotions/"
CHANGES = f"{PLANS}price-changes/"
NOBODY = "00000000-0000-4000-8000-000000000009"


def client_of(profile: Profile) -> APIClient:
    client = APIClient(headers={"host": BRAND_HOST})
    client.force_authenticate(profile.user)
    return client


def send(profile: Profile, path: str, body: dict[str, Any] | None = None) -> Any:
    return client_of(profile).post(
        path, body or {}, format="json", HTTP_IDEMPOTENCY_KEY=uuid.uuid4().hex
    )


def dollars(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


class TestOwn:
    def test_a_creator_offers_a_plan_words_it_prices_it_and_archives_it(
        self, creator: Profile
    ) -> None:
        made = send(
            creator,
            PLANS,
            {
                "name": "Gold",
                "tier": 2,
                "benefits": ["All posts"],
                "trial_days": 7,
                "trial": dollars("1.00"),
                "prices": [{"months": 1, "amount": dollars("10.00")}],
            },
        )
        assert made.status_code == 201, made.json()
        shown = made.json()
        assert (shown["trial"], shown["subscribers"]) == (dollars("1.00"), 0)
        path = f"{PLANS}{shown['plan']['id']}/"
        priced = send(creator, f"{path}prices/", {"months": 3, "amount": dollars("24.00")})
        assert [p["amount"]["amount"] for p in priced.json()["prices"]] == ["10.00", "24.00"]
        worded = client_of(creator).put(path, {"name": "Platinum"}, format="json")
        assert (worded.status_code, worded.json()["plan"]["name"]) == (200, "Platinum")
        price = priced.json()["prices"][1]["id"]
        less = send(creator, f"{path}prices/{price}/withdraw/")
        assert len(less.json()["prices"]) == 1
        gone = send(creator, f"{path}archive/")
        assert gone.json()["plan"]["status"] == "ARCHIVED"
        assert client_of(creator).get(path).json() == gone.json()

    def test_the_list_says_what_each_plan_brings(
        self, creator: Profile, django_assert_max_num_queries: Callable[..., Any]
    ) -> None:
        now = timezone.now()
        price = PriceFactory.create(plan__creator=creator)
        year = PriceFactory.create(plan=price.plan, months=12, amount="90.00")
        for row in (price, price, year):
            live(row, now)
        live(price, now, state=State.TRIALING)
        old, _ = prices_of_two(now, plan=PlanFactory.create(creator=creator))
        live(old, now)
        PlanFactory.create(creator=creator, is_free=True)
        client = client_of(creator)
        with django_assert_max_num_queries(8):
            answer = client.get(PLANS).json()
        # Two at 10.00 and a twelfth of 90.00; then one who pays the old 10.00.
        assert [(p["subscribers"], p["monthly"]) for p in answer] == [
            (4, dollars("27.50")),
            (1, dollars("10.00")),
            (0, None),
        ]
        assert [p["amount"]["amount"] for p in answer[1]["old_prices"]] == ["10.00"]

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({}, "invalid"),
            ({"name": "Gold", "prices": [{"months": 2, "amount": dollars("5.00")}]}, "invalid"),
            ({"name": "Gold", "prices": [{"months": 1, "amount": "5.00"}]}, "invalid"),
            (
                {"name": "Gold", "prices": [{"months": 1, "amount": dollars("0.10")}]},
                "subscriptions.price_invalid",
            ),
            ({"name": "Gold", "is_free": True, "trial_days": 3}, "subscriptions.plan_invalid"),
        ],
    )
    def test_a_plan_that_cannot_be_is_refused(
        self, creator: Profile, body: dict[str, Any], code: str
    ) -> None:
        answer = send(creator, PLANS, body)
        assert answer.status_code == 422
        assert answer.json()["code"].split(".")[-1].startswith(code.rsplit(".", maxsplit=1)[-1])
        assert not Plan.objects.exists()

    def test_subscribers_are_moved_to_a_new_price_after_a_preview(self, creator: Profile) -> None:
        now = timezone.now()
        old, _ = prices_of_two(now, plan=PlanFactory.create(creator=creator))
        row = live(old, now)
        wish = {
            "price": str(old.public_id),
            "effective_at": (now + timedelta(days=45)).isoformat(),
        }
        shown = send(creator, f"{CHANGES}preview/", wish)
        assert (shown.status_code, shown.json()["told"]) == (200, 1)
        assert shown.json()["first"][0]["fan"] == row.fan.handle
        assert not PriceChange.objects.exists()
        soon = {**wish, "effective_at": now.isoformat()}
        assert send(creator, CHANGES, soon).json()["code"] == "subscriptions.change_too_soon"
        made = send(creator, CHANGES, wish)
        assert (made.status_code, made.json()["new"]) == (201, dollars("12.00"))
        assert send(creator, CHANGES, wish).status_code == 409
        [listed] = client_of(creator).get(CHANGES).json()["results"]
        back = send(creator, f"{CHANGES}{listed['id']}/withdraw/")
        assert back.json()["withdrawn_at"] is not None

    def test_a_fan_answers_a_change_that_asks(self) -> None:
        now = timezone.now()
        old, new = prices_of_two(now, "20.00")
        row = live(old, now)
        planned(old, new, now)
        path = f"/api/v1/subscriptions/{row.public_id}/price/"
        assert send(row.fan, path, {"agree": True}).status_code == 409
        subscriptions.tell_price_changes(now=now + TOLD_AFTER)
        assert send(ProfileFactory.create(), path, {"agree": True}).status_code == 404
        for agrees, consent in ((False, Consent.REFUSED), (True, Consent.GIVEN)):
            answer = send(row.fan, path, {"agree": agrees})
            assert answer.json()["consent"] == consent
            row.refresh_from_db()
            assert row.consent == consent

    def test_a_creator_makes_finds_and_ends_a_promotion(
        self, creator: Profile, django_assert_max_num_queries: Callable[..., Any]
    ) -> None:
        plan = PlanFactory.create(creator=creator)
        made = send(
            creator,
            PROMOTIONS,
            {
                "name": "Spring",
                "code": "spring",
                "discount": "AMOUNT",
                "amount": dollars("2.00"),
                "plan": str(plan.public_id),
                "most": 5,
            },
        )
        assert made.status_code == 201, made.json()
        assert (made.json()["code"], made.json()["plan"]) == ("SPRING", str(plan.public_id))
        PromotionFactory.create_batch(5, creator=creator)
        PromotionFactory.create()
        client = client_of(creator)
        with django_assert_max_num_queries(5):
            assert len(client.get(PROMOTIONS).json()["results"]) == 6
        [found] = client.get(PROMOTIONS, {"code": "spring"}).json()["results"]
        path = f"{PROMOTIONS}{found['id']}/"
        assert client.get(path).json()["amount"] == dollars("2.00")
        assert send(creator, f"{path}end/").json()["status"] == "ENDED"
        bad = send(creator, PROMOTIONS, {"name": "Half", "discount": "PERCENT"})
        assert bad.json()["code"] == "subscriptions.promotion_invalid"


class TestOffered:
    def test_fans_see_open_prices_what_bundles_save_trials_and_promotions(
        self, creator: Profile, fan: Profile
    ) -> None:
        now = timezone.now()
        plan = PlanFactory.create(creator=creator, trial_days=7)
        PriceFactory.create(plan=plan)
        PriceFactory.create(plan=plan, months=3, amount="24.00")
        PriceFactory.create(plan=plan, months=6, replaced_at=now)
        PlanFactory.create(creator=creator, status="ARCHIVED", archived_at=now)
        PriceFactory.create()
        promotion = PromotionFactory.create(creator=creator, audience=Audience.NEW, months=1)
        PromotionFactory.create(creator=creator, code="HIDDEN", percent_bps=9_000)
        [shown] = client_of(fan).get(PLANS, {"creator": "A-Creator"}).json()
        month, quarter = shown["prices"]
        assert (month["amount"], month["first"]) == (dollars("10.00"), dollars("8.00"))
        assert month["promotion"]["id"] == str(promotion.public_id)
        assert quarter["saves"] == {"amount": dollars("6.00"), "percent": 20}
        assert (quarter["promotion"], quarter["trial_days"]) == (None, 7)
        assert "HIDDEN" not in str(shown)
        one = client_of(fan).get(f"{PLANS}{plan.public_id}/")
        assert one.json() == shown

    def test_the_list_of_offers_costs_the_same_for_many_plans(
        self, creator: Profile, fan: Profile, django_assert_max_num_queries: Callable[..., Any]
    ) -> None:
        for _ in range(8):
            PriceFactory.create(plan__creator=creator, plan__trial_days=7)
        client = client_of(fan)
        with django_assert_max_num_queries(9):
            assert len(client.get(PLANS, {"creator": creator.handle}).json()) == 8

    def test_what_is_archived_elsewhere_or_nowhere_is_not_found(
        self, fan: Profile, girlfanz: Cluster
    ) -> None:
        there = PriceFactory.create(plan__creator=CreatorFactory.create(cluster=girlfanz)).plan
        closed = PriceFactory.create(
            plan__status="ARCHIVED", plan__archived_at=timezone.now()
        ).plan
        client = client_of(fan)
        for plan in (there.public_id, closed.public_id, NOBODY):
            assert client.get(f"{PLANS}{plan}/").status_code == 404
        for handle in (there.creator.handle, "nobody", fan.handle):
            assert client.get(PLANS, {"creator": handle}).status_code == 404


def _foreign(now: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """Every way to touch what is another creator's."""
    old, new = prices_of_two(now)
    change = planned(old, new, now)
    plan = f"{PLANS}{old.plan.public_id}/"
    promotion = f"{PROMOTIONS}{PromotionFactory.create(creator=old.plan.creator).public_id}/"
    words = {"name": "Mine"}
    price = {"months": 1, "amount": dollars("5.00")}
    wish = {"price": str(old.public_id), "effective_at": (now + timedelta(days=60)).isoformat()}
    mine = {"name": "X", "discount": "PERCENT", "percent_bps": 1, "plan": str(old.plan.public_id)}
    return [
        ("put", plan, words),
        ("post", f"{plan}archive/", {}),
        ("post", f"{plan}prices/", price),
        ("post", f"{plan}prices/{new.public_id}/withdraw/", {}),
        ("post", f"{CHANGES}preview/", wish),
        ("post", CHANGES, wish),
        ("post", f"{CHANGES}{change.pk}/withdraw/", {}),
        ("get", promotion, {}),
        ("post", f"{promotion}end/", {}),
        ("post", PROMOTIONS, mine),
    ]


def test_nothing_of_another_creator_is_found_or_moved_and_fans_may_do_none_of_it(
    creator: Profile, fan: Profile
) -> None:
    now = timezone.now()
    ways = _foreign(now)

    def state() -> list[Any]:
        tables = (Plan, Price, PriceChange, Promotion)
        return [list(table.objects.order_by("pk").values()) for table in tables]

    before = state()
    for method, path, body in ways:
        key = {"HTTP_IDEMPOTENCY_KEY": uuid.uuid4().hex}
        for who, code in ((creator, 404), (fan, 403)):
            call = getattr(client_of(who), method)
            answer = call(path, body, format="json", **({} if method == "get" else key))
            assert answer.status_code == code, (method, path, answer.content)
    for path in (PLANS, CHANGES, PROMOTIONS):
        assert client_of(fan).get(path).status_code == 403
    assert state() == before
