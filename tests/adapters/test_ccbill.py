"""The CCBill adapter: published vectors, the signed page, returns, DataLink answers."""

import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from apps.core.money import Money
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import (
    Account,
    Delivery,
    NotAuthentic,
    Order,
    Sale,
    Told,
    Unreadable,
)
from apps.finance.payments.adapters.ccbill import arizona_time, form_digest, response_digest
from apps.finance.payments.adapters.ccbill_datalink import DataLinkTrouble, read_status
from tests.factories.payments import md5

VECTORS = json.loads((Path(__file__).parents[1] / "vectors.json").read_text())
CCBILL = gateway_for("ccbill")
CONFIG = {
    "flexforms_url": "https://pay.example/flexforms",
    "datalink_url": "https://datalink.example",
    "salt": "789",
    "webhook_networks": "127.0.0.0/8",
}
ACCOUNT = Account("900000", "0002", "flex", config=CONFIG)


def test_form_digest_equals_the_published_vector():
    vector = VECTORS["ccbill-formdigest-single"]
    digest = form_digest(price="18.00", period="10", currency_code="840", salt=vector["secret"])
    assert digest == vector["expected"]


def test_form_digest_equals_the_documented_concatenation():
    vector = VECTORS["ccbill-docs-formdigest-example"]
    digest = form_digest(
        price="10.00", period="30", currency_code="840", salt="7d901dad245fd0ff6bc20d06"
    )
    assert digest == vector["expected"]


def test_response_digest_equals_the_published_vector():
    vector = VECTORS["ccbill-responsedigest-approved"]
    digest = response_digest(identifier="123", approved=True, salt=vector["secret"])
    assert digest == vector["expected"]


@pytest.mark.parametrize(
    ("amount", "price", "code"),
    [
        (Money.of("25", "USD"), "25.00", "840"),
        (Money.of("5.5", "AUD"), "5.50", "036"),
        (Money(500, "JPY"), "500", "392"),
    ],
)
def test_the_page_is_signed_over_the_exact_texts(amount, price, code):
    url = CCBILL.open_checkout(Order("token-1", amount, ACCOUNT)).url
    sent = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert urlsplit(url).path.endswith("/flex")
    assert sent == {
        "clientAccnum": "900000",
        "clientSubacc": "0002",
        "initialPrice": price,
        "initialPeriod": "2",
        "currencyCode": code,
        "formDigest": md5(price, "2", code, "789"),
        "X-order": "token-1",
    }


class TestReturn:
    def test_reads_a_proved_approval(self):
        returned = CCBILL.parse_return(
            {"X-order": "t", "subscription_id": "123", "responseDigest": md5("123", "1", "789")},
            ACCOUNT,
        )
        assert (returned.approved, returned.reference) == (True, "123")

    def test_reads_a_proved_denial(self):
        returned = CCBILL.parse_return(
            {
                "X-order": "t",
                "denialId": "55",
                "responseDigest": md5("55", "0", "789"),
                "reasonForDecline": "No funds",
            },
            ACCOUNT,
        )
        assert (returned.approved, returned.reason) == (False, "No funds")

    def test_refuses_a_denial_dressed_as_an_approval(self):
        with pytest.raises(NotAuthentic):
            CCBILL.parse_return(
                {"X-order": "t", "subscription_id": "5", "responseDigest": md5("5", "0", "789")},
                ACCOUNT,
            )

    def test_cannot_read_one_without_an_order(self):
        with pytest.raises(Unreadable):
            CCBILL.parse_return({"subscription_id": "5"}, ACCOUNT)


class TestWebhook:
    FIELDS = (
        '{"eventType": "NewSaleSuccess", "transactionId": "9", "subscriptionId": "9",'
        ' "subscriptionInitialPrice": 5.50, "subscriptionCurrencyCode": 36,'
        ' "initialPeriod": 2, "new-field": {"of": "a later version"},'
        ' "timestamp": "2022-02-26 08:21:49", "dynamicPricingValidationDigest": "%s"}'
    )

    def read(self, digest):
        delivery = Delivery({}, {}, (self.FIELDS % digest).encode(), "127.0.0.1")
        [notice] = CCBILL.read_webhook(delivery, ACCOUNT)
        return notice

    @pytest.mark.parametrize("digest", [md5("5.50", "2", "036", "789"), md5("9", "1", "789")])
    def test_accepts_numbers_unknown_fields_and_both_digests(self, digest):
        notice = self.read(digest)
        assert notice.told is Told.PAID
        assert notice.amount == Money.of("5.50", "AUD")
        assert notice.occurred_at == datetime(2022, 2, 26, 15, 21, 49, tzinfo=UTC)

    def test_refuses_another_digest(self):
        with pytest.raises(NotAuthentic):
            self.read(md5("5.51", "2", "036", "789"))

    @pytest.mark.parametrize("body", [b"", b"\xff", b"{", b"{}", b"[1]", b"no form at all"])
    def test_cannot_read_nonsense(self, body):
        delivery = Delivery({"eventType": "NewSaleFailure"}, {}, body, "127.0.0.1")
        with pytest.raises(Unreadable):
            CCBILL.read_webhook(delivery, ACCOUNT)


@pytest.mark.parametrize("price", ["5_0.0_0", "\u0665\u0660.\u0660\u0660", "5e1", " 50.00", "NaN"])
def test_a_price_is_written_in_plain_digits(price):
    body = {"subscriptionInitialPrice": price, "subscriptionCurrencyCode": "840"}
    body |= {"transactionId": "1", "subscriptionId": "9"}
    body["dynamicPricingValidationDigest"] = md5("9", "1", "789")
    delivery = Delivery(
        {"eventType": "NewSaleSuccess"}, {}, json.dumps(body).encode(), "127.0.0.1"
    )
    with pytest.raises(Unreadable, match="the price is not an amount"):
        CCBILL.read_webhook(delivery, ACCOUNT)


def test_arizona_has_no_summer_time():
    assert arizona_time("2022-07-26 08:21:49") == datetime(2022, 7, 26, 15, 21, 49, tzinfo=UTC)


class TestStatus:
    XML = (
        "<results><subscriptionStatus>{}</subscriptionStatus><voidsIssued>{}</voidsIssued>"
        "<refundsIssued>0</refundsIssued><signupDate>20260115050000</signupDate></results>"
    )

    @pytest.mark.parametrize(
        ("status", "voids", "sale"), [("2", "0", Sale.PAID), ("2", "1", Sale.UNDONE)]
    )
    def test_reads_what_became_of_the_sale(self, status, voids, sale):
        answer = read_status(self.XML.format(status, voids).encode())
        assert answer.sale is sale
        assert answer.since == datetime(2026, 1, 15, 12, tzinfo=UTC)

    def test_knows_not_found_from_trouble(self):
        assert read_status(b"<results>-3</results>").sale is Sale.NOT_FOUND
        with pytest.raises(DataLinkTrouble):
            read_status(b"<results>-12</results>")

    @pytest.mark.parametrize(
        "body", [b"no xml", b'<!DOCTYPE x [<!ENTITY a "b">]><results>&a;</results>']
    )
    def test_takes_no_dangerous_or_broken_xml(self, body):
        with pytest.raises(DataLinkTrouble):
            read_status(body)
