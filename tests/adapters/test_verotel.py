"""Verotel's signatures, postbacks and status."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from apps.core.money import Money
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.answers import GatewayTrouble
from apps.finance.payments.adapters.base import NotAuthentic, Sale, Told, Unreadable
from apps.finance.payments.adapters.verotel import read_status, request_signature, signature
from tests.adapters.pages import ACCOUNT, CONFIG, SALES, SECRET, TOKEN, delivery, signed

VEROTEL = gateway_for("verotel")
VECTORS = json.loads((Path(__file__).parents[1] / "vectors.json").read_text())


@pytest.mark.parametrize("name", ["verotel-php-request-filtered", "verotel-kotlin-upgrade-url"])
def test_requests_are_signed_as_the_official_clients_do(name):
    vector = VECTORS[name]
    assert request_signature(vector["input"], secret=vector["secret"]) == vector["expected"]


def test_postbacks_are_signed_as_the_official_clients_do():
    vector = VECTORS["verotel-kotlin-postback"]
    assert signature(vector["input"], secret=vector["secret"]) == vector["expected"]
    old = VECTORS["verotel-php-postback-legacy-sha1"]
    digest = signature(old["input"], secret=old["secret"], algorithm="sha1")
    assert digest == old["expected"]


def test_sha1_is_refused_unless_it_is_allowed():
    fields = SALES["verotel"]
    old = {**fields, "signature": signature(fields, secret=SECRET, algorithm="sha1")}
    with pytest.raises(NotAuthentic, match="SHA-1"):
        VEROTEL.read_webhook(delivery("verotel", old), ACCOUNT)
    allowed = replace(ACCOUNT, config={**CONFIG, "take_sha1": "yes"})
    assert VEROTEL.read_webhook(delivery("verotel", old), allowed)[0].told is Told.PAID
    with pytest.raises(NotAuthentic):
        VEROTEL.read_webhook(delivery("verotel", {**old, "priceAmount": "1.00"}), allowed)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ("initial", Told.PAID),
        ("rebill", Told.RENEWED),
        ("cancel", Told.RENEWAL_ENDED),
        ("expiry", Told.RENEWAL_ENDED),
        ("credit", Told.REFUNDED),
        ("chargeback", Told.CHARGEBACK),
        ("uncancel", Told.NEEDS_STAFF),
        ("upgrade", Told.NEEDS_STAFF),
    ],
)
def test_each_event_is_told(event, told):
    fields = signed("verotel", event=event, amount="-5.00", currency="EUR", parentID="81")
    [notice] = VEROTEL.read_webhook(delivery("verotel", fields), ACCOUNT)
    assert (notice.told, notice.reference, notice.token) == (told, "71", TOKEN)
    assert notice.amount == (Money(2550, "USD") if told is Told.PAID else Money(500, "EUR"))
    assert (notice.dispute is not None) is (told is Told.CHARGEBACK)


def test_a_second_cancel_after_an_uncancel_is_news():
    keys = set()
    for day in ("2026-01-15", "2026-02-15"):
        fields = signed("verotel", event="cancel", expiresOn=day)
        keys.add(VEROTEL.read_webhook(delivery("verotel", fields), ACCOUNT)[0].dedupe_key)
    assert len(keys) == 2


def test_a_sale_number_comes_back_only_with_a_sale():
    assert VEROTEL.parse_return(signed("verotel"), ACCOUNT).approved
    declined = {"referenceID": TOKEN, "shopID": "900000"}
    unsigned = VEROTEL.parse_return(declined, ACCOUNT)
    assert (unsigned.approved, unsigned.proved) == (False, False)
    with pytest.raises(NotAuthentic):
        VEROTEL.parse_return({**signed("verotel"), "saleID": "72"}, ACCOUNT)
    with pytest.raises(Unreadable):
        VEROTEL.parse_return({"saleID": "1"}, ACCOUNT)


def test_a_status_names_order_and_price():
    text = (
        "---\nresponse: FOUND\nsaleID: 71\nreferenceID: '{}'\nsaleResult: APPROVED\n"
        "status: {}\npriceAmount: 25.50\npriceCurrency: USD\n"
    )
    found = read_status(text.format(TOKEN, "active").encode())
    assert (found.sale, found.token, found.amount) == (Sale.PAID, TOKEN, Money(2550, "USD"))
    assert read_status(text.format(TOKEN, "credited").encode()).sale is Sale.UNDONE
    assert read_status(b"response: NOTFOUND\n").sale is Sale.NOT_FOUND


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"response: FOUND\n",
        b"response: ERROR\n",
        b"- a\n",
        b"a: 1\na: 2\n",
        b" a: 1\n",
        b"\xff",
    ],
)
def test_another_form_of_status_is_no_answer(body):
    with pytest.raises(GatewayTrouble):
        read_status(body)
