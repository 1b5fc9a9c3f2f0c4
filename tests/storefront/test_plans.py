"""The plan editor of creators, and the page where fans answer a new price."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Profile
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.choices import Consent, Discount
from apps.finance.subscriptions.models import Plan, Price, PriceChange, Promotion
from apps.finance.subscriptions.rules.notice import TOLD_AFTER
from tests.conftest import BRAND_HOST
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.factories.subscriptions import PlanFactory, PriceFactory, PromotionFactory
from tests.finance.subscriptions.priced import live, planned, prices_of_two

pytestmark = pytest.mark.django_db
PLANS, PROMOTIONS = "/creator/plans/", "/creator/promotions/"


def browser(profile: Profile) -> Client:
    client = Client(headers={"host": BRAND_HOST})
    client.force_login(profile.user)
    return client


def _text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_a_creator_without_plans_is_shown_how_to_begin(creator: Profile) -> None:
    assert "No plans yet" in _text(browser(creator).get(PLANS))
    assert "No promotions yet" in _text(browser(creator).get(PROMOTIONS))


def test_a_fan_is_told_that_creators_have_plans(fan: Profile) -> None:
    for path in (PLANS, f"{PLANS}new/", PROMOTIONS):
        assert "creator" in _text(browser(fan).get(path))
    browser(fan).post(f"{PLANS}new/", {"name": "Gold", "tier": 1, "month": "10"})
    assert not Plan.objects.exists()


def test_a_plan_is_made_worded_priced_and_archived(creator: Profile) -> None:
    client = browser(creator)
    wish = {
        "name": "Gold", "description": "All of me", "benefits": "Posts\n\nChat", "tier": "2",
        "month": "10.00", "quarter": "$24", "trial_days": "7", "alignment": "ANNIVERSARY",
    }  # fmt: skip
    made = client.post(f"{PLANS}new/", wish)
    plan = Plan.objects.get()
    assert made.headers["Location"] == f"{PLANS}{plan.public_id}/"
    assert (plan.benefits, plan.tier, plan.trial_days) == (["Posts", "Chat"], 2, 7)
    shown = _text(client.get(made.headers["Location"]))
    assert "$10.00 a month" in shown
    assert "$6.00 (20&nbsp;%)" in shown
    client.post(f"{PLANS}{plan.public_id}/", {"name": "Platinum", "benefits": "Posts"})
    client.post(f"{PLANS}{plan.public_id}/prices/", {"months": "1", "amount": "12"})
    quarter = Price.objects.get(months=3)
    client.post(f"{PLANS}{plan.public_id}/prices/{quarter.public_id}/withdraw/")
    client.post(f"{PLANS}{plan.public_id}/archive/")
    plan.refresh_from_db()
    assert (plan.name, plan.benefits, plan.status) == ("Platinum", ["Posts"], "ARCHIVED")
    assert list(plan.prices.filter(replaced_at=None).values_list("amount_minor")) == [(1200,)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"month": ""}, "Give at least one price"),
        ({"month": "0.10"}, "1.00 to 5000.00"),
        ({"month": "ten"}, "Enter an amount in dollars"),
        ({"month": "", "is_free": "on", "trial_days": "3"}, "a free plan has no trial"),
        ({"name": ""}, "This field is required"),
        ({"tier": "99"}, "less than or equal to 20"),
    ],
)
def test_what_cannot_be_is_said_beside_what_was_typed(
    creator: Profile, changes: dict[str, str], words: str
) -> None:
    wish = {"name": "Gold", "tier": "1", "month": "10", "alignment": "ANNIVERSARY", **changes}
    answer = browser(creator).post(f"{PLANS}new/", wish)
    assert answer.status_code == 422
    assert words in _text(answer)
    assert not Plan.objects.exists()


def test_the_list_says_what_plans_bring_in_as_many_queries_for_many(
    creator: Profile, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    now = timezone.now()
    for _ in range(6):
        live(PriceFactory.create(plan__creator=creator), now)
        old, new = prices_of_two(now, plan=PlanFactory.create(creator=creator))
        live(old, now)
        planned(old, new, now)
    client = browser(creator)
    with django_assert_max_num_queries(12):
        shown = _text(client.get(PLANS))
    assert shown.count("$10.00</td>") == 12
    assert shown.count("Being told") == 6


def test_subscribers_are_moved_after_a_preview_and_back(creator: Profile) -> None:
    now = timezone.now()
    old, _ = prices_of_two(now, "20.00", plan=PlanFactory.create(creator=creator))
    row, client = live(old, now), browser(creator)
    path = f"{PLANS}{old.plan.public_id}/prices/{old.public_id}/move/"
    shown = _text(client.get(path))
    assert "1 subscriber" in shown
    assert row.fan.display_name in shown
    assert "everybody must say yes" in shown
    soon = client.get(path, {"day": (now + timedelta(days=5)).date().isoformat()})
    assert soon.status_code == 422
    assert "told 30 days before" in _text(soon)
    assert client.post(path, {"day": "soon"}).status_code == 422
    assert not PriceChange.objects.exists()
    day = (now + timedelta(days=40)).date()
    client.post(path, {"day": day.isoformat(), "reason": "More work"})
    change = PriceChange.objects.get()
    assert (change.effective_at.date(), change.reason) == (day, "More work")
    assert "Being told" in _text(client.get(PLANS))
    client.post(f"{PLANS}changes/{change.pk}/withdraw/")
    assert "Taken back" in _text(client.get(PLANS))


def test_a_fan_says_yes_or_no_to_a_new_price(fan: Profile) -> None:
    now = timezone.now()
    old, new = prices_of_two(now, "20.00")
    row = live(old, now, fan=fan)
    path, client = f"/subscriptions/{row.public_id}/price/", browser(fan)
    assert "Nothing to answer" in _text(client.get(path))
    planned(old, new, now)
    subscriptions.tell_price_changes(now=now + TOLD_AFTER)
    shown = _text(client.get(path))
    assert "$10.00 a month" in shown
    assert "Yes, I stay at $20.00 a month" in shown
    for answer, consent in (("no", Consent.REFUSED), ("yes", Consent.GIVEN)):
        client.post(path, {"answer": answer})
        row.refresh_from_db()
        assert row.consent == consent
    for said in ({}, {"answer": ""}, {"answer": "YES"}, {"yes": "1"}):
        unclear = client.post(path, said)
        assert (unclear.status_code, "Say yes or no." in _text(unclear)) == (422, True)
        row.refresh_from_db()
        assert row.consent == Consent.GIVEN
    stranger = browser(ProfileFactory.create())
    assert stranger.get(path).status_code == stranger.post(path).status_code == 404


def test_a_promotion_is_made_shown_with_redemptions_and_ended(
    creator: Profile, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    plan = PriceFactory.create(plan__creator=creator).plan
    client = browser(creator)
    wish = {
        "name": "Spring", "code": "spring", "percent": "12.5", "periods": "3", "most": "10",
        "audience": "NEW", "plan": str(plan.public_id), "months": "1", "ends_on": "2099-12-31",
    }  # fmt: skip
    assert client.post(PROMOTIONS, wish).status_code == 302
    made = Promotion.objects.get()
    assert (made.code, made.percent_bps, made.periods, made.plan) == ("SPRING", 1_250, 3, plan)
    PromotionFactory.create(creator=creator, most=3, redeemed=3)
    PromotionFactory.create(creator=creator, discount=Discount.AMOUNT, amount_minor=200, periods=0)
    with django_assert_max_num_queries(9):
        shown = _text(client.get(PROMOTIONS))
    for words in ("12.50 % off 3 periods", "0 of 10", "3 of 3", "Used up",
                  "$2.00 off, as long as they stay"):  # fmt: skip
        assert words in shown
    client.post(f"{PROMOTIONS}{made.public_id}/end/")
    made.refresh_from_db()
    assert made.status == "ENDED"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"percent": "", "amount": ""}, "one of them"),
        ({"percent": "10", "amount": "2"}, "one of them"),
        ({"percent": "0"}, "above 0, at most 100"),
        ({"code": "a b"}, "letters A to Z"),
        ({"code": "taken"}, "Another promotion of yours has the code TAKEN."),
        ({"ends_on": "2001-01-01"}, "after its start"),
    ],
)
def test_a_promotion_that_cannot_be_is_refused(
    creator: Profile, changes: dict[str, str], words: str
) -> None:
    PromotionFactory.create(creator=creator, code="TAKEN")
    wish = {"name": "Spring", "percent": "10", "periods": "1", "audience": "ALL", **changes}
    answer = browser(creator).post(PROMOTIONS, wish)
    assert answer.status_code == 422
    assert words in _text(answer)
    assert Promotion.objects.count() == 1


def test_another_creators_plans_and_promotions_are_not_found(creator: Profile) -> None:
    now = timezone.now()
    old, new = prices_of_two(now)
    change = planned(old, new, now)
    promotion = PromotionFactory.create(creator=old.plan.creator)
    plan = f"{PLANS}{old.plan.public_id}/"
    client = browser(CreatorFactory.create())
    for path in (plan, f"{plan}prices/{old.public_id}/move/"):
        assert client.get(path).status_code == 404
    for path in (
        plan,
        f"{plan}archive/",
        f"{plan}prices/",
        f"{plan}prices/{new.public_id}/withdraw/",
        f"{plan}prices/{old.public_id}/move/",
        f"{PLANS}changes/{change.pk}/withdraw/",
        f"{PROMOTIONS}{promotion.public_id}/end/",
    ):
        wish = {"name": "Mine", "months": "1", "amount": "5.00", "day": "2026-12-31"}
        assert client.post(path, wish).status_code == 404
    change.refresh_from_db()
    promotion.refresh_from_db()
    assert (change.withdrawn_at, promotion.status) == (None, "ACTIVE")
    assert Plan.objects.get(pk=old.plan_id).name == old.plan.name
