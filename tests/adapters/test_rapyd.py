"""Rapyd: signatures both ways, the address and the time in them, what types and statuses mean."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from apps.core.http import OutcomeUnknown, reset_breakers
from apps.core.money import Money
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.answers import NotTaken
from apps.finance.payments.adapters.base import (
    Charge,
    NotAuthentic,
    NotOffered,
    Order,
    Outcome,
    Sale,
    Sold,
    Told,
    Unreadable,
)
from apps.finance.payments.adapters.rapyd import signature
from tests.adapters.signed import (
    ACCOUNT,
    COMPLETED,
    CONFIG,
    NOW,
    TOKEN,
    account,
    by_rapyd,
    compact,
)
from tests.adapters.vectors import VECTORS
from tests.core.misbehaving import answers, serving

RAPYD = gateway_for("rapyd")
SUCCESS = {"status": "SUCCESS", "error_code": ""}


@pytest.fixture(autouse=True)
def _fresh_breakers():
    reset_breakers()


def read(kind="PAYMENT_COMPLETED", **changes):
    body = {**COMPLETED, "type": kind, "data": {**COMPLETED["data"], **changes}}
    [notice] = RAPYD.read_webhook(by_rapyd(compact(body)), ACCOUNT)
    return notice


def answering(data, status=SUCCESS, code=200):
    text = json.dumps({"status": status, "data": data}).encode()
    return serving(
        answers(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (code, len(text), text))
    )


def headers_of(request):
    lines = request.partition(b"\r\n\r\n")[0].decode().splitlines()[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


class TestSignature:
    def test_of_a_request_equals_the_vector(self):
        vector = VECTORS["rapyd-request"]
        assert signature(**vector["input"], secret_key=vector["secret"]) == vector["expected"]

    def test_of_a_webhook_has_the_whole_address_and_no_method(self):
        vector = VECTORS["rapyd-webhook"]
        given = dict(vector["input"])
        url = given.pop("url")
        signed = signature(method="", path=url, **given, secret_key=vector["secret"])
        assert signed == vector["expected"]

    def test_an_empty_object_counts_as_no_body(self):
        names = ("method", "path", "salt", "timestamp", "access_key", "secret_key")
        parts = dict.fromkeys(names, "x")
        assert signature(**parts, body="{}") == signature(**parts, body="")

    def test_another_address_is_refused(self):
        delivery = replace(by_rapyd(compact(COMPLETED)), url="https://pay.example/webhooks/x/abd/")
        with pytest.raises(NotAuthentic):
            RAPYD.read_webhook(delivery, ACCOUNT)

    @pytest.mark.parametrize(
        ("seconds", "good"), [(60, True), (61, False), (-60, True), (-61, False)]
    )
    def test_a_message_may_be_a_minute_off(self, seconds, good):
        delivery = by_rapyd(compact(COMPLETED), at=NOW - timedelta(seconds=seconds))
        if good:
            assert RAPYD.read_webhook(delivery, ACCOUNT)[0].told is Told.PAID
            return
        with pytest.raises(NotAuthentic, match="too long"):
            RAPYD.read_webhook(delivery, ACCOUNT)
        assert RAPYD.read_webhook(delivery, account(webhook_skew_seconds="90"))

    def test_digits_cannot_move_from_salt_to_time(self):
        delivery = by_rapyd(compact(COMPLETED))
        salt, time = delivery.headers["salt"], delivery.headers["timestamp"]
        moved = {**delivery.headers, "salt": salt[:-1], "timestamp": salt[-1] + time}
        with pytest.raises(NotAuthentic):
            RAPYD.read_webhook(replace(delivery, headers=moved), ACCOUNT)

    def test_without_the_time_it_came_nothing_is_believed(self):
        with pytest.raises(NotAuthentic):
            RAPYD.read_webhook(replace(by_rapyd(compact(COMPLETED)), received_at=None), ACCOUNT)


class TestNews:
    def test_completed_and_succeeded_are_one_piece_of_news(self):
        one, two = read("PAYMENT_COMPLETED"), read("PAYMENT_SUCCEEDED")
        assert one.dedupe_key == two.dedupe_key == "PAID:payment_1"
        assert (one.amount, one.reference, one.token) == (Money(2550, "USD"), "payment_1", TOKEN)
        means = one.means
        assert (means.token, means.last4, means.expires, means.brand, means.bin) == (
            "cus_1:card_1", "1111", "2029-12", "VISA", "411111",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("kind", "changes", "told"),
        [
            ("PAYMENT_SUCCEEDED", {"status": "ACT"}, Told.PENDING),
            ("PAYMENT_FAILED", {"status": "ERR"}, Told.DECLINED),
            ("PAYMENT_EXPIRED", {"status": "EXP"}, Told.CANCELLED),
            ("PAYMENT_CANCELED", {"status": "CAN"}, Told.CANCELLED),
            ("PAYOUT_COMPLETED", {}, Told.NEEDS_STAFF),
            ("CUSTOMER_SUBSCRIPTION_CREATED", {}, Told.NEEDS_STAFF),
        ],
    )
    def test_of_a_type(self, kind, changes, told):
        assert read(kind, **changes).told is told

    @pytest.mark.parametrize(
        ("kind", "told"),
        [("REFUND_COMPLETED", Told.REFUNDED), ("PAYMENT_REFUND_COMPLETED", Told.REFUNDED),
         ("REFUND_FAILED", Told.REFUND_FAILED)],
    )  # fmt: skip
    def test_of_a_refund_names_sale_and_sum(self, kind, told):
        notice = read(kind, id="refund_1", payment="payment_1", amount=10)
        assert (notice.told, notice.reference, notice.amount) == (
            told,
            "payment_1",
            Money(1000, "USD"),
        )
        assert notice.dedupe_key == f"{told.name}:refund_1"

    @pytest.mark.parametrize(
        ("kind", "status", "told"),
        [
            ("CREATED", "ACT", Told.CHARGEBACK), ("UPDATED", "ACT", Told.NOTHING),
            ("UPDATED", "RVW", Told.NOTHING), ("UPDATED", "LOS", Told.CHARGEBACK_LOST),
            ("UPDATED", "WIN", Told.CHARGEBACK_WON), ("UPDATED", "REV", Told.CHARGEBACK_WON),
            ("UPDATED", "PRA", Told.NEEDS_STAFF),
        ],
    )  # fmt: skip
    def test_of_a_dispute(self, kind, status, told):
        notice = read(
            f"PAYMENT_DISPUTE_{kind}", id="dispute_1", original_transaction_id="payment_1",
            status=status, due_date=1769904000, dispute_reason_description="Fraud",
            dispute_category="4837",
        )  # fmt: skip
        case = notice.dispute
        assert (notice.told, notice.reference) == (told, "payment_1")
        assert (case.reference, case.reason, case.reason_code) == ("dispute_1", "Fraud", "4837")
        assert case.due_at.isoformat() == "2026-02-01T00:00:00+00:00"

    @pytest.mark.parametrize(
        ("kind", "changes"),
        [
            ("PAYMENT_COMPLETED", {"id": ""}), ("PAYMENT_COMPLETED", {"amount": None}),
            ("PAYMENT_COMPLETED", {"amount": 25.505}), ("REFUND_COMPLETED", {"payment": ""}),
            ("PAYMENT_DISPUTE_CREATED", {"id": ""}),
            ("PAYMENT_COMPLETED", {"payment_method_data": "x"}), ("", {}),
        ],
    )  # fmt: skip
    def test_a_signed_event_that_makes_no_sense_is_not_understood(self, kind, changes):
        with pytest.raises(Unreadable):
            read(kind, **changes)


class TestCalls:
    def charge(self, server, **changes):
        at = account(api_url=f"{server.url}/v1", **changes.pop("config", {}))
        order = Order(TOKEN, Money(2550, "USD"), at)
        return RAPYD.charge(Charge(order, "key-1", **{"token": "cus_1:card_1", **changes}))

    def test_what_is_sent_is_what_was_signed(self):
        with answering({"id": "payment_1", "status": "CLO"}) as server:
            answered = self.charge(server, payer_present=False)
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        given = headers_of(server.requests[0])
        assert head.startswith(b"POST /v1/payments ")
        assert body.startswith(b'{"amount":25.5,"currency":"USD",')
        assert 8 <= len(given["salt"]) <= 16
        assert given["idempotency"] == "key-1"
        assert given["signature"] == signature(
            method="post", path="/v1/payments", salt=given["salt"], timestamp=given["timestamp"],
            access_key=CONFIG["access_key"], secret_key=CONFIG["secret_key"], body=body.decode(),
        )  # fmt: skip
        sent = json.loads(body)
        assert (sent["customer"], sent["payment_method"]) == ("cus_1", "card_1")
        assert (sent["initiation_type"], sent["capture"]) == ("recurring", True)
        assert (answered.outcome, answered.reference) == (Outcome.DONE, "payment_1")
        assert CONFIG["secret_key"] not in str(answered.sent) + str(answered.received)

    def test_a_wallet_goes_under_the_configured_type(self):
        names = {"applepay_type": "us_applepay_card", "applepay_field": "token"}
        with answering(
            {"id": "p", "status": "ACT", "redirect_url": "https://r.example"}
        ) as server:
            answered = self.charge(
                server, token="w", one_time=True, wallet="applepay", config=names
            )
        sent = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
        assert sent["payment_method"] == {"type": "us_applepay_card", "fields": {"token": "w"}}
        assert (answered.outcome, answered.action_url) == (Outcome.ACTION, "https://r.example")

    @pytest.mark.parametrize("wallet", ["googlepay", ""])
    def test_a_one_time_token_without_its_type_is_not_offered(self, wallet):
        with answering({}) as server, pytest.raises(NotOffered):
            self.charge(server, token="w", one_time=True, wallet=wallet)
        assert server.requests == []

    @pytest.mark.parametrize(
        ("data", "status", "code", "error"),
        [
            ({"status": "???"}, SUCCESS, 200, OutcomeUnknown), ({}, {}, 200, OutcomeUnknown),
            ({}, {"status": "ERROR", "error_code": "ERROR_IDEMPOTENCY"}, 400, OutcomeUnknown),
            ({}, {}, 500, OutcomeUnknown), ({}, {}, 401, NotTaken),
        ],
    )  # fmt: skip
    def test_an_answer_that_is_none(self, data, status, code, error):
        with answering(data, status, code) as server, pytest.raises(error):
            self.charge(server)

    def test_an_error_says_why(self):
        error = {"status": "ERROR", "error_code": "ERROR_CARD_DECLINED", "message": "No"}
        with answering({}, error, 400) as server:
            answered = self.charge(server)
        assert (answered.outcome, answered.code, answered.reason) == (
            Outcome.DECLINED, "ERROR_CARD_DECLINED", "No",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("reference", "data", "path", "sale"),
        [
            ("payment_1", COMPLETED["data"], b"/payments/payment_1", Sale.PAID),
            ("payment_1", {**COMPLETED["data"], "refunded_amount": 25.5},
             b"/payments/payment_1", Sale.UNDONE),
            ("checkout_1", {"payment": COMPLETED["data"]}, b"/checkout/checkout_1", Sale.PAID),
            ("checkout_1", {"payment": {"id": None}}, b"/checkout/checkout_1", Sale.PENDING),
            ("", [COMPLETED["data"], {**COMPLETED["data"], "status": "ERR"}],
             f"/payments?merchant_reference_id={TOKEN}".encode(), Sale.PAID),
            ("", [], f"/payments?merchant_reference_id={TOKEN}".encode(), Sale.NOT_FOUND),
        ],
    )  # fmt: skip
    def test_a_look_up_by_any_name(self, reference, data, path, sale):
        with answering(data) as server:
            found = RAPYD.look_up(
                Sold(account(api_url=server.url), reference, TOKEN, Money(1, "USD"))
            )
        assert found.sale is sale
        assert server.requests[0].startswith(b"GET " + path + b" ")
        if sale is Sale.PAID:
            assert (found.token, found.amount) == (TOKEN, Money(2550, "USD"))

    def test_a_part_goes_back(self):
        with answering({"id": "refund_1", "status": "Pending"}) as server:
            sold = Sold(account(api_url=server.url), "payment_1", TOKEN, Money(2550, "USD"))
            answered = RAPYD.refund(sold, amount=Money(1050, "USD"), key="r-1")
        sent = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
        assert (sent["payment"], sent["amount"], sent["currency"]) == ("payment_1", 10.5, "USD")
        assert (answered.outcome, answered.reference) == (Outcome.PENDING, "refund_1")
