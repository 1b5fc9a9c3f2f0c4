"""What a creator is told about their money, and how many questions that costs the database."""

import re

import pytest
from django.test import Client

from apps.core.money import Money
from apps.finance.payments import selectors as payments_selectors
from apps.finance.payments import services as payments
from apps.payouts import selectors as payouts_selectors
from apps.payouts import services as payouts
from apps.payouts.choices import Status
from apps.payouts.errors import WrongState
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory

pytestmark = pytest.mark.django_db


def browser(profile):
    client = Client(headers={"host": f"{profile.cluster.slug}.localhost"})
    client.force_login(profile.user)
    return client


def text_of(response):
    page = re.sub(r"\s+", " ", response.content.decode())
    return re.sub(r"(?<=>) | (?=<)", "", page)  # blanks beside tags are the formatter's


def cells_of(page):
    """The amounts of each row, as they are read."""
    rows = re.findall(r"<tr>(.*?)</tr>", page)
    return [re.findall(r"[+\u2212]?\$[\d,.]+", row) for row in rows if "<td" in row]


def a_paid_card_tip(fan, creator, *, now, key="tip"):
    tip = given.a_card_tip(fan, creator, "25.00", now=now, key=key)
    given.a_delivery(tip, now=now)
    payments.process_webhooks(now=now)
    return tip


def some_tips(creator, count, *, now):
    fan = ProfileFactory.create()
    given.a_funded_wallet(fan, "90.00", now=now)
    for number in range(count):
        payments.tip_from_wallet(
            fan=fan,
            creator=creator,
            amount=Money.of("4.00", "USD"),
            message=f"Nr {number}",
            idempotency_key=f"key-{number}",
            now=now,
        )


def test_each_tip_shows_gross_fees_and_what_is_left(now):
    creator, fan = CreatorFactory.create(), ProfileFactory.create(display_name="Ann")
    a_paid_card_tip(fan, creator, now=now)
    some_tips(creator, 1, now=now)
    page = text_of(browser(creator).get("/earnings/statement/"))
    assert cells_of(page) == [
        ["$4.00", "\u2212$0.80", "$0.00", "+$3.20"],
        ["$25.00", "\u2212$3.75", "\u2212$1.25", "+$20.00"],
    ]
    assert "by Ann</span>" in page
    assert "<q>Nr 0</q>" in page


def test_a_payout_on_the_statement_has_no_fees(now):
    payout = given.a_requested_payout("50.00", now=now)
    page = text_of(browser(payout.creator).get("/earnings/statement/"))
    assert cells_of(page)[0] == ["\u2212$50.00"]


def test_a_receipt_is_made_of_the_payments_own_figures(now):
    creator, fan = CreatorFactory.create(display_name="Leo"), ProfileFactory.create()
    tip = a_paid_card_tip(fan, creator, now=now)
    page = text_of(browser(fan).get(f"/checkout/{tip.public_id}/"))
    for line in (
        "<dt>Leo gets</dt><dd>$20.00</dd>",
        "<dt>BoyFanz keeps</dt><dd>$3.75</dd>",
        "<dt>Card processing</dt><dd>$1.25</dd>",
    ):
        assert line in page


def test_a_wallet_tip_is_split_before_it_is_paid_as_it_will_be(now):
    creator, fan = CreatorFactory.create(handle="leo", display_name="Leo"), ProfileFactory.create()
    given.a_funded_wallet(fan, "50.00", now=now)
    form = {"key": "11111111-1111-4111-8111-111111111111", "preset": "25", "method": "WALLET"}
    page = text_of(browser(fan).post("/@leo/", form))
    assert "<dt>Leo gets</dt><dd>$20.00</dd>" in page
    browser(fan).post("/@leo/", form | {"confirmed": "yes"})
    assert payments_selectors.transactions_of(creator).get().net == Money.of("20.00", "USD")


@pytest.mark.parametrize("path", ["/earnings/", "/earnings/statement/"])
def test_twenty_rows_cost_a_creator_no_more_queries_than_one(
    now, path, django_assert_max_num_queries
):
    creator = given.a_creator("900.00", now=now)
    for number in range(20):
        given.a_requested_payout("20.00", creator=creator, key=f"k{number}", now=now)
    some_tips(creator, 20, now=now)
    client = browser(creator)
    with django_assert_max_num_queries(14):
        assert client.get(path).content.count(b"<tr>") > 20


def test_twenty_payments_cost_a_fan_no_more_queries_than_one(now, django_assert_max_num_queries):
    creator, fan = CreatorFactory.create(handle="leo"), ProfileFactory.create()
    for number in range(20):
        given.a_card_tip(fan, creator, now=now, key=f"k{number}")
    client = browser(fan)
    with django_assert_max_num_queries(10):
        assert client.get("/wallet/").content.count(b"Tip to") == 8
    with django_assert_max_num_queries(7):
        assert client.get("/payments/").content.count(b"Tip to") == 20
    with django_assert_max_num_queries(11):  # two are plans and goals
        client.get("/@leo/")


class TestPayoutAccounts:
    def test_is_switched_off_and_offered_no_more(self, now):
        creator = given.a_creator("80.00", now=now)
        method = given.a_payout_method(creator, now=now)
        client = browser(creator)
        page = text_of(client.post(f"/earnings/methods/{method.public_id}/remove/", follow=True))
        assert "Paxum payee@domain.example is no longer in use." in page
        assert "First, where should we pay you?" in page
        assert not payouts_selectors.methods_of(creator).exists()

    def test_of_somebody_else_is_not_found_and_stays(self, now):
        creator = given.a_creator("80.00", now=now)
        method = given.a_payout_method(creator, now=now)
        stranger = browser(given.a_creator("1.00", now=now))
        assert stranger.post(f"/earnings/methods/{method.public_id}/remove/").status_code == 404
        assert payouts_selectors.methods_of(creator).get() == method

    def test_without_enough_earned_says_when_to_ask(self, now):
        creator = given.a_creator("19.99", now=now)
        given.a_payout_method(creator, now=now)
        page = text_of(browser(creator).get("/earnings/"))
        assert "once $20.00 is available" in page
        assert "Request payout" not in page


class TestCancelling:
    @pytest.mark.parametrize("resends", [0, 1])
    @pytest.mark.parametrize("status", [Status.REQUESTED, Status.APPROVED])
    def test_is_offered_exactly_where_the_service_takes_it(self, now, status, resends):
        payout = (given.a_requested_payout if status == Status.REQUESTED else
                  given.an_approved_payout)("50.00", now=now)  # fmt: skip
        type(payout).objects.filter(pk=payout.pk).update(resends=resends)
        offered = "/cancel/" in text_of(browser(payout.creator).get("/earnings/"))
        try:
            payouts.cancel_payout(payout_id=payout.pk, creator=payout.creator, now=now)
            taken = True
        except WrongState:
            taken = False
        assert offered == taken == (resends == 0)
