"""What is past due or paused: its fan sees what failed, what it costs now, and sets it going."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.core.money import Money
from apps.finance.payments.choices import Method
from apps.finance.subscriptions import errors, services
from apps.finance.subscriptions.choices import State
from apps.finance.subscriptions.models import DunningTry, Subscription
from apps.finance.subscriptions.selectors import dues
from apps.finance.subscriptions.services.tick import bill_due
from apps.finance.tax import services as tax
from apps.finance.tax.choices import Product, TaxKind
from tests import given
from tests.factories.accounts import ProfileFactory, StaffFactory
from tests.factories.subscriptions import PlanFactory, PriceFactory
from tests.finance.subscriptions.asking import ROOT, client_of, go_on, one, pay_with
from tests.given_subscriptions import a_past_due_one, a_paused_one, fresh, wallet_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TEN = {"amount": "10.00", "currency": "USD"}


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def price():
    return PriceFactory.create(amount="10.00", plan__tier=1)


def asked(fan, creator, tier=""):
    name = f"creator:{creator.handle}" + (f":{tier}" if tier else "")
    return client_of(fan).get(f"/api/v1/entitlements/{name}/")


class TestOffersOfA402:
    def test_past_due_pays_what_is_due_and_is_let_in(self, price, now):
        found = a_past_due_one(price, days_ago=5, now=now)
        api = client_of(found.fan)
        refused = asked(found.fan, found.creator)
        assert refused.status_code == 402
        [offer] = refused.json()["offers"]
        assert (offer["kind"], offer["subscription"]) == ("PAY", str(found.public_id))
        assert offer["due_today"] == offer["price"] == TEN

        given.a_funded_wallet(found.fan, "12.00", now=now)
        assert go_on(api, found, "retry/", total=TEN).status_code == 200
        bill_due(now=timezone.now())
        assert asked(found.fan, found.creator).status_code == 200
        assert wallet_of(found.fan) == "2.00"

    def test_paused_goes_on_for_what_is_shown_and_is_let_in(self, price, now):
        found = a_paused_one(price, now=now)
        [offer] = asked(found.fan, found.creator).json()["offers"]
        assert (offer["kind"], offer["subscription"]) == ("RESUME", str(found.public_id))
        assert offer["due_today"] == TEN
        assert go_on(client_of(found.fan), found, "resume/", total=TEN).status_code == 200
        bill_due(now=timezone.now())
        assert asked(found.fan, found.creator).status_code == 200
        assert wallet_of(found.fan) == "10.00"

    @pytest.mark.parametrize("stands", ["PAST_DUE", "PAUSED"])
    def test_a_higher_tier_is_not_offered_before_that_is_done(self, price, now, stands):
        PriceFactory.create(
            plan=PlanFactory.create(creator=price.plan.creator, tier=3), amount="30.00"
        )
        if stands == "PAUSED":
            found = a_paused_one(price, now=now)
        else:
            found = a_past_due_one(price, days_ago=5, now=now)
        body = asked(found.fan, found.creator, tier=3).json()
        assert body["offers"] == []
        assert "before the plan can be changed" in body["detail"]

    def test_a_gift_of_less_says_when_a_plan_can_be_had(self, price, now):
        creator = price.plan.creator
        PriceFactory.create(plan=PlanFactory.create(creator=creator, tier=3), amount="30.00")
        giver, fan = (ProfileFactory.create() for _ in range(2))
        given.a_funded_wallet(giver, "10.00", now=now)
        gift = services.buy_gift(
            giver=giver, price=price, method=Method.WALLET, idempotency_key="g-1", to=fan, now=now
        )
        services.take_gift(fan=fan, code=gift.code, now=now)
        held = Subscription.objects.get(fan=fan)
        body = asked(fan, creator, tier=3).json()
        assert (body["why"], body["offers"]) == ("TIER_TOO_LOW", [])
        assert f"lasts until {held.current_until:%Y-%m-%d}" in body["detail"]


class TestPastDue:
    def test_tells_the_next_try_its_reason_and_until_when_access_goes_on(self, price, now):
        found = a_past_due_one(price, days_ago=1, now=now)
        body = client_of(found.fan).get(one(found)).json()["subscription"]
        last = DunningTry.objects.filter(subscription=found).latest("id")
        failure = body["past_due"]
        assert failure["reason"] == "Your wallet holds too little."
        assert failure["next_try_at"] == body["next_charge"]["at"] is not None
        assert last.next_at == found.due_at > now
        assert (failure["ends_at"], failure["may_retry"]) == (None, True)
        assert body["next_charge"]["amount"] == TEN

    def test_tells_the_end_where_no_try_follows(self, price, now):
        found = a_past_due_one(price, days_ago=1, now=now)
        DunningTry.objects.filter(subscription=found).update(next_at=None)
        body = client_of(found.fan).get(one(found)).json()["subscription"]
        assert body["next_charge"] is None
        assert body["past_due"]["next_try_at"] is None
        assert found.due_at is not None
        assert body["past_due"]["ends_at"] == found.due_at.isoformat().replace("+00:00", "Z")

    def test_a_list_reads_all_failures_in_one_query(self, price, now):
        fan = a_past_due_one(price, days_ago=1, now=now).fan
        api = client_of(fan)
        counts = []
        for more in (0, 2):
            for number in range(more):
                other = PriceFactory.create(amount="11.00")
                given.a_funded_wallet(fan, f"11.0{number}", now=now)
                a_past_due_one(other, days_ago=1, now=now, fan=fan)
            with CaptureQueriesContext(connection) as queries:
                rows = api.get(ROOT).json()["results"]
            counts.append(len(queries))
        assert [row["past_due"]["may_retry"] for row in rows] == [True] * 3
        assert counts[0] == counts[1]

    def test_is_tried_again_only_for_what_was_seen(self, price, now):
        found = a_past_due_one(price, days_ago=1, now=now)
        api = client_of(found.fan)
        assert api.get(one(found, "charge/")).json()["total"] == TEN
        for seen in ({}, {"total": TEN | {"amount": "9.99"}}):
            refused = go_on(api, found, "retry/", **seen)
            assert refused.json()["code"] == "subscriptions.price_moved"
        assert fresh(found).due_at == found.due_at
        assert not found.history.filter(what="NOTE").exists()

        tried = go_on(api, found, "retry/", total=TEN).json()["past_due"]
        assert tried["is_tried_now"] is True
        due = fresh(found).due_at
        assert due is not None
        assert due <= timezone.now()

    def test_a_card_that_may_never_be_charged_again_is_not(self, price, now):
        found = a_past_due_one(price, days_ago=1, now=now)
        Subscription.objects.filter(pk=found.pk).update(renews_by="MEANS")
        DunningTry.objects.filter(subscription=found).update(decline_class="NEVER", next_at=None)
        with pytest.raises(errors.WrongState):
            services.retry_now(subscription_id=found.public_id, fan=found.fan, now=now)
        assert fresh(found).due_at == found.due_at
        shown = client_of(found.fan).get(one(found)).json()["subscription"]["past_due"]
        assert shown["may_retry"] is False

    def test_paying_another_way_charges_what_was_seen(self, price, now):
        found = a_past_due_one(price, days_ago=1, now=now)
        Subscription.objects.filter(pk=found.pk).update(renews_by="MEANS")
        api = client_of(found.fan)
        assert api.get(one(found, "charge/"), {"wallet": True}).json()["total"] == TEN
        assert pay_with(api, found, wallet=True).status_code == 409
        assert fresh(found).renews_by == "MEANS"
        assert pay_with(api, found, wallet=True, total=TEN).status_code == 200
        assert fresh(found).renews_by == "WALLET"


class TestGoingOn:
    def test_charges_only_what_was_seen(self, price, now):
        found = a_paused_one(price, now=now)
        api = client_of(found.fan)
        assert api.get(one(found, "charge/")).json()["total"] == TEN
        assert go_on(api, found, "resume/").json()["code"] == "subscriptions.price_moved"
        assert fresh(found).state == State.PAUSED
        answers = [go_on(api, found, "resume/", key="r-1", total=TEN) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        bill_due(now=timezone.now())
        assert wallet_of(found.fan) == "10.00"

    def test_charges_nothing_while_what_is_paid_runs(self, price, now):
        found = a_paused_one(price, now=now, days_ago=10)
        api = client_of(found.fan)
        assert api.get(one(found, "charge/")).json()["total"]["amount"] == "0.00"
        assert go_on(api, found, "resume/").json()["state"] == "ACTIVE"
        assert wallet_of(found.fan) == "20.00"

    def test_paying_a_paused_one_another_way_charges_nothing(self, price, now):
        found = a_paused_one(price, now=now)
        assert dues.charge_now(found, now=now) is not None
        assert dues.charge_now(found, now=now, by="WALLET") is None
        assert Money.of("20.00", "USD").formatted == f"${wallet_of(found.fan)}"


def test_what_is_shown_is_what_is_taken_with_the_tax_on_top(price, now):
    found = a_past_due_one(price, days_ago=1, now=now)
    one_person, other = (StaffFactory.create(role="finance") for _ in range(2))
    rate = tax.set_rate(
        place="US-AL", product=Product.ANY, kind=TaxKind.LEVY, percent=Decimal(10),
        is_inclusive=False, valid_from=date(2026, 1, 1), source="law", by=one_person,
        reason="letter", now=now,
    )  # fmt: skip
    tax.confirm_rate(rate_id=rate.pk, by=other, reason="read it", now=now)
    tax.turn_tax(
        cluster=found.cluster, is_on=True, by=one_person, reason="registered", now=now - 2 * DAY
    )
    Subscription.objects.filter(pk=found.pk).update(buyer_country="US-AL")
    given.a_funded_wallet(found.fan, "12.00", now=now)
    api = client_of(found.fan)
    shown = api.get(one(found, "charge/")).json()
    assert [shown[name]["amount"] for name in ("amount", "tax", "total")] == [
        "10.00",
        "1.00",
        "11.00",
    ]
    assert go_on(api, found, "retry/", total=shown["amount"]).status_code == 409
    assert go_on(api, found, "retry/", total=shown["total"]).status_code == 200
    bill_due(now=timezone.now())
    assert (fresh(found).state, wallet_of(found.fan)) == (State.ACTIVE, "1.00")
