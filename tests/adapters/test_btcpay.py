"""BTCPay Server: the published signature, what invoices' events mean, look-ups and refunds."""

from __future__ import annotations

import json

import pytest

from apps.core.http import OutcomeUnknown, reset_breakers
from apps.core.money import Money
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import Order, Outcome, Sale, Sold, Told, Unreadable
from apps.finance.payments.adapters.btcpay import signature
from tests.adapters.signed import ACCOUNT, SETTLED, TOKEN, account, by_btcpay, compact
from tests.adapters.vectors import VECTORS
from tests.core.misbehaving import answers, serving

BTCPAY = gateway_for("btcpay")


@pytest.fixture(autouse=True)
def _fresh_breakers():
    reset_breakers()


def read(**changes):
    [notice] = BTCPAY.read_webhook(by_btcpay(compact({**SETTLED, **changes})), ACCOUNT)
    return notice


def answering(body, code=200, times=1):
    text = json.dumps(body).encode()
    answer = answers(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (code, len(text), text))
    return serving(*[answer] * times)


def test_the_signature_equals_the_published_vector():
    vector = VECTORS["btcpay-sig"]
    assert signature(vector["input"].encode(), secret=vector["secret"]) == vector["expected"]


def test_a_settled_invoice_proves_order_and_price_and_repeats_under_one_key():
    notice = read(overPaid=True)
    assert (notice.told, notice.token, notice.reference) == (Told.PAID, TOKEN, "INV-1")
    assert (notice.amount, notice.account.number) == (Money(2550, "USD"), "M-1")
    assert (notice.dedupe_key, notice.facts) == ("D-1", {"overpaid": "true"})
    assert notice.occurred_at.isoformat() == "2026-01-15T12:00:00+00:00"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"type": "InvoiceCreated"}, Told.NOTHING),
        ({"type": "InvoiceReceivedPayment"}, Told.NOTHING),
        ({"type": "InvoiceReceivedPayment", "afterExpiration": True}, Told.NEEDS_STAFF),
        ({"type": "InvoicePaymentSettled", "afterExpiration": True}, Told.NEEDS_STAFF),
        ({"type": "InvoiceProcessing"}, Told.PENDING),
        ({"type": "InvoiceExpired", "partiallyPaid": False}, Told.CANCELLED),
        ({"type": "InvoiceExpired", "partiallyPaid": True}, Told.NEEDS_STAFF),
        ({"type": "InvoiceInvalid"}, Told.DECLINED),
        ({"manuallyMarked": True}, Told.NEEDS_STAFF),
        ({"metadata": {}}, Told.NEEDS_STAFF),
        ({"metadata": None}, Told.NEEDS_STAFF),
        ({"type": "PayoutUpdated", "payoutState": "Completed"}, Told.NEEDS_STAFF),
        ({"type": "SomethingNew"}, Told.NEEDS_STAFF),
    ],
)
def test_what_an_event_means(changes, told):
    assert read(**changes).told is told


def test_coins_are_kept_in_the_facts():
    paid = {"id": "tx-1", "value": "0.00100000", "destination": "bc1q"}
    notice = read(type="InvoiceReceivedPayment", payment=paid, paymentMethodId="BTC-CHAIN")
    assert notice.facts == {
        "method": "BTC-CHAIN", "coins": "0.00100000", "coin_transaction": "tx-1",
        "address": "bc1q",
    }  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [{"type": ""}, {"storeId": ""}, {"originalDeliveryId": "", "deliveryId": ""},
     {"metadata": {"amount": "25,50", "currency": "USD"}}, {"metadata": []}, {"metadata": "x"}],
)  # fmt: skip
def test_a_signed_event_that_makes_no_sense_is_not_understood(changes):
    if changes == {"metadata": []}:  # PHP's way to write an empty object
        assert read(**changes).told is Told.NEEDS_STAFF
        return
    with pytest.raises(Unreadable):
        read(**changes)


