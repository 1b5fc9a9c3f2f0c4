"""Vendo's signature, its postbacks and its reconciliation."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apps.core.money import Money
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.answers import GatewayTrouble
from apps.finance.payments.adapters.base import NotAuthentic, Sale, Sold, Told, Unreadable
from apps.finance.payments.adapters.vendo_news import read_reconciliation
from apps.finance.payments.adapters.vendo_sign import hmac_sha1, is_valid, signed_url
from tests.adapters.pages import ACCOUNT, TOKEN, delivery, signed

VENDO = gateway_for("vendo")
VECTORS = json.loads((Path(__file__).parents[1] / "vectors.json").read_text())
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
ROW = (
    '<transaction id="{}"><dateTime>2026-01-15 12:00:00</dateTime><type>{}</type>'
    "<isNegative>{}</isNegative><merchantReference>{}</merchantReference>"
    "<originalTransactionID>{}</originalTransactionID><siteID>2</siteID>"
    "<displayed><amount>25.50</amount><currency>USD</currency></displayed></transaction>"
)
SOLD = Sold(ACCOUNT, "", TOKEN, Money(2550, "USD"))


def rows(*given):
    inner = "".join(ROW.format(*row) for row in given)
    body = f"<reconciliation><header/><body><row>{inner}</row></body></reconciliation>"
    return body.encode()


@pytest.mark.parametrize("name", ["vendo-sign-1", "vendo-hmac"])
def test_the_digest_equals_the_published_vectors(name):
    vector = VECTORS[name]
    assert hmac_sha1(vector["input"], secret=vector["secret"]) == vector["expected"]


def test_an_address_is_signed_and_judged_as_the_sdk_does():
    assert signed_url("http://mydummy.com/", {"test": "test", "foo": "barz"}, secret="test") == (
        "http://mydummy.com/?test=test&foo=barz&signature=Nj-UJLpDvEI-F-epN44SG-8nqCg"
    )
    valid = VECTORS["vendo-url-valid"]
    assert is_valid(valid["input"], secret="test")
    assert is_valid(valid["input"].replace("http://dummy", "https://other:1"), secret="test")
    for wrong in ("&new=value", "&test=test"):
        assert not is_valid(valid["input"] + wrong, secret="test")
    assert not is_valid("http://dummy/?test=test", secret="test")


def test_an_address_is_good_until_it_expires():
    until = signed_url("http://a/", {"expires": str(int(NOW.timestamp()))}, secret="s")
    assert is_valid(until, secret="s", now=NOW)
    assert not is_valid(until, secret="s", now=NOW.replace(second=1))
    assert not is_valid(until, secret="s")


def test_the_order_of_the_parameters_is_signed_as_it_was_written():
    fields = signed("vendo")
    sent = delivery("vendo", fields, query=dict(sorted(fields.items())))
    assert VENDO.read_webhook(sent, ACCOUNT)[0].told is Told.PAID
    turned = "&".join(reversed(sent.raw_query.split("&")))
    with pytest.raises(NotAuthentic):
        VENDO.read_webhook(delivery("vendo", fields, raw_query=turned), ACCOUNT)


def test_a_postback_for_another_address_proves_nothing():
    sent = delivery("vendo", signed("vendo"), url="https://fanz.example/webhooks/vendo/other/")
    with pytest.raises(NotAuthentic):
        VENDO.read_webhook(sent, ACCOUNT)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("decline", Told.DECLINED),
        ("rebill", Told.RENEWED),
        ("rebill_decline", Told.RENEWAL_FAILED),
        ("refund", Told.REFUNDED),
        ("chargeback", Told.CHARGEBACK),
        ("cancel", Told.RENEWAL_ENDED),
        ("new", Told.NEEDS_STAFF),
    ],
)
def test_each_type_is_told(kind, told):
    fields = signed("vendo", type=kind, transaction_id="99", original_transaction_id="81")
    [notice] = VENDO.read_webhook(delivery("vendo", fields), ACCOUNT)
    assert notice.told is told
    assert notice.reference == ("99" if told in {Told.DECLINED, Told.NEEDS_STAFF} else "81")


def test_money_without_an_amount_is_not_read():
    with pytest.raises(Unreadable):
        VENDO.read_webhook(delivery("vendo", signed("vendo", amount="")), ACCOUNT)


def test_the_reconciliation_proves_a_sale_by_our_reference():
    sale, other = ("81", "10", "0", TOKEN, ""), ("82", "10", "0", "another", "")
    found = read_reconciliation(rows(other, sale), SOLD)
    assert (found.sale, found.reference, found.token) == (Sale.PAID, "81", TOKEN)
    assert found.amount == Money(2550, "USD")
    assert read_reconciliation(rows(other), SOLD).sale is Sale.NOT_FOUND
    back = ("90", "30", "1", TOKEN, "81")
    assert read_reconciliation(rows(sale, back), SOLD).sale is Sale.UNDONE


@pytest.mark.parametrize("body", [b"", b'<error code="0006">wrong</error>', b"<!DOCTYPE a><a/>"])
def test_an_error_is_no_answer(body):
    with pytest.raises(GatewayTrouble):
        read_reconciliation(body, SOLD)
