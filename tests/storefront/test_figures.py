"""A creator sees subscriptions in figures: what they are worth, who stayed, and whose they are."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.finance.subscriptions.choices import What
from apps.finance.subscriptions.services.facts import make_facts
from tests.factories.subscriptions import PlanFactory, PriceFactory
from tests.finance.subscriptions.histories import History, a_fan_with_money

pytestmark = pytest.mark.django_db


def text_of(response):
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))
    return plain.replace("&#x27;", "'").replace("&nbsp;", " ")


@pytest.fixture
def now():
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def price(creator):
    return PriceFactory.create(
        plan=PlanFactory.create(creator=creator, name="Gold"), amount="10.00"
    )


@pytest.fixture
def browser(creator):
    client = Client(headers={"host": "boyfanz.localhost"})
    client.force_login(creator.user)
    return client


@pytest.fixture
def some_weeks(creator, price, now):
    """Four begin 40 days ago; one leaves, one upgrades to $25; a trial is paid for."""
    began = now - timedelta(days=40)
    dear = PriceFactory.create(
        plan=PlanFactory.create(creator=creator, name="Platinum", tier=2), amount="25.00"
    )
    for n in range(4):
        it = History(a_fan_with_money(began), price, at=began).begins(began)
        if n == 0:
            it.ends(now - timedelta(days=5))
        elif n == 1:
            it.changes_to(dear, now - timedelta(days=3), what=What.UPGRADED, minor=1500)
    tried = History(a_fan_with_money(began), price, at=began)
    tried.tries(now - timedelta(days=9), now - timedelta(days=2)).renews(now - timedelta(days=2))
    make_facts(now=now)


class TestFigures:
    def test_say_what_all_are_worth_and_what_moved_it(self, browser, some_weeks):
        page = text_of(browser.get("/creator/figures/"))

        # Four of $10 at the start; one left, one is worth $25 now, a trial became $10.
        assert "MRR $55.00 $40.00 at the start" in page
        assert "Paying fans 4 4 at the start" in page
        assert "MRR, $55.00 at most" in page
        assert "Subscriber churn 25.0 %" in page
        assert "Revenue churn 25.0 %" in page
        assert "MRR for each fan $13.75" in page
        assert "Churn 1 -$10.00" in page.replace("\u2212", "-")
        assert "Expansion 1 +$15.00" in page
        assert "Went on to pay 100.0 %" in page
        assert "2 payments $25.00" in page

    def test_stand_in_a_table_beside_every_drawing(self, browser, some_weeks):
        answer = browser.get("/creator/figures/")
        page = answer.content.decode()

        assert page.count('<svg class="chart"') == page.count('role="img" aria-label="') == 2
        table = page[page.index("The charts as a table") :]
        assert table.count("<tr>") >= 30
        assert "style=" not in page

    def test_of_one_plan_are_its_own(self, browser, some_weeks, price):
        page = text_of(browser.get(f"/creator/figures/?plan={price.plan.public_id}"))

        assert "MRR $30.00 $40.00 at the start" in page

    def test_of_a_longer_range_show_who_stayed_by_month(self, browser, some_weeks):
        page = text_of(browser.get("/creator/figures/?days=365"))

        assert "MRR $55.00 $0.00 at the start" in page
        assert "100 %" in page
        assert "Subscriber churn Not known yet" in page

    @pytest.mark.parametrize("query", ["", "?days=90"])
    def test_of_nobody_say_what_will_be_here(self, browser, query):
        page = text_of(browser.get(f"/creator/figures/{query}"))

        assert ("Nothing in these days" if query else "No figures yet") in page
        assert "MRR $" not in page

    def test_of_others_are_not_in_them(self, browser, now):
        other = PriceFactory.create(amount="77.00")
        History(a_fan_with_money(now), other, at=now).begins(now)
        make_facts(now=now)

        assert "No figures yet" in text_of(browser.get("/creator/figures/"))
        foreign = text_of(browser.get(f"/creator/figures/?plan={other.plan.public_id}"))
        assert "77.00" not in foreign
        assert "Select a valid choice" in foreign

    def test_cost_the_same_however_many_subscribe(
        self, browser, some_weeks, price, now, django_assert_max_num_queries
    ):
        browser.get("/creator/figures/")
        for _ in range(5):
            History(a_fan_with_money(now), price, at=now).begins(now - timedelta(days=1))
        make_facts(now=now)
        with django_assert_max_num_queries(20):
            browser.get("/creator/figures/?days=1095")

    def test_as_a_file_are_the_same(self, browser, some_weeks):
        answer = browser.get("/creator/figures/export/?days=365")
        lines = b"".join(answer.streaming_content).decode().splitlines()

        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert lines[-1].endswith(",55.00,0,4") or ",55.00," in lines[-1]

    def test_a_fan_has_none(self, fan):
        client = Client(headers={"host": "boyfanz.localhost"})
        client.force_login(fan.user)

        for address in ("/creator/figures/", "/creator/figures/export/"):
            answer = client.get(address)
            assert "MRR" not in text_of(answer)
            assert answer["Content-Type"].startswith("text/html")