def test_an_invoice_is_made_for_the_exact_price():
    with answering({"id": "INV-1", "checkoutLink": "https://b.example/i/1"}, times=2) as server:
        at = account(api_url=server.url, expiration_minutes="30", speed_policy="LowSpeed")
        opened = BTCPAY.open_checkout(
            Order(TOKEN, Money(100_000, "BTC"), at, success_url="https://f.example/back?a=1")
        )
    assert (opened.url, opened.reference) == ("https://b.example/i/1", "INV-1")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    sent = json.loads(body)
    assert head.startswith(b"POST /api/v1/stores/M-1/invoices ")
    assert (sent["amount"], sent["currency"]) == ("0.00100000", "BTC")
    assert sent["metadata"]["orderId"] == TOKEN
    assert sent["checkout"] == {
        "redirectURL": f"https://f.example/back?a=1&order={TOKEN}&answer=paid",
        "redirectAutomatically": True, "speedPolicy": "LowSpeed", "expirationMinutes": 30,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "more", "sale"),
    [
        ("New", "None", Sale.PENDING), ("Processing", "None", Sale.PENDING),
        ("Settled", "None", Sale.PAID), ("Settled", "PaidOver", Sale.PAID),
        ("Settled", "Marked", Sale.PENDING), ("Expired", "None", Sale.DECLINED),
        ("Expired", "PaidLate", Sale.PENDING), ("Expired", "PaidPartial", Sale.PENDING),
        ("Invalid", "Marked", Sale.DECLINED), ("New", "PaidPartial", Sale.PENDING),
    ],
)  # fmt: skip
def test_a_look_up_calls_paid_only_what_is_settled(status, more, sale):
    invoice = {
        "id": "INV-1", "status": status, "additionalStatus": more, "amount": "25.5",
        "currency": "USD", "metadata": {"orderId": TOKEN},
    }  # fmt: skip
    with answering(invoice) as server:
        found = BTCPAY.look_up(Sold(account(api_url=server.url), "INV-1", TOKEN, Money(1, "USD")))
    assert (found.sale, found.amount, found.token) == (sale, Money(2550, "USD"), TOKEN)


def test_without_an_invoice_the_orders_paid_one_is_found():
    one = {"id": "A", "status": "Expired", "amount": "1", "currency": "USD", "metadata": {}}
    with answering([one, {**one, "id": "B", "status": "Settled"}]) as server:
        found = BTCPAY.look_up(Sold(account(api_url=server.url), "", "a b", Money(1, "USD")))
    assert (found.sale, found.reference) == (Sale.PAID, "B")
    assert server.requests[0].startswith(b"GET /api/v1/stores/M-1/invoices?orderId=a%20b ")


class TestRefund:
    def refund(self, body, code=200, **config):
        with answering(body, code) as server:
            sold = Sold(account(api_url=server.url, **config), "INV/1", TOKEN, Money(2550, "USD"))
            answered = BTCPAY.refund(sold, amount=Money(1000, "USD"), key="R-1")
        return answered, server.requests[0]

    def test_is_a_link_that_the_payer_must_follow(self):
        answered, request = self.refund(
            {"id": "P1", "viewLink": "https://b.example/p/1"}, refund_method="BTC-CHAIN"
        )
        assert (answered.outcome, answered.reference) == (Outcome.ACTION, "P1")
        assert answered.action_url == "https://b.example/p/1"
        head, _, body = request.partition(b"\r\n\r\n")
        assert head.startswith(b"POST /api/v1/stores/M-1/invoices/INV%2F1/refund ")
        sent = json.loads(body)
        assert (sent["name"], sent["customAmount"], sent["customCurrency"]) == (
            "R-1",
            "10.00",
            "USD",
        )
        assert sent["payoutMethodId"] == sent["paymentMethod"] == "BTC-CHAIN"

    def test_a_refusal_is_a_list_or_an_object(self):
        assert self.refund([{"path": "x", "message": "no"}], 422)[0].outcome is Outcome.DECLINED
        assert self.refund({"code": "invoice-not-found"}, 404)[0].outcome is Outcome.DECLINED

    def test_an_answer_without_a_link_is_unknown(self):
        with pytest.raises(OutcomeUnknown):
            self.refund({})


def test_a_server_that_tells_no_address_has_its_own_page():
    with answering({"id": "INV-1", "checkoutLink": "https://b.example/i/1"}, times=2) as server:
        at = account(api_url=server.url)  # the second answer is no list of ways to pay
        opened = BTCPAY.open_checkout(Order(TOKEN, Money(2550, "USD"), at))
    assert (opened.url, opened.fields) == ("https://b.example/i/1", {})
