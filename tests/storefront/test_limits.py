"""The page of one's own spending limits, and what it keeps a fan from."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.finance.payments.models import SpendingLimit, Transaction
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.finance.payments.test_sell_many import funded, wallet
from tests.storefront.test_money import browser, text_of, tip

pytestmark = pytest.mark.django_db
PAGE = "/wallet/limits/"


def test_a_limit_is_set_shown_and_changed_a_day_later():
    client = browser(ProfileFactory.create())
    assert text_of(client.get(PAGE)).count("No limit") == 3

    assert client.post(PAGE, {"per": "DAY", "amount": "20.00"})["Location"] == PAGE
    page = text_of(client.get(PAGE))
    assert "Your limit for a day holds from now on." in page
    assert "$0.00 spent, $20.00 left." in page

    client.post(PAGE, {"per": "DAY", "amount": "50"})
    page = text_of(client.get(PAGE))
    assert "changes in 24 hours" in page
    assert "$50.00 from" in page
    client.post(PAGE, {"per": "DAY", "remove": "on"})
    assert "No limit from" in text_of(client.get(PAGE))


@pytest.mark.parametrize("typed", ["", "0", "-5", "many", "1e9", "12.345"])
def test_what_is_no_amount_is_said_beside_its_field(typed):
    client = browser(ProfileFactory.create())
    answer = client.post(PAGE, {"per": "WEEK", "amount": typed})
    assert answer.status_code == 422
    assert "Enter an amount in dollars" in text_of(answer)
    assert not SpendingLimit.objects.exists()


def test_a_tip_over_the_limit_is_refused_in_words(now):
    [fan] = funded("100.00", now=now, handle="fan")
    CreatorFactory.create(handle="leo", display_name="Leo")
    client = browser(fan)
    client.post(PAGE, {"per": "MONTH", "amount": "20"})

    answer = client.post("/@leo/", tip(method="WALLET", confirmed="yes"))

    assert "The limit you set for yourself is $20.00, and $20.00 of it are left" in text_of(answer)
    assert wallet(fan) == 100_00
    assert not Transaction.objects.exists()


def test_strangers_are_sent_to_sign_in():
    assert Client(HTTP_HOST="boyfanz.localhost").get(PAGE).status_code == 302
