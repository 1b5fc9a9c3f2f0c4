"""CommerceGate: the seal and the older text, forms, renewals, refunds, look-ups."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlencode

import pytest

from apps.core.http import OutcomeUnknown, reset_breakers
from apps.core.money import Money
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.answers import GatewayTrouble
from apps.finance.payments.adapters.base import (
    NotAuthentic,
    NotOffered,
    Order,
    Outcome,
    Renewal,
    Sale,
    Sold,
    Told,
    Unreadable,
)
from apps.finance.payments.adapters.commercegate_callbacks import body_digest, open_seal
from tests.adapters.signed import (
    ACCOUNT,
    CONFIG,
    SOLD,
    TOKEN,
    account,
    by_commercegate,
    compact,
    delivered,
    older,
)
from tests.core.misbehaving import answers, serving

GATE = gateway_for("commercegate")
PRICE = Money(2550, "USD")
LOGIN = {"token": "jwt", "expiresIn": 60}


@pytest.fixture(autouse=True)
def _fresh_breakers():
    reset_breakers()


def read(**changes):
    [notice] = GATE.read_webhook(by_commercegate(compact({**SOLD, **changes})), ACCOUNT)
    return notice


def read_older(**changes):
    [notice] = GATE.read_webhook(delivered(older(**changes)), ACCOUNT)
    return notice


def answering(*given):
    """Each is a body, or a status and a body."""
    pairs = [each if isinstance(each, tuple) else (200, each) for each in given]
    texts = [(code, json.dumps(body).encode()) for code, body in pairs]
    return serving(
        *(
            answers(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (code, len(text), text))
            for code, text in texts
        )
    )


def body_of(request):
    return json.loads(request.partition(b"\r\n\r\n")[2])


class TestSeal:
    def test_holds_the_digest_of_the_very_bytes(self):
        delivery = by_commercegate(compact(SOLD))
        held = open_seal(
            signature=delivery.headers["signature"],
            init_vector=delivery.headers["signatureInitVector"],
            key=CONFIG["security_key"],
        )
        assert held == body_digest(delivery.body)

    @pytest.mark.parametrize(
        "headers",
        [
            {"signature": "zz"}, {"signature": "00"}, {"signatureInitVector": ""},
            {"signatureInitVector": "00"}, {"signatureInitVector": "00" * 16},
        ],
    )  # fmt: skip
    def test_an_altered_one_is_refused(self, headers):
        delivery = by_commercegate(compact(SOLD))
        with pytest.raises(NotAuthentic):
            GATE.read_webhook(replace(delivery, headers={**delivery.headers, **headers}), ACCOUNT)

    @pytest.mark.parametrize(
        "make", [lambda: by_commercegate(compact(SOLD)), lambda: delivered(older())]
    )
    def test_another_network_is_refused_whatever_is_sealed(self, make):
        with pytest.raises(NotAuthentic):
            GATE.read_webhook(replace(make(), remote_ip="203.0.113.9"), ACCOUNT)


class TestNews:
    @pytest.mark.parametrize(
        ("kind", "status", "told"),
        [
            ("SALE", "SUCCESS", Told.PAID), ("SALE", "FAILED", Told.DECLINED),
            ("REBILL", "SUCCESS", Told.RENEWED), ("REBILL_FAILED", "FAILED", Told.RENEWAL_FAILED),
            ("CANCEL", "SUCCESS", Told.RENEWAL_ENDED), ("UPSELL", "SUCCESS", Told.NEEDS_STAFF),
        ],
    )  # fmt: skip
    def test_of_a_sealed_callback(self, kind, status, told):
        notice = read(type=kind, status=status)
        assert (notice.told, notice.token, notice.reference) == (told, TOKEN, "O-1")
        assert (notice.amount, notice.account.number, notice.account.subaccount) == (
            PRICE,
            "M-1",
            "S-1",
        )
        assert notice.dedupe_key == f"{kind}:{status}:T-1"

    def test_names_of_fields_can_be_configured(self):
        body = compact({**SOLD, "externalId": "", "order_ref": TOKEN})
        [notice] = GATE.read_webhook(
            by_commercegate(body), account(callback_fields="token=order_ref, date=when")
        )
        assert (notice.token, notice.occurred_at) == (TOKEN, None)

    @pytest.mark.parametrize(
        ("kind", "told"),
        [
            ("REFUND", Told.REFUNDED), ("CHARGEBACK", Told.CHARGEBACK),
            ("CANCELMEMBERSHIP", Told.RENEWAL_ENDED),
            ("SALE", Told.PENDING),  # nothing proves it but a network: the order is asked about
            ("REBILL", Told.NEEDS_STAFF), ("UPSELL", Told.NEEDS_STAFF),
        ],
    )  # fmt: skip
    def test_of_the_older_text(self, kind, told):
        notice = read_older(transactiontype=kind)
        assert (notice.told, notice.token, notice.reference) == (told, TOKEN, "O-1")
        assert (notice.amount, notice.gateway_transaction) == (PRICE, "T-9")
        assert notice.dedupe_key == f"{kind}:T-9"
        if told is Told.CHARGEBACK:
            assert notice.dispute.reference == "T-9"

    def test_what_is_told_of_the_person_is_not_kept(self):
        said = repr(read_older())
        assert [
            each for each in ("secret-pw", "fan@example.com", "A B", "1.2.3.4") if each in said
        ] == []

    @pytest.mark.parametrize("value", ["a#b", "#"])
    def test_a_sign_that_moves_the_parts_is_not_understood(self, value):
        with pytest.raises(Unreadable, match="nineteen"):
            read_older(offername=value)

    @pytest.mark.parametrize(
        "changes",
        [{"type": ""}, {"amount": 25.5}, {"amount": -1}, {"currency": "XXX"}, {"orderId": ""},
         {"transactionId": "", "orderId": ""}, {"amount": None, "currency": None}],
    )  # fmt: skip
    def test_a_sealed_callback_that_makes_no_sense_is_not_understood(self, changes):
        with pytest.raises(Unreadable):
            read(**changes)

    @pytest.mark.parametrize(
        "changes", [{"transactionid": ""}, {"amount": "1e5"}, {"currency": "?"}]
    )
    def test_an_older_text_that_makes_no_sense_is_not_understood(self, changes):
        with pytest.raises(Unreadable):
            read_older(**changes)

    def test_without_seal_and_text_nothing_is_proved(self):
        for body in (compact(SOLD), b"", urlencode({"other": "x"}).encode()):
            with pytest.raises(NotAuthentic):
                GATE.read_webhook(delivered(body), ACCOUNT)


class TestForm:
    def open(self, renewal=None):
        with answering(
            LOGIN, {"forwardUrl": "https://c.example/f", "paymentFormId": "F1"}
        ) as server:
            order = Order(
                TOKEN, PRICE, account(api_url=server.url), renewal=renewal,
                success_url="https://f.example/back", webhook_url="https://f.example/w",
            )  # fmt: skip
            opened = GATE.open_checkout(order)
        return opened, server.requests

    def test_is_configured_for_the_exact_price(self):
        opened, (login, configure) = self.open()
        assert (opened.url, opened.reference) == ("https://c.example/f", "form-F1")
        assert body_of(login) == {"login": "us", "password": "pw"}
        assert b"authorization: bearer jwt" in configure.lower()
        sent = body_of(configure)
        assert (sent["TransactionInfo"]["amount"], sent["TransactionInfo"]["currency"]) == (
            2550,
            "USD",
        )
        assert sent["MerchantInfo"] == {
            "merchantId": "M-1", "merchantWebsiteId": "S-1", "externalId": TOKEN,
        }  # fmt: skip
        assert set(sent["Callbacks"].values()) == {"https://f.example/w"}
        assert sent["ThreeDInfo"]["redirectUrl"].endswith(f"/back?order={TOKEN}&answer=paid")
        assert "SubscriptionPeriod" not in sent

    def test_renewals_are_counted_in_days(self):
        sent = body_of(self.open(Renewal(Money(1000, "USD"), 37, 30))[1][1])
        assert sent["TransactionInfo"]["amountRecurring"] == 1000
        assert sent["SubscriptionPeriod"] == {"name": "day", "amount": 30}
        assert sent["SubscriptionConfig"] == {"amountOfDaysToShiftFirstRecurring": 7}
        assert "SubscriptionConfig" not in body_of(self.open(Renewal(PRICE, 30, 30))[1][1])

    @pytest.mark.parametrize("days", [28, 29])
    def test_a_month_that_the_calendar_makes_shorter_is_charged_with_theirs(self, days):
        sent = body_of(self.open(Renewal(PRICE, days, 30))[1][1])
        assert sent["SubscriptionPeriod"] == {"name": "day", "amount": 30}
        assert "SubscriptionConfig" not in sent

    @pytest.mark.parametrize(
        "renewal",
        [Renewal(PRICE, 30, 30, times=3), Renewal(PRICE, 7, 30), Renewal(PRICE, 27, 30)],
    )
    def test_renewals_it_cannot_keep_are_not_offered(self, renewal):
        with pytest.raises(NotOffered):
            self.open(renewal)

    def test_a_login_that_fails_did_nothing(self):
        with answering((401, {})) as server, pytest.raises(GatewayTrouble):
            GATE.open_checkout(Order(TOKEN, PRICE, account(api_url=server.url)))


def sold(server, reference="O-1"):
    at = account(api_url=server.url, legacy_url=server.url)
    return Sold(at, reference, TOKEN, PRICE, gateway_transaction="T-1")


class TestAfterwards:
    def test_a_part_goes_back_over_the_older_interface(self):
        with answering({"status": "OK", "transactionId": "T-2"}) as server:
            answered = GATE.refund(sold(server), amount=Money(1000, "USD"), key="r")
        sent = parse_qs(server.requests[0].partition(b"\r\n\r\n")[2].decode())
        assert sent == {
            "customerId": ["7001"], "password": ["cpw"], "transactionId": ["T-1"],
            "amount": ["10.00"],
        }  # fmt: skip
        assert (answered.outcome, answered.reference) == (Outcome.DONE, "T-2")
        assert "cpw" not in str(answered.sent)

    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [
            ({"status": "ERROR", "message": "No"}, Outcome.DECLINED),
            ({"status": "?"}, None),
            ({}, None),
        ],
    )
    def test_a_refund_is_refused_or_unknown(self, answer, outcome):
        with answering(answer) as server:
            if outcome is None:
                with pytest.raises(OutcomeUnknown):
                    GATE.refund(sold(server), amount=PRICE, key="r")
            else:
                assert GATE.refund(sold(server), amount=PRICE, key="r").outcome is outcome

    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [
            ((200, {"status": "CANCELED"}), Outcome.DONE),
            ((409, {"message": "Subscription is already canceled"}), Outcome.DONE),
            ((404, {"status": "ERROR", "message": "none"}), Outcome.DECLINED),
        ],
    )
    def test_renewals_end(self, answer, outcome):
        with answering(LOGIN, answer) as server:
            assert GATE.cancel_renewals(sold(server), key="c").outcome is outcome
        assert b"POST /v1/api/subscription/O-1 " in server.requests[1]

    @pytest.mark.parametrize(
        ("reference", "answer", "path", "sale"),
        [
            ("O-1", (200, {"status": "APPROVED"}), b"order/O-1", Sale.PAID),
            ("O-1", (200, {"status": "DECLINED"}), b"order/O-1", Sale.DECLINED),
            ("O-1", (404, {}), b"order/O-1", Sale.NOT_FOUND),
            ("form-F1", (200, {"status": "REFUNDED"}), b"orderByPaymentFormId/F1", Sale.UNDONE),
            ("form-F1", (404, {}), b"orderByPaymentFormId/F1", Sale.PENDING),
        ],
    )
    def test_a_look_up_by_order_or_form(self, reference, answer, path, sale):
        more = {"orderId": "O-1", "externalId": TOKEN, "amount": 2550, "currency": "USD"}
        with answering(LOGIN, (answer[0], {**more, **answer[1]})) as server:
            found = GATE.look_up(sold(server, reference))
        assert found.sale is sale
        assert b"/v1/api/reporting/" + path + b" " in server.requests[1]
        if sale is Sale.PAID:
            assert (found.token, found.amount, found.reference) == (TOKEN, PRICE, "O-1")

    def test_a_status_not_known_answers_nothing(self):
        with answering(LOGIN, {"status": "HM"}) as server, pytest.raises(GatewayTrouble):
            GATE.look_up(sold(server))
