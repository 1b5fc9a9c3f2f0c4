"""A fan subscribes on brand pages, sees what it costs, and cancels with one click."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.rules.calendar import add_months
from tests import given
from tests.factories.accounts import ProfileFactory, UserFactory
from tests.factories.subscriptions import PlanFactory, PriceFactory, PromotionFactory

pytestmark = pytest.mark.django_db
BOY = {"headers": {"host": "boyfanz.localhost"}}


def text_of(response):
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))
    return plain.replace("&#x27;", "'").replace("&nbsp;", " ")


def hidden(response, name):
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())
    assert found, name
    return found[1]


def browser_of(profile):
    client = Client(headers=BOY["headers"])
    client.force_login(profile.user)
    return client


def wallet_of(fan):
    return ledger_selectors.balance_of(postings.wallet(fan.pk), "USD")


@pytest.fixture
def plan(creator):
    return PlanFactory.create(creator=creator, name="Gold", benefits=["All photos"])


@pytest.fixture
def price(plan):
    return PriceFactory.create(plan=plan, amount="12.00")


@pytest.fixture
def browser(fan):
    return browser_of(fan)


@pytest.fixture
def here(creator, price):
    return f"/@{creator.handle}/subscribe/?price={price.public_id}"


def agree(browser, here, **changes):
    """Open the checkout and send it back as it was shown."""
    shown = browser.get(here)
    data = {name: hidden(shown, name) for name in ("key", "terms_hash", "total_minor")}
    return browser.post(here, {**data, "agreed": "on", **changes})


class TestChooser:
    def test_shows_plans_prices_and_what_longer_ones_save_to_everybody(
        self, client, creator, plan, price
    ):
        PriceFactory.create(plan=plan, months=12, amount="99.00")
        page = text_of(client.get(f"/@{creator.handle}/", **BOY))

        assert "All photos" in page
        assert "$12.00 a month" in page
        assert "$99.00 a year" in page
        assert "Saves $45.00 (31 %)." in page

    def test_says_what_a_trial_and_an_offer_come_to(self, client, creator, plan, price):
        plan.trial_days = 7
        plan.save()
        PromotionFactory.create(creator=creator, name="Spring", percent_bps=5_000, periods=3)

        page = text_of(client.get(f"/@{creator.handle}/", **BOY))

        assert "Try Gold, then $12.00 a month" in page
        assert "7 days free first." in page
        assert "Spring: $6.00 the first 3 times." in page

    def test_costs_no_more_queries_with_more_plans(
        self, browser, creator, price, django_assert_max_num_queries
    ):
        for number in range(5):
            more = PlanFactory.create(creator=creator, tier=number + 2, trial_days=3)
            PriceFactory.create(plan=more)
            PriceFactory.create(plan=more, months=3, amount="29.00")
        browser.get(f"/@{creator.handle}/")
        with django_assert_max_num_queries(26):
            browser.get(f"/@{creator.handle}/")

    def test_a_stranger_signs_in_before_the_checkout(self, client, here):
        answer = client.get(here, **BOY)

        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/?next=/%40a-creator/subscribe/")


class TestCheckout:
    def test_has_every_term_beside_an_unticked_box(self, browser, fan, here):
        given.a_funded_wallet(fan, "40.00", now=timezone.now())
        answer = browser.get(here)

        page = text_of(answer)
        assert answer.status_code == 200
        assert "Charged today: $12.00 USD." in page
        assert "After that $12.00 USD every month, until you cancel." in page
        assert "Cancel at any time with one click" in page
        assert "Pay $12.00" in page
        assert not re.search(r"<input[^>]*name=\"agreed\"[^>]*checked", answer.content.decode())

    def test_begins_at_once_from_the_wallet_and_once_however_often_sent(self, browser, fan, here):
        given.a_funded_wallet(fan, "40.00", now=timezone.now())
        shown = browser.get(here)
        data = {name: hidden(shown, name) for name in ("key", "terms_hash", "total_minor")}
        answers = [browser.post(here, {**data, "agreed": "on"}) for _ in range(2)]

        subscription = Subscription.objects.get()
        assert {answer["Location"] for answer in answers} == {
            f"/subscriptions/{subscription.public_id}/"
        }
        assert subscription.state == "ACTIVE"
        assert subscription.terms_hash == data["terms_hash"]
        assert wallet_of(fan) == Money.of("28.00", "USD")

    def test_charges_nothing_without_the_tick(self, browser, fan, here):
        given.a_funded_wallet(fan, "40.00", now=timezone.now())
        answer = agree(browser, here, agreed="")

        assert answer.status_code == 422
        assert "tick the box to go on" in text_of(answer)
        assert not Subscription.objects.exists()
        assert wallet_of(fan) == Money.of("40.00", "USD")

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"total_minor": "1"}, "The price is another than the one that was shown."),
            ({"terms_hash": "0" * 64}, "The terms have changed since they were shown"),
        ],
    )
    def test_charges_nothing_that_was_not_shown(self, browser, fan, here, changes, words):
        given.a_funded_wallet(fan, "40.00", now=timezone.now())
        answer = agree(browser, here, **changes)

        assert answer.status_code == 422
        assert words in text_of(answer)
        assert not Subscription.objects.exists()
        assert wallet_of(fan) == Money.of("40.00", "USD")

    def test_says_what_a_wallet_misses_instead_of_a_button(self, browser, fan, here):
        given.a_funded_wallet(fan, "5.00", now=timezone.now())
        page = browser.get(f"{here}&method=WALLET")

        assert "Your wallet holds $5.00: $7.00 is missing." in text_of(page)
        assert "Pay $12.00" not in text_of(page)

    def test_leads_back_from_the_wallet_and_to_no_other_site(self, browser, fan, here):
        shown = browser.get(f"{here}&method=WALLET")
        [link] = re.findall(r'href="(/wallet/\?next=[^"]*)"', shown.content.decode())
        wallet = browser.get(link)
        assert "Go back to it" in text_of(wallet)
        assert f'href="{here}&amp;method=WALLET"' in wallet.content.decode()
        for other in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
            again = browser.get("/wallet/", {"next": other}).content.decode()
            assert "evil" not in again
            assert "javascript:alert" not in again
        browser.get(f"{here}&method=WALLET")
        assert "Go back to it" not in text_of(browser.get("/wallet/"))

    def test_takes_a_code_and_says_why_it_does_not(self, browser, fan, creator, here):
        given.a_funded_wallet(fan, "40.00", now=timezone.now())
        PromotionFactory.create(creator=creator, code="HALF", percent_bps=5_000)

        assert "Pay $6.00" in text_of(browser.get(f"{here}&code=half"))
        wrong = browser.get(f"{here}&code=NOPE")
        assert "This code does not exist, or is not for you" in text_of(wrong)
        assert "Pay $12.00" in text_of(wrong)
        assert 'action="?price=' in wrong.content.decode()
        assert "code=NOPE" not in re.findall(r'action="([^"]*)"', wrong.content.decode())[0]

    def test_ten_wrong_codes_are_enough_and_all_else_goes_on(
        self, browser, fan, creator, price, here
    ):
        given.a_funded_wallet(fan, "40.00", now=timezone.now())
        PromotionFactory.create(creator=creator, code="HALF", percent_bps=5_000)
        PromotionFactory.create(creator=creator, code="YEAR", percent_bps=5_000, months=12)

        for code in [*(f"GUESS{n}" for n in range(9)), "YEAR"]:  # that one is for another price
            answer = text_of(browser.get(f"{here}&code={code}"))
            assert "This code does not exist, or is not for you" in answer
            assert "Pay $6.00" in text_of(browser.get(f"{here}&code=half")) or code == "YEAR"
        right = browser.get(f"{here}&code=half")
        assert "too many tries" in text_of(right)
        assert "Pay $12.00" in text_of(right)
        assert "Pay $12.00" in text_of(browser.get(here))
        assert "Pay $6.00" in text_of(browser_of(ProfileFactory.create()).get(f"{here}&code=half"))

    def test_refuses_minors_oneself_and_who_is_subscribed(
        self, browser, fan, creator, price, here
    ):
        given.a_funded_wallet(fan, "40.00", now=timezone.now())
        minor = ProfileFactory.create(user=UserFactory.create(age_state="MINOR"))
        for who in (minor, creator):
            answer = browser_of(who).get(here)
            assert answer.status_code == 422
            assert "Nothing was charged." in text_of(answer)
            assert "Pay $" not in text_of(answer)
        agree(browser, here)
        assert "There is a subscription to this creator already." in text_of(browser.get(here))
        assert Subscription.objects.count() == 1

    def test_counts_its_days_where_the_fan_lives(self, browser, fan, here):
        given.a_funded_wallet(fan, "40.00", now=timezone.now())
        browser.cookies["zone"] = "Pacific%2FKiritimati"
        shown = browser.get(here)
        there = timezone.now().astimezone(ZoneInfo("Pacific/Kiritimati"))
        day = add_months(there, 1, "Pacific/Kiritimati").astimezone(there.tzinfo).date()
        assert f"Next charge: $12.00 USD on {day.isoformat()}" in text_of(shown)
        [form] = re.findall(r'action="(\?price[^"]*)"', shown.content.decode())
        del browser.cookies["zone"]
        data = {name: hidden(shown, name) for name in ("key", "terms_hash", "total_minor")}
        address = here.split("?")[0] + form.replace("&amp;", "&")
        assert browser.post(address, {**data, "agreed": "on"}).status_code == 302
        assert Subscription.objects.get().timezone == "Pacific/Kiritimati"

    def test_a_zone_that_is_none_is_utc(self, browser, fan, here):
        given.a_funded_wallet(fan, "40.00", now=timezone.now())
        browser.cookies["zone"] = "Mars%2FOlympus"
        agree(browser, f"{here}&zone=nowhere")
        assert Subscription.objects.get().timezone == "UTC"

    def test_another_creators_price_is_not_found_here(self, browser, here):
        other = PriceFactory.create()
        assert browser.get(here.split("=")[0] + f"={other.public_id}").status_code == 404
        assert browser.get(here.split("?")[0]).status_code == 404


class TestMine:
    @pytest.fixture
    def subscription(self, browser, fan, here):
        given.a_funded_wallet(fan, "40.00", now=timezone.now())
        agree(browser, here)
        return Subscription.objects.get()

    def test_lists_state_next_charge_and_price(self, browser, subscription):
        page = text_of(browser.get("/subscriptions/"))

        assert "Active" in page
        until = subscription.current_until
        assert f"$12.00 on {until:%b} {until.day}, {until:%Y}" in page
        assert "$12.00 a month" in page

    def test_cancels_with_one_click_and_takes_it_back_with_another(self, browser, subscription):
        one = f"/subscriptions/{subscription.public_id}/"
        page = text_of(browser.post(f"{one}cancel/", follow=True))
        subscription.refresh_from_db()
        assert subscription.cancel_at_end
        assert "Cancelled. Nothing is charged any more." in page
        assert "Changed your mind? Take it back" in page

        page = text_of(browser.post(f"{one}uncancel/", follow=True))
        subscription.refresh_from_db()
        assert not subscription.cancel_at_end
        assert "goes on as before" in page

    def test_pauses_and_goes_on(self, browser, subscription):
        one = f"/subscriptions/{subscription.public_id}/"
        assert browser.post(f"{one}pause/", {"months": "9"}).status_code == 422
        browser.post(f"{one}pause/", {"months": "2"})
        subscription.refresh_from_db()
        assert subscription.state == "PAUSED"
        assert subscription.resumes_at - subscription.current_until > timedelta(days=57)

        page = text_of(browser.post(f"{one}resume/", follow=True))
        subscription.refresh_from_db()
        assert subscription.state == "ACTIVE"
        assert "It goes on." in page

    def test_shows_receipts_and_story(self, browser, subscription):
        page = text_of(browser.get(f"/subscriptions/{subscription.public_id}/"))

        assert "Receipt of period 1" in page
        assert "Began by you" in page
        assert "Your wallet" in page

    def test_one_of_somebody_else_is_not_found(self, subscription):
        stranger = browser_of(ProfileFactory.create())
        one = f"/subscriptions/{subscription.public_id}/"
        assert stranger.get(one).status_code == 404
        for verb in ("cancel", "uncancel", "pause", "resume", "pay-with", "change/withdraw"):
            sent = stranger.post(f"{one}{verb}/", {"months": "1"})
            assert sent.status_code == 404, verb
        subscription.refresh_from_db()
        assert (subscription.state, subscription.cancel_at_end) == ("ACTIVE", False)

    def test_more_subscriptions_cost_no_more_queries(
        self, browser, subscription, django_assert_max_num_queries
    ):
        for _ in range(5):
            price = PriceFactory.create(amount="2.00")
            agree(browser, f"/@{price.plan.creator.handle}/subscribe/?price={price.public_id}")
        assert Subscription.objects.count() == 6
        browser.get("/subscriptions/")
        with django_assert_max_num_queries(8):
            browser.get("/subscriptions/")


class TestSubscribers:
    @pytest.fixture
    def theirs(self, creator):
        return browser_of(creator)

    @pytest.fixture
    def subscribed(self, browser, fan, here):
        given.a_funded_wallet(fan, "40.00", now=timezone.now())
        fan.handle = "=cmd|x"
        fan.save()
        agree(browser, here)
        return Subscription.objects.get()

    def test_shows_who_since_when_and_what_they_bring(self, theirs, subscribed):
        page = text_of(theirs.get("/creator/subscribers/"))

        earned = ledger_selectors.balance_of(
            postings.creator_payable(subscribed.creator_id), "USD"
        )
        assert "A Fan" in page
        assert "Gold, $12.00 a month" in page
        assert earned.formatted in page

    def test_filters_and_says_when_nobody_fits(self, theirs, subscribed):
        assert "A Fan" in text_of(theirs.get("/creator/subscribers/?state=now"))
        page = text_of(theirs.get("/creator/subscribers/?state=ended"))
        assert "A Fan" not in page
        assert "Nobody fits" in page

    def test_exports_what_is_filtered_and_no_formula(self, theirs, subscribed):
        answer = theirs.get("/creator/subscribers/export/?state=now")
        lines = b"".join(answer.streaming_content).decode().splitlines()

        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert lines[0].startswith("id,fan,plan,tier,state")
        assert len(lines) == 2
        assert ",'=cmd|x," in lines[1]
        assert ",12.00,USD,1," in lines[1]

    def test_exports_nothing_by_a_filter_that_is_none(self, theirs, subscribed):
        answer = theirs.get("/creator/subscribers/export/?state=bogus")
        assert answer["Location"] == "/creator/subscribers/?state=bogus"

    def test_ends_one_with_a_reason_and_no_money_back(self, theirs, browser, fan, subscribed):
        address = f"/creator/subscribers/{subscribed.public_id}/end/"
        assert "It ends at once" in text_of(theirs.get(address))
        assert theirs.post(address, {"reason": " "}).status_code == 422
        assert browser.get(address).status_code == 404
        assert browser.post(address, {"reason": "x"}).status_code == 404
        subscribed.refresh_from_db()
        assert subscribed.state == "ACTIVE"

        page = text_of(theirs.post(address, {"reason": "Insults"}, follow=True))
        subscribed.refresh_from_db()
        assert "has ended" in page
        assert (subscribed.state, subscribed.end_reason) == ("ENDED", "CREATOR")
        assert subscribed.access_until <= timezone.now()
        assert wallet_of(fan) == Money.of("28.00", "USD")
        own = text_of(browser.get(f"/subscriptions/{subscribed.public_id}/"))
        assert "Ended by the creator" in own
        assert "Insults" not in own

    def test_a_fan_has_none(self, browser):
        assert "subscribers" not in text_of(browser.get("/creator/subscribers/")).lower()[:200]
        assert browser.get("/creator/subscribers/export/")["Content-Type"].startswith("text/html")
