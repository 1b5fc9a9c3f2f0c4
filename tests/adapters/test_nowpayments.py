"""NOWPayments: what is signed, what a status means for money, invoices and look-ups."""

from __future__ import annotations

import json

import pytest

from apps.core.http import reset_breakers
from apps.core.money import Money
from apps.finance.payments.adapters import gateway_for, strict
from apps.finance.payments.adapters.answers import GatewayTrouble
from apps.finance.payments.adapters.base import NotAuthentic, Order, Sale, Sold, Told, Unreadable
from apps.finance.payments.adapters.nowpayments import canonical, ipn_signature
from tests.adapters.signed import ACCOUNT, IPN, TOKEN, account, by_nowpayments, compact
from tests.adapters.vectors import VECTORS
from tests.core.misbehaving import answers, serving

NOWPAYMENTS = gateway_for("nowpayments")


@pytest.fixture(autouse=True)
def _fresh_breakers():
    reset_breakers()


def read(**changes):
    body = dict(sorted({**IPN, **changes}.items()))
    [notice] = NOWPAYMENTS.read_webhook(by_nowpayments(compact(body)), ACCOUNT)
    return notice


def answering(*bodies):
    texts = [json.dumps(body).encode() for body in bodies]
    return serving(
        *(answers(b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n%b" % (len(t), t)) for t in texts)
    )


class TestSignature:
    def test_equals_the_vector_by_the_vendors_rule(self):
        vector = VECTORS["nowpayments-ipn-official-sdk-payload"]
        fields = strict.read_json(json.dumps(vector["input"]).encode())
        assert canonical(fields) == vector["canonical"]
        assert ipn_signature(fields, secret=vector["secret"]) == vector["expected"]

    def test_a_captured_message_is_already_as_it_is_signed(self):
        """Its secret is not known; its names and numbers show the form."""
        sample = VECTORS["nowpayments-captured-ipn"]["sample"]
        written = compact(sample).decode()
        assert canonical(strict.read_json(written.encode())) == written

    def test_another_order_of_names_and_blanks_is_the_same_message(self):
        delivery = by_nowpayments(compact(dict(sorted(IPN.items()))))
        turned = json.dumps(dict(reversed(IPN.items())), indent=2).encode()
        [notice] = NOWPAYMENTS.read_webhook(replace_body(delivery, turned), ACCOUNT)
        assert notice.told is Told.PAID

    def test_a_number_written_otherwise_is_read_as_it_was_signed(self):
        delivery = by_nowpayments(compact(IPN))
        body = delivery.body.replace(b'"price_amount":25.5', b'"price_amount":25.500')
        [notice] = NOWPAYMENTS.read_webhook(replace_body(delivery, body), ACCOUNT)
        assert notice.amount == Money(2550, "USD")

    def test_a_repeat_with_its_name_written_otherwise_is_the_same_news(self):
        delivery = by_nowpayments(compact(IPN))
        body = delivery.body.replace(b'"payment_id":5170245329', b'"payment_id":5170245329.0')
        [notice] = NOWPAYMENTS.read_webhook(replace_body(delivery, body), ACCOUNT)
        assert (notice.dedupe_key, notice.reference) == ("5170245329:finished", "5170245329")

    @pytest.mark.parametrize("number", [b"25.50000000000000001", b"25.499999999999999999"])
    def test_a_number_that_only_a_float_takes_for_the_same_is_refused(self, number):
        delivery = by_nowpayments(compact(IPN))
        body = delivery.body.replace(b'"price_amount":25.5', b'"price_amount":' + number)
        with pytest.raises(NotAuthentic):
            NOWPAYMENTS.read_webhook(replace_body(delivery, body), ACCOUNT)


def replace_body(delivery, body):
    return type(delivery)(delivery.query, delivery.headers, body, delivery.remote_ip)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, Told.PAID),
        ({"actually_paid": 0.0011}, Told.PAID),
        ({"actually_paid": 0.0009}, Told.NEEDS_STAFF),
        ({"parent_payment_id": 1}, Told.NEEDS_STAFF),
        ({"payment_status": "waiting"}, Told.NOTHING),
        ({"payment_status": "confirming"}, Told.PENDING),
        ({"payment_status": "confirmed"}, Told.PENDING),
        ({"payment_status": "sending"}, Told.PENDING),
        ({"payment_status": "partially_paid"}, Told.NEEDS_STAFF),
        ({"payment_status": "failed", "actually_paid": 0}, Told.DECLINED),
        ({"payment_status": "failed"}, Told.NEEDS_STAFF),
        ({"payment_status": "expired", "actually_paid": 0}, Told.CANCELLED),
        ({"payment_status": "expired"}, Told.NEEDS_STAFF),
        ({"payment_status": "refunded"}, Told.NEEDS_STAFF),
        ({"payment_status": "new one"}, Told.NEEDS_STAFF),
    ],
)
def test_what_a_status_means_for_money(changes, told):
    assert read(**changes).told is told


