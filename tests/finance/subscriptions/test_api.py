"""The API of subscriptions: quotes, subscribing, changes and what answers 402."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core.money import Money
from apps.finance.payments.models import MerchantAccount
from apps.finance.payments.selectors.candidates import forget_candidates
from apps.finance.subscriptions.models import Subscription
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory, UserFactory
from tests.factories.payments import MerchantAccountFactory
from tests.factories.subscriptions import PlanFactory, PriceFactory, PromotionFactory
from tests.finance.subscriptions.asking import (
    ROOT,
    client_of,
    go_on,
    one,
    pay_with,
    quoted,
    subscribe,
    wallet_of,
)

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


class TestQuote:
    def test_says_everything_that_will_be_charged(self, api, plan, price):
        plan.trial_days, plan.trial_minor = 7, 1_00
        plan.save()

        quote = quoted(api, price).json()

        assert quote["total"] == {"amount": "1.00", "currency": "USD"}
        assert quote["per_period"] == {"amount": "12.00", "currency": "USD"}
        assert quote["next_amount"] == {"amount": "12.00", "currency": "USD"}
        assert quote["trial_days"] == 7
        assert quote["trial_ends_at"] == quote["next_at"]
        assert "Trial of 7 days" in quote["terms"]
        assert len(quote["terms_hash"]) == 64

    def test_takes_a_code(self, api, creator, price):
        PromotionFactory.create(creator=creator, code="HALF", percent_bps=5_000)

        assert quoted(api, price, code="half").json()["total"]["amount"] == "6.00"
        wrong = quoted(api, price, code="NOPE")
        assert (wrong.status_code, wrong.json()["code"]) == (422, "subscriptions.code_unknown")

    def test_another_text_on_the_statement_is_shown_before_it_is_charged(self, api, fan, price):
        forget_candidates()
        quoted_by = MerchantAccountFactory.create(cluster=fan.cluster, rank=1)
        terms_hash = quoted(api, price, method="CARD").json()["terms_hash"]
        MerchantAccount.objects.filter(pk=quoted_by.pk).update(least_minor=5_000)
        forget_candidates()
        MerchantAccountFactory.create(
            cluster=fan.cluster, rank=2, account_number="900002", descriptor="BOYFANZ.COM 555"
        )

        begun = subscribe(api, price, method="CARD", terms_hash=terms_hash).json()

        assert (begun["next_action"], "BOYFANZ.COM 555" in begun["terms"]) == (None, True)
        assert begun["terms_hash"] != terms_hash
        path = f"/api/v1/payments/transactions/{begun['transaction']}/checkout/"
        assert api.post(path).json()["next_action"]["type"] == "redirect"

    def test_guessing_at_codes_ends_after_ten_wrong_ones(self, api, fan, creator, price, now):
        given.a_funded_wallet(fan, "40.00", now=now)
        PromotionFactory.create(creator=creator, code="HALF", percent_bps=5_000)
        PromotionFactory.create(creator=creator, code="YEAR", percent_bps=5_000, months=12)
        unknown = quoted(api, price, code="NOPE").json()
        elsewhere = quoted(api, price, code="YEAR").json()
        assert (elsewhere["code"], elsewhere["detail"]) == (unknown["code"], unknown["detail"])
        for number in range(8):
            assert quoted(api, price, code=f"NO{number}").status_code == 422

        refused = quoted(api, price, code="HALF")
        assert (refused.status_code, refused.json()["code"]) == (429, "request.too_often")
        assert 0 < int(refused["Retry-After"]) <= 600
        assert subscribe(api, price, code="HALF").status_code == 429
        assert not Subscription.objects.exists()
        assert wallet_of(fan) == Money.of("40.00", "USD")
        assert subscribe(api, price, key="k-2").status_code == 201

    def test_another_brands_price_is_not_found(self, api, girlfanz):
        other = PriceFactory.create(
            plan=PlanFactory.create(creator=CreatorFactory.create(cluster=girlfanz))
        )
        answer = quoted(api, other)
        assert (answer.status_code, answer.json()["code"]) == (
            404,
            "subscriptions.price_not_found",
        )


class TestSubscribing:
    def test_begins_from_the_wallet_and_answers_the_same_again(self, api, fan, price, now):
        given.a_funded_wallet(fan, "40.00", now=now)

        quote = quoted(api, price).json()
        answers = [
            subscribe(api, price, terms_hash=quote["terms_hash"], total=quote["total"])
            for _ in range(2)
        ]

        assert [answer.status_code for answer in answers] == [201, 201]
        [first, again] = [answer.json() for answer in answers]
        assert first == again
        assert first["next_action"] is None
        assert first["subscription"]["state"] == "ACTIVE"
        assert first["subscription"]["next_charge"]["amount"]["amount"] == "12.00"
        assert wallet_of(fan) == Money.of("28.00", "USD")
        assert Subscription.objects.count() == 1

    def test_sends_a_card_to_the_gateway_and_waits(self, api, boyfanz, price):
        MerchantAccountFactory.of(boyfanz)
        quote = quoted(api, price, method="CARD").json()
        answer = api.post(
            ROOT,
            {
                "price": str(price.public_id),
                "method": "CARD",
                "terms_hash": quote["terms_hash"],
                "total": quote["total"],
            },
            format="json",
            headers={"idempotency-key": "by-card"},
        )

        assert answer.status_code == 201
        assert answer.json()["subscription"]["state"] == "INCOMPLETE"
        assert answer.json()["next_action"]["type"] == "redirect"
        assert answer.json()["transaction"]

    @pytest.mark.parametrize(
        "refusal",
        [
            ({"terms_hash": "0" * 64}, 409, "subscriptions.terms_changed"),
            (
                {"total": {"amount": "1.00", "currency": "USD"}},
                409,
                "subscriptions.price_moved",
            ),
            (
                {"total": {"amount": "12.00", "currency": "EUR"}},
                422,
                "subscriptions.currency_mismatch",
            ),
            ({"code": "NOPE"}, 422, "subscriptions.code_unknown"),
            ({"timezone": "Mars/Base"}, 422, "subscriptions.timezone_unknown"),
            ({"method": "CRYPTO"}, 422, "request.invalid"),
        ],
    )
    def test_refuses_what_was_not_shown_and_charges_nothing(self, api, fan, price, now, refusal):
        changes, status, code = refusal
        given.a_funded_wallet(fan, "40.00", now=now)

        answer = subscribe(api, price, **changes)

        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert not Subscription.objects.exists()
        assert wallet_of(fan) == Money.of("40.00", "USD")

    def test_refuses_a_wallet_that_is_too_low_a_minor_and_oneself(
        self, api, fan, creator, price, now
    ):
        minor = ProfileFactory.create(user=UserFactory.create(age_state="MINOR"))
        unknown = ProfileFactory.create(user=UserFactory.create(age_state="UNKNOWN"))
        given.a_funded_wallet(fan, "5.00", now=now)
        codes = [
            subscribe(client_of(who), price).json()["code"]
            for who in (fan, minor, unknown, creator)
        ]

        assert codes == [
            "subscriptions.wallet_too_low",
            "accounts.underage",
            "accounts.age_not_verified",
            "subscriptions.own_plan",
        ]
        assert not Subscription.objects.exists()
        assert wallet_of(fan) == Money.of("5.00", "USD")


@pytest.fixture
def subscription(api, fan, price, now):
    given.a_funded_wallet(fan, "90.00", now=now)
    assert subscribe(api, price).status_code == 201
    return Subscription.objects.get()


class TestMine:
    def test_lists_filters_and_tells_one_with_its_story(self, api, creator, subscription):
        [row] = api.get(ROOT).json()["results"]
        assert (row["creator"], row["state"]) == (creator.handle, "ACTIVE")
        assert api.get(ROOT, {"state": "ENDED"}).json()["results"] == []
        assert len(api.get(ROOT, {"creator": creator.handle.upper()}).json()["results"]) == 1

        told = api.get(one(subscription)).json()
        assert [line["what"] for line in told["history"]][-1] == "STARTED"
        assert told["history"][-1]["by"] == "YOU"
        [period] = told["periods"]
        assert (period["state"], period["amount"]["amount"]) == ("PAID", "12.00")

    def test_pages_by_cursor_at_a_fixed_number_of_queries(
        self, api, fan, subscription, django_assert_max_num_queries
    ):
        for number in range(4):
            price = PriceFactory.create(amount="2.00")
            assert subscribe(api, price, key=f"more-{number}").status_code == 201
        with django_assert_max_num_queries(5):
            first = api.get(ROOT, {"page_size": 3}).json()
        second = api.get(first["next"]).json()
        ids = [row["id"] for page in (first, second) for row in page["results"]]
        assert len(set(ids)) == 5
        assert second["next"] is None
        assert api.get(ROOT, {"cursor": "cD14"}).status_code == 404

    def test_cancels_at_once_and_takes_back(self, api, fan, subscription):
        cancelled = api.post(one(subscription, "cancel/"), {"reason": "Dear"}, format="json")
        assert cancelled.json()["cancel_at_end"] is True
        assert cancelled.json()["next_charge"] is None
        assert cancelled.json()["access_until"] == cancelled.json()["current_until"]
        again = api.post(one(subscription, "cancel/"), {}, format="json")
        assert again.status_code == 200
        kept = api.post(one(subscription, "uncancel/")).json()
        assert kept["cancel_at_end"] is False
        assert wallet_of(fan) == Money.of("78.00", "USD")

    def test_pauses_and_resumes(self, api, subscription):
        until = subscription.current_until + timedelta(days=30)
        paused = api.post(one(subscription, "pause/"), {"until": until}, format="json")
        assert (paused.status_code, paused.json()["state"]) == (200, "PAUSED")
        late = until + timedelta(days=300)
        wrong = api.post(one(subscription, "pause/"), {"until": late}, format="json")
        assert wrong.status_code in {409, 422}
        assert go_on(api, subscription, "resume/").json()["state"] == "ACTIVE"

    def test_pauses_at_once_and_keeps_the_rest_as_time(self, api, subscription):
        until = timezone.now() + timedelta(days=20)
        asked = {"until": until, "at_once": True}
        paused = api.post(one(subscription, "pause/"), asked, format="json").json()
        assert paused["access_until"] < paused["current_until"]
        assert paused["resumes_at"] == until.isoformat().replace("+00:00", "Z")

    def test_changes_as_it_was_quoted(self, api, fan, creator, subscription):
        dearer = PriceFactory.create(
            plan=PlanFactory.create(creator=creator, name="Platinum", tier=2), amount="30.00"
        )
        ask = {"price": str(dearer.public_id)}
        quote = api.get(one(subscription, "change/quote/"), ask).json()
        assert (quote["kind"], quote["at_once"]) == ("UPGRADE", True)
        credit = Money.of(quote["credit"]["amount"], "USD")
        total = Money.of(quote["total"]["amount"], "USD")
        assert credit + total == Money.of("30.00", "USD")

        def change(token, key):
            return api.post(
                one(subscription, "change/"),
                ask | {"token": token},
                format="json",
                headers={"idempotency-key": key},
            )

        wrong = change("nothing", "c-0")
        assert wrong.json()["code"] == "subscriptions.quote_moved"
        assert wallet_of(fan) == Money.of("78.00", "USD")
        changed = [change(quote["token"], "c-1").json() for _ in range(2)]
        assert changed[0] == changed[1]
        assert changed[0]["plan"]["name"] == "Platinum"
        assert wallet_of(fan) == Money.of("78.00", "USD") - total

    def test_plans_a_cheaper_one_for_later_and_takes_it_back(self, api, creator, subscription):
        cheaper = PriceFactory.create(
            plan=PlanFactory.create(creator=creator, name="Basic"), amount="5.00"
        )
        ask = {"price": str(cheaper.public_id)}
        quote = api.get(one(subscription, "change/quote/"), ask).json()
        assert (quote["kind"], quote["at_once"]) == ("DOWNGRADE", False)
        planned = api.post(
            one(subscription, "change/"),
            ask | {"token": quote["token"]},
            format="json",
            headers={"idempotency-key": "c-1"},
        ).json()
        assert planned["planned_change"]["plan"]["name"] == "Basic"
        assert planned["next_charge"]["amount"]["amount"] == "5.00"
        assert api.delete(one(subscription, "change/")).json()["planned_change"] is None

    def test_somebody_elses_is_not_found_by_any_verb(self, subscription):
        stranger = client_of(ProfileFactory.create())
        assert stranger.get(one(subscription)).status_code == 404
        for verb in ("cancel/", "uncancel/"):
            assert stranger.post(one(subscription, verb), {}, format="json").status_code == 404
        for verb in ("resume/", "retry/"):
            assert go_on(stranger, subscription, verb).status_code == 404
        assert stranger.get(one(subscription, "charge/")).status_code == 404
        until = subscription.current_until + timedelta(days=30)
        bodies = {"pause/": {"until": until.isoformat()}}
        for verb, body in bodies.items():
            assert stranger.post(one(subscription, verb), body, format="json").status_code == 404
        assert pay_with(stranger, subscription, wallet=True).status_code == 404
        assert stranger.delete(one(subscription, "change/")).status_code == 404
        subscription.refresh_from_db()
        assert (subscription.state, subscription.cancel_at_end) == ("ACTIVE", False)

    def test_is_paid_another_way_only_by_what_is_named(self, api, subscription):
        assert pay_with(api, subscription).status_code == 422
        assert pay_with(api, subscription, wallet=True).json()["renews_by"] == "WALLET"
        unknown = "00000000-0000-4000-8000-000000000009"
        assert pay_with(api, subscription, payment_method=unknown).status_code == 404
