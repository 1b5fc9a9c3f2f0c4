"""Paying with coins on our own page: address, amount, time, and what happens to a part."""

from __future__ import annotations

import re

import pytest

from apps.core import http
from apps.finance.payments import selectors as payments
from apps.finance.payments.adapters import returning
from apps.finance.payments.selectors.candidates import forget_candidates
from tests.factories.accounts import ProfileFactory
from tests.factories.payments import MerchantAccountFactory
from tests.storefront.test_money import KEY, browser, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def fan(sandbox):
    http.reset_breakers()
    forget_candidates()
    profile = ProfileFactory.create()
    MerchantAccountFactory.create(
        cluster=profile.cluster, gateway="btcpay", account_number="FanzStore", flex_id=""
    )
    return profile


@pytest.fixture
def begun(fan):
    form = {"key": KEY, "preset": "50", "amount": "", "method": "CRYPTO"}
    return browser(fan).post("/wallet/", form)["Location"]


def test_the_page_shows_address_amount_time_and_a_code_of_it(fan, begun):
    client = browser(fan)
    assert "Pay $50.00 in coins" in text_of(client.get(begun))
    assert client.post(begun)["Location"] == begun
    page = text_of(client.get(begun))
    assert "Send exactly</dt><dd><strong>0.00078125 BTC</strong>" in page
    assert "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx" in page
    assert 'href="bitcoin:tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx?amount=0.00078125"' in page
    assert "Sent too little?" in page
    assert "minutes from now" in page
    assert len(re.findall(r"M\d+ \d+h1v1h-1z", page)) > 300
    assert 'data-watch="REQUIRES_ACTION"' in page


def test_asked_twice_it_is_one_invoice(sandbox, fan, begun):
    client = browser(fan)
    for _ in range(2):
        client.post(begun)
    payment = payments.transactions_of(fan).get()
    assert len(sandbox.sales("btcpay", str(payment.public_id))) == 1


def test_back_from_the_gateways_own_page_nobody_is_asked_to_pay_again(sandbox):
    forget_candidates()
    fan = ProfileFactory.create()
    MerchantAccountFactory.create(
        cluster=fan.cluster, gateway="nowpayments", account_number="coins", flex_id=""
    )
    client, form = browser(fan), {"key": KEY, "preset": "50", "amount": "", "method": "CRYPTO"}
    begun = client.post("/wallet/", form)["Location"]
    assert "nowpayments" in client.post(begun)["Location"]

    token = str(payments.transactions_of(fan).get().public_id)
    back = client.get(returning.address(f"{begun}return/", token=token, paid=True))["Location"]

    assert back == f"{begun}?back=1"
    page = text_of(client.get(back))
    assert "Waiting for NOWPayments" in page
    assert "please do not pay again" in page
    assert "I did not pay: go back to NOWPayments" in page
    assert "Pay $50.00 in coins" not in page
    assert 'data-watch="REQUIRES_ACTION"' in page
    assert "Pay $50.00 in coins" in text_of(client.get(begun))
