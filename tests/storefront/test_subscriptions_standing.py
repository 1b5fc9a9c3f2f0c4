"""The page of a subscription that stands still: what failed, what it costs to go on, and how."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.finance.payments.choices import Status
from apps.finance.payments.models import Transaction
from apps.finance.subscriptions import services
from apps.finance.subscriptions.choices import State
from apps.finance.subscriptions.models import DunningTry, Subscription
from tests import given
from tests.factories.subscriptions import PlanFactory, PriceFactory
from tests.given_subscriptions import a_past_due_one, a_paused_one, a_subscription, fresh
from tests.storefront.test_subscriptions import browser_of, hidden, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def price():
    return PriceFactory.create(amount="10.00")


def page_of(subscription):
    return browser_of(subscription.fan).get(f"/subscriptions/{subscription.public_id}/")


def sent(subscription, verb, **data):
    one = f"/subscriptions/{subscription.public_id}/"
    return text_of(browser_of(subscription.fan).post(f"{one}{verb}/", data, follow=True))


def day(moment):
    return f"{moment:%b} {moment.day}, {moment:%Y}"


class TestPastDue:
    def test_says_why_when_it_is_tried_again_and_how_long_access_goes_on(self, price, now):
        found = a_past_due_one(price, days_ago=1, now=now)
        page = text_of(page_of(found))
        assert "The last charge failed. Your wallet holds too little." in page
        assert f"We try again on {day(found.due_at)}" in page
        assert f"You can see everything until {day(found.access_until)}" in page
        assert f"$10.00 on {day(found.due_at)}" in page
        assert "It ends with it." in page
        assert "What you paid stays open" not in page

    def test_says_that_it_ends_where_no_try_follows_and_access_is_over(self, price, now):
        found = a_past_due_one(price, days_ago=5, now=now)
        DunningTry.objects.filter(subscription=found).update(next_at=None)
        page = text_of(page_of(found))
        assert "We try again" not in page
        assert f"It ends on {day(found.due_at)} if it is not paid before." in page
        assert f"Access ended on {day(found.access_until)} and comes back when it is paid." in page
        assert f"None by itself: ends {day(found.due_at)}" in page

    def test_is_tried_again_for_the_sum_on_the_button(self, price, now):
        found = a_past_due_one(price, days_ago=1, now=now)
        shown = page_of(found)
        assert "Try again: pay $10.00" in text_of(shown)
        assert "The price is another" in sent(found, "retry", total_minor="1")
        assert fresh(found).due_at == found.due_at

        seen = hidden(shown, "total_minor")
        page = sent(found, "retry", total_minor=seen)
        assert "We are trying again now." in page
        assert "Try again: pay" not in page
        due = fresh(found).due_at
        assert due is not None
        assert due <= timezone.now()

    def test_leads_to_the_payment_that_its_bank_asks_about(self, price, now):
        found = a_past_due_one(price, days_ago=1, now=now)
        waiting = given.a_deposit(found.fan, "10.00", now=now, key="waits")
        Transaction.objects.filter(pk=waiting.pk).update(status=Status.REQUIRES_ACTION)
        last = DunningTry.objects.filter(subscription=found).latest("id")
        DunningTry.objects.filter(pk=last.pk).update(transaction=waiting, decline_class="PAYER")
        shown = page_of(found)
        assert "Confirm the payment" in text_of(shown)
        assert f'href="/checkout/{waiting.public_id}/"' in shown.content.decode()
        assert "Try again: pay" not in text_of(shown)

    def test_promises_no_day_of_what_a_gateway_tries_by_itself(self, price, now):
        found = a_past_due_one(price, days_ago=1, now=now)
        Subscription.objects.filter(pk=found.pk).update(renews_by="GATEWAY")
        page = text_of(page_of(found))
        assert "The card processor tries again by itself." in page
        assert "We try again" not in page
        assert "Try again: pay" not in page
        assert "None by itself" not in page

    def test_ends_at_once_when_it_is_cancelled(self, price, now):
        found = a_past_due_one(price, days_ago=1, now=now)
        assert "We have sent you a mail" in sent(found, "cancel")
        assert fresh(found).state == State.ENDED
        assert "This was cancelled already." in sent(found, "cancel")

    def test_another_way_is_charged_the_sum_on_its_button(self, price, now):
        found = a_past_due_one(price, days_ago=1, now=now)
        assert "Pay another way" not in text_of(page_of(found))
        Subscription.objects.filter(pk=found.pk).update(renews_by="MEANS")  # its card is gone
        assert "Pay $10.00 this way now" in text_of(page_of(found))
        assert "The price is another" in sent(found, "pay-with", means="WALLET")
        assert fresh(found).renews_by == "MEANS"
        page = sent(found, "pay-with", means="WALLET", total_minor="1000")
        assert "We charge $10.00 this way now, and the next periods too." in page
        assert fresh(found).renews_by == "WALLET"


class TestPaused:
    def test_says_what_going_on_costs_and_charges_no_other_sum(self, price, now):
        found = a_paused_one(price, now=now)
        shown = page_of(found)
        assert "Go on now and pay $10.00" in text_of(shown)
        assert "The price is another" in sent(found, "resume")
        assert fresh(found).state == State.PAUSED
        page = sent(found, "resume", total_minor=hidden(shown, "total_minor"))
        assert "It goes on. We charge $10.00 now." in page
        assert fresh(found).state == State.ACTIVE

    def test_costs_nothing_while_what_is_paid_runs(self, price, now):
        found = a_paused_one(price, now=now, days_ago=10)
        page = text_of(page_of(found))
        assert "Going on now charges nothing before what you paid is used up." in page
        assert "Go on now and pay" not in page
        assert "It goes on." in sent(found, "resume", total_minor="0")

    def test_begins_at_once_where_its_fan_says_so(self, price, now):
        found = a_subscription(now=now - timedelta(days=10), price=price)
        sent(found, "pause", months="1", begins="NOW")
        found = fresh(found)
        assert found.access_until is not None
        assert found.resumes_at is not None
        assert found.access_until <= timezone.now()
        assert timedelta(days=27) < found.resumes_at - timezone.now() < timedelta(days=32)
        page = text_of(page_of(found))
        assert "Going on now charges nothing before" in page


class TestList:
    def test_shows_what_runs_and_apart_from_it_what_has_ended(self, price, now):
        running = a_subscription(now=now, price=price)
        browser = browser_of(running.fan)
        over = a_past_due_one(
            PriceFactory.create(amount="10.00", plan__name="Silver"), days_ago=1, now=now
        )
        Subscription.objects.filter(pk=over.pk).update(fan=running.fan)
        services.cancel(subscription_id=over.public_id, fan=running.fan, now=now)
        page = text_of(browser.get("/subscriptions/"))
        assert price.plan.name in page
        assert "Silver" not in page
        page = text_of(browser.get("/subscriptions/?show=ENDED"))
        assert "Silver" in page
        assert "Subscribe again" in page


class TestChange:
    def shown(self, subscription, price):
        address = f"/subscriptions/{subscription.public_id}/change/{price.public_id}/"
        return address, browser_of(subscription.fan).get(address)

    def test_is_agreed_to_word_for_word(self, price, now):
        found = a_subscription(now=now, price=price)
        dearer = PriceFactory.create(
            plan=PlanFactory.create(creator=found.creator, name="Platinum", tier=2), amount="30.00"
        )
        address, answer = self.shown(found, dearer)
        page = text_of(answer)
        assert "You change to Platinum of" in page
        assert "for what you paid and did not use is taken off already." in page
        assert "After that $30.00 USD every month, until you cancel." in page
        assert "Cancel at any time with one click" in page
        assert not re.search(r"<input[^>]*name=\"agreed\"[^>]*checked", answer.content.decode())

        browser = browser_of(found.fan)
        data = {name: hidden(answer, name) for name in ("key", "token")}
        assert browser.post(address, data).status_code == 422
        assert fresh(found).plan.name != "Platinum"
        assert "is changed" in text_of(
            browser.post(address, {**data, "agreed": "on"}, follow=True)
        )
        now_it_is = fresh(found)
        assert now_it_is.plan.name == "Platinum"
        assert now_it_is.terms.splitlines()[0].startswith("You change to Platinum of")
        assert now_it_is.terms_hash == hashlib.sha256(now_it_is.terms.encode()).hexdigest()
        for line in now_it_is.terms.splitlines():
            assert line in page

    def test_for_life_says_that_nothing_follows(self, price, now):
        found = a_subscription(now=now, price=price)
        for_life = PriceFactory.create(plan=price.plan, months=0, amount="90.00")
        page = text_of(self.shown(found, for_life)[1])
        assert "Nothing: it does not renew" in page
        assert "It does not renew." in page
        assert "until you cancel" not in page

    def test_for_later_charges_nothing_and_keeps_the_words(self, price, now):
        found = a_subscription(now=now, price=price)
        cheaper = PriceFactory.create(
            plan=PlanFactory.create(creator=found.creator, name="Basic"), amount="5.00"
        )
        address, answer = self.shown(found, cheaper)
        until = fresh(found).current_until
        assert f"It holds from {until:%Y-%m-%d} on. Nothing is charged today." in text_of(answer)
        assert f"Next charge: $5.00 USD on {until:%Y-%m-%d}" in text_of(answer)
        data = {name: hidden(answer, name) for name in ("key", "token")}
        browser_of(found.fan).post(address, {**data, "agreed": "on"})
        kept = found.history.get(what="CHANGE_PLANNED").facts["terms"]
        assert kept.startswith("You change to Basic of")