def test_a_paid_order_keeps_what_came_in_coins():
    notice = read(actually_paid=0.0015)
    assert (notice.token, notice.reference, notice.amount) == (
        TOKEN,
        "5170245329",
        Money(2550, "USD"),
    )
    assert notice.dedupe_key == "5170245329:finished"
    facts = notice.facts
    assert (facts["pay_currency"], facts["actually_paid"], facts["overpaid"]) == (
        "btc",
        "0.0015",
        "0.0005",
    )


def test_each_part_that_comes_is_news_of_its_own():
    one = read(payment_status="partially_paid", actually_paid=0.0004)
    two = read(payment_status="partially_paid", actually_paid=0.0005)
    assert one.dedupe_key != two.dedupe_key
    assert one.facts["underpaid"] == "0.0006"


@pytest.mark.parametrize(
    ("code", "amount", "money"),
    [
        ("usdttrc20", 5.5, Money(5_500_000, "USDT")),
        ("btc", 1e-7, Money(10, "BTC")),
        ("EUR", 3, Money(300, "EUR")),
    ],
)
def test_a_price_may_be_in_coins(code, amount, money):
    price = b"1e-7" if amount == 1e-7 else json.dumps(amount).encode()
    body = compact({**IPN, "price_amount": "?", "price_currency": code}).replace(b'"?"', price)
    [notice] = NOWPAYMENTS.read_webhook(by_nowpayments(body), ACCOUNT)
    assert notice.amount == money


@pytest.mark.parametrize(
    "changes",
    [{"payment_id": None}, {"payment_status": ""}, {"price_currency": "dogs"},
     {"price_amount": 25.555}, {"price_amount": None}, {"actually_paid": "many"},
     {"actually_paid": "1e999"}],
)  # fmt: skip
def test_a_signed_message_that_makes_no_sense_is_not_understood(changes):
    with pytest.raises(Unreadable):
        read(**changes)


def test_an_invoice_is_asked_for_the_exact_price():
    with answering({"id": 6060616802, "invoice_url": "https://n.example/i"}) as server:
        at = account(api_url=server.url, coin_usdt="usdterc20")
        opened = NOWPAYMENTS.open_checkout(
            Order(TOKEN, Money(25_500_000, "USDT"), at, webhook_url="https://f.example/w")
        )
    assert (opened.url, opened.reference) == ("https://n.example/i", "invoice-6060616802")
    body = server.requests[0].partition(b"\r\n\r\n")[2].decode()
    assert body.startswith('{"price_amount":25.5,"price_currency":"usdterc20",')
    assert json.loads(body)["order_id"] == TOKEN
    assert json.loads(body)["ipn_callback_url"] == "https://f.example/w"


class TestLookUp:
    def test_a_payment_proves_order_and_price(self):
        with answering(IPN) as server:
            found = NOWPAYMENTS.look_up(
                Sold(account(api_url=server.url), "51/7", TOKEN, Money(1, "USD"))
            )
        assert (found.sale, found.token, found.amount) == (Sale.PAID, TOKEN, Money(2550, "USD"))
        assert server.requests[0].startswith(b"GET /payment/51%2F7 ")

    @pytest.mark.parametrize(
        ("statuses", "sale"),
        [
            ((), Sale.PENDING), (("expired", "finished"), Sale.PAID),
            (("failed", "confirming"), Sale.PENDING), (("refunded",), Sale.UNDONE),
            (("expired",), Sale.PENDING),  # coins came: a person must look
        ],
    )  # fmt: skip
    def test_of_an_invoices_payments_a_paid_one_counts(self, statuses, sale):
        rows = [{**IPN, "payment_id": n, "payment_status": s} for n, s in enumerate(statuses, 1)]
        with answering({"token": "jwt"}, {"data": rows}) as server:
            found = NOWPAYMENTS.look_up(
                Sold(account(api_url=server.url), "invoice-60", TOKEN, Money(1, "USD"))
            )
        assert found.sale is sale
        assert b"GET /payment/?invoiceId=60&" in server.requests[1]
        assert b"authorization: bearer jwt" in server.requests[1].lower()

    def test_a_list_needs_a_login(self):
        with pytest.raises(GatewayTrouble):
            NOWPAYMENTS.look_up(Sold(account(email=""), "invoice-60", TOKEN, Money(1, "USD")))
