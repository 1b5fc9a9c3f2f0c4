"""Adyen: published vectors, every item proved, what each event means, what an answer means."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from apps.core.http import OutcomeUnknown, reset_breakers
from apps.core.money import Money
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.adyen_webhooks import body_signature, item_signature
from apps.finance.payments.adapters.answers import GatewayTrouble, NotTaken
from apps.finance.payments.adapters.base import (
    Buyer,
    Charge,
    NotAuthentic,
    Order,
    Outcome,
    Sold,
    Told,
    Unreadable,
)
from tests.adapters.signed import (
    ACCOUNT,
    KEY,
    TOKEN,
    account,
    adyen_item,
    by_adyen,
    by_adyen_platform,
    compact,
)
from tests.adapters.vectors import VECTORS
from tests.core.misbehaving import answers, serving

ADYEN = gateway_for("adyen")
ORDER = Order(TOKEN, Money(2500, "USD"), ACCOUNT, buyer=Buyer(id="fan-1"))


@pytest.fixture(autouse=True)
def _fresh_breakers():
    reset_breakers()


def read(*items, at=ACCOUNT):
    return ADYEN.read_webhook(by_adyen(*items), at)


def answering(code, body, **headers):
    text = json.dumps(body).encode()
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {code} X\r\n{more}Content-Length: {len(text)}\r\n\r\n"
    return serving(answers(head.encode() + text))


class TestSignature:
    @pytest.mark.parametrize("name", ["adyen-notification", "adyen-forwardslash"])
    def test_of_an_item_equals_the_published_vector(self, name):
        vector = VECTORS[name]
        assert item_signature(vector["input"], key=vector["secret"]) == vector["expected"]

    def test_of_a_body_equals_the_published_vector(self):
        vector = VECTORS["adyen-payload-header"]
        signed = body_signature(vector["input"].encode(), key=vector["secret"])
        assert signed == vector["expected"]

    def test_every_item_must_be_proved(self):
        good, forged = adyen_item(), adyen_item("00" * 32, pspReference="ANOTHER")
        assert len(read(good, adyen_item(pspReference="B"))) == 2
        for items in ([forged, good], [good, forged]):
            with pytest.raises(NotAuthentic):
                read(*items)

    def test_a_key_that_is_not_hex_is_our_own_mistake(self):
        with pytest.raises(Unreadable, match="hmac_key"):
            read(adyen_item(), at=account(hmac_key="no hex"))

    def test_a_colon_in_a_reference_makes_staff_look(self):
        [notice] = read(adyen_item(merchantReference=f"x:{TOKEN}"))
        assert notice.told is Told.NEEDS_STAFF

    def test_a_configured_password_is_asked_for(self):
        at = account(webhook_username="adyen", webhook_password="pw")
        with pytest.raises(NotAuthentic):
            read(adyen_item(), at=at)
        login = base64.b64encode(b"adyen:pw").decode()
        delivery = replace(by_adyen(adyen_item()), headers={"AUTHORIZATION": f"Basic {login}"})
        assert len(ADYEN.read_webhook(delivery, at)) == 1


class TestNews:
    def test_a_sale_names_all_it_is_about(self):
        data = {
            "cardSummary": "1111", "expiryDate": "3/2030", "cardBin": "411111",
            "paymentMethod": "visa", "alias": "A1", "cardIssuingCountry": "US",
            "recurring.recurringDetailReference": "8415",
        }  # fmt: skip
        [notice] = read(adyen_item(additionalData=data))
        assert (notice.told, notice.reference, notice.amount) == (
            Told.PAID,
            "X3GWNS6KJ8NKGK82",
            Money(2500, "USD"),
        )
        assert notice.account.number == "FanzECOM"
        assert notice.occurred_at.isoformat() == "2026-01-15T11:00:00+00:00"
        means = notice.means
        assert (means.token, means.last4, means.expires, means.bin, means.fingerprint) == (
            "8415", "1111", "2030-03", "411111", "A1",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("event", "success", "told"),
        [
            ("AUTHORISATION", "true", Told.PAID), ("AUTHORISATION", "false", Told.DECLINED),
            ("CAPTURE", "true", Told.NOTHING), ("CAPTURE_FAILED", "true", Told.NEEDS_STAFF),
            ("CANCELLATION", "true", Told.VOIDED), ("CANCELLATION", "false", Told.NEEDS_STAFF),
            ("REFUND", "true", Told.REFUNDED), ("REFUND", "false", Told.REFUND_FAILED),
            ("REFUND_FAILED", "true", Told.REFUND_FAILED),
            ("REFUNDED_REVERSED", "true", Told.REFUND_FAILED),
            ("CANCEL_OR_REFUND", "true", Told.NEEDS_STAFF),
            ("OFFER_CLOSED", "true", Told.CANCELLED), ("EXPIRE", "true", Told.NEEDS_STAFF),
            ("REPORT_AVAILABLE", "true", Told.NOTHING), ("NEW_EVENT", "true", Told.NEEDS_STAFF),
        ],
    )  # fmt: skip
    def test_of_an_event(self, event, success, told):
        [notice] = read(adyen_item(eventCode=event, success=success, originalReference="SALE1"))
        assert (notice.told, notice.reference, notice.token) == (told, "SALE1", TOKEN)
        assert notice.dedupe_key == f"{event}:X3GWNS6KJ8NKGK82:{success}:SALE1"

    @pytest.mark.parametrize(
        ("event", "status", "told", "again"),
        [
            ("NOTIFICATION_OF_FRAUD", "", Told.FRAUD_REPORT, False),
            ("REQUEST_FOR_INFORMATION", "", Told.INQUIRY, False),
            ("NOTIFICATION_OF_CHARGEBACK", "", Told.ALERT, False),
            ("CHARGEBACK", "Undefended", Told.CHARGEBACK, False),
            ("SECOND_CHARGEBACK", "", Told.CHARGEBACK, True),
            ("CHARGEBACK_REVERSED", "", Told.CHARGEBACK_WON, False),
            ("PREARBITRATION_WON", "", Told.CHARGEBACK_WON, False),
            ("PREARBITRATION_LOST", "", Told.CHARGEBACK_LOST, False),
            ("DISPUTE_DEFENSE_PERIOD_ENDED", "Lost", Told.CHARGEBACK_LOST, False),
        ],
    )
    def test_of_a_dispute_names_case_reason_and_day(self, event, status, told, again):
        data = {
            "disputeStatus": status, "chargebackReasonCode": "10.4",
            "defensePeriodEndsAt": "2026-02-01T00:00:00Z",
        }  # fmt: skip
        [notice] = read(
            adyen_item(
                eventCode=event, originalReference="SALE1", additionalData=data, reason="Fraud"
            )
        )
        assert (notice.told, notice.reference) == (told, "SALE1")
        case = notice.dispute
        assert (case.reference, case.reason_code, case.reason, case.again) == (
            "X3GWNS6KJ8NKGK82", "10.4", "Fraud", again,
        )  # fmt: skip
        assert case.due_at.isoformat() == "2026-02-01T00:00:00+00:00"

    def test_a_period_that_ended_without_a_word_is_for_staff(self):
        [notice] = read(adyen_item(eventCode="DISPUTE_DEFENSE_PERIOD_ENDED"))
        assert notice.told is Told.NEEDS_STAFF

    def test_where_we_capture_only_the_capture_is_money(self):
        manual = account(capture_mode="manual")
        [authorised] = read(adyen_item(), at=manual)
        [captured] = read(adyen_item(eventCode="CAPTURE", originalReference="SALE1"), at=manual)
        assert (authorised.told, captured.told) == (Told.AUTHORISED, Told.PAID)

    @pytest.mark.parametrize("action", [("cancel", Told.VOIDED), ("refund", Told.REFUNDED)])
    def test_a_reversal_says_which_of_both_it_became(self, action):
        data = {"modification.action": action[0]}
        [notice] = read(adyen_item(eventCode="CANCEL_OR_REFUND", additionalData=data))
        assert notice.told is action[1]

    @pytest.mark.parametrize(
        "change",
        [
            {"amount": {"currency": "USD", "value": "25.00"}}, {"success": "yes"},
            {"amount": {"currency": "XXX", "value": 1}}, {"eventCode": ""}, {"pspReference": ""},
            {"amount": {"currency": "USD", "value": 2**63}},
        ],
    )  # fmt: skip
    def test_a_signed_item_that_makes_no_sense_is_not_understood(self, change):
        with pytest.raises(Unreadable):
            read(adyen_item(**change))

    @pytest.mark.parametrize("items", [[], "x", None, [1], [{}]])
    def test_a_notification_without_items_is_not_understood(self, items):
        delivery = by_adyen_platform(compact({"notificationItems": items}))
        with pytest.raises((Unreadable, NotAuthentic)):
            ADYEN.read_webhook(delivery, ACCOUNT)

    def test_a_stored_card_that_changed(self):
        body = compact(
            {"type": "recurring.token.disabled", "eventId": "E1",
             "data": {"storedPaymentMethodId": "8415", "merchantAccount": "FanzECOM"}}
        )  # fmt: skip
        [notice] = ADYEN.read_webhook(by_adyen_platform(body), ACCOUNT)
        assert notice.means is not None
        assert (notice.told, notice.means.token, notice.dedupe_key) == (
            Told.MEANS_CHANGED, "8415", "recurring.token.disabled:E1",
        )  # fmt: skip
        with pytest.raises(NotAuthentic):
            ADYEN.read_webhook(by_adyen_platform(body, "00" * 32), ACCOUNT)


class TestLink:
    def open(self, **changes):
        link = {"id": "PL1", "url": "https://a.example/PL1", "expiresAt": "2026-01-16T12:00:00Z"}
        with answering(201, link) as server:
            opened = ADYEN.open_checkout(
                replace(ORDER, account=account(api_url=server.url), **changes)
            )
        head, _, body = server.requests[0].decode().partition("\r\n\r\n")
        [key] = [x.split(": ")[1] for x in head.splitlines() if x.lower().startswith("idempot")]
        return opened, key, json.loads(body)

    def test_is_for_the_exact_price_and_asks_to_keep_the_card(self):
        opened, key, sent = self.open(keep=True, success_url="https://f.example/back")
        assert (opened.url, opened.reference) == ("https://a.example/PL1", "PL1")
        assert opened.expires_at.isoformat() == "2026-01-16T12:00:00+00:00"
        assert (sent["amount"], sent["reference"]) == ({"currency": "USD", "value": 2500}, TOKEN)
        assert sent["returnUrl"] == f"https://f.example/back?order={TOKEN}&answer=paid"
        assert (sent["shopperReference"], sent["storePaymentMethodMode"]) == ("fan-1", "enabled")
        assert len(key) == 64

    def test_the_same_visitor_gets_the_same_link_and_another_his_own(self):
        first, again = self.open()[1], self.open()[1]
        assert first == again
        assert self.open(buyer=Buyer(id="fan-1", country="DE"))[1] != first


class TestCharge:
    def charge(self, server, **changes):
        order = replace(ORDER, account=account(api_url=server.url))
        return ADYEN.charge(Charge(order, "key-1", **{"token": "8415", **changes}))

    def sent(self, server):
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        return head.decode().lower(), json.loads(body)

    @pytest.mark.parametrize(
        "wallet", [("applepay", "applePayToken"), ("googlepay", "googlePayToken")]
    )
    def test_a_wallets_token_goes_through_as_it_is(self, wallet):
        name, field = wallet
        with answering(200, {"resultCode": "Authorised", "pspReference": "P1"}) as server:
            answered = self.charge(server, token='{"a":"é"}', one_time=True, wallet=name)
        head, body = self.sent(server)
        assert body["paymentMethod"] == {"type": name, field: '{"a":"é"}'}
        assert (body["amount"], body["reference"]) == ({"currency": "USD", "value": 2500}, TOKEN)
        assert "idempotency-key: key-1\r\n" in head
        assert (answered.outcome, answered.reference) == (Outcome.DONE, "P1")

    def test_a_renewal_says_that_the_payer_is_not_there(self):
        with answering(
            200, {"resultCode": "Refused", "refusalReason": "No", "refusalReasonCode": "2"}
        ) as server:
            answered = self.charge(server, payer_present=False)
        body = self.sent(server)[1]
        assert (body["shopperInteraction"], body["recurringProcessingModel"]) == (
            "ContAuth",
            "Subscription",
        )
        assert (answered.outcome, answered.code, answered.reason) == (Outcome.DECLINED, "2", "No")

    @pytest.mark.parametrize(
        "token", ["", "[]", '{"type":"scheme","number":"4111111111111111"}', "\ud800"]
    )
    def test_anything_but_encrypted_fields_is_not_passed_on(self, token):
        with answering(200, {}) as server:
            answered = self.charge(server, token=token, one_time=True)
        assert (answered.outcome, server.requests) == (Outcome.DECLINED, [])

    @pytest.mark.parametrize(
        ("code", "body", "headers", "error"),
        [
            (200, {"resultCode": "Hm"}, {}, OutcomeUnknown),
            (422, {"errorCode": "704"}, {}, OutcomeUnknown),
            (422, {"errorCode": "1"}, {"transient-error": "true"}, OutcomeUnknown),
            (409, {}, {}, OutcomeUnknown), (500, {}, {}, OutcomeUnknown),
            (401, {}, {}, NotTaken), (429, {}, {}, NotTaken),
        ],
    )  # fmt: skip
    def test_an_answer_that_is_none(self, code, body, headers, error):
        with answering(code, body, **headers) as server, pytest.raises(error):
            self.charge(server)

    def test_a_long_key_is_shortened_to_what_adyen_takes(self):
        order = replace(ORDER, account=account())
        with answering(200, {"resultCode": "Authorised"}) as server:
            order = replace(ORDER, account=account(api_url=server.url))
            ADYEN.charge(Charge(order, "k" * 65, token="8415"))
        head = self.sent(server)[0]
        [key] = [line.partition(": ")[2] for line in head.splitlines() if line.startswith("idem")]
        assert len(key) == 64

    def test_a_payment_cannot_be_asked_about(self):
        with pytest.raises(GatewayTrouble):
            ADYEN.look_up(Sold(ACCOUNT, "X3GWNS6KJ8NKGK82", TOKEN, Money(2500, "USD")))

    def test_the_key_is_never_part_of_what_is_kept(self):
        with answering(422, {"errorCode": "130", "message": "Amount"}) as server:
            answered = self.charge(server)
        assert (answered.outcome, answered.code) == (Outcome.DECLINED, "130")
        assert "api-key" not in repr(answered) + str(answered.sent)
        assert KEY not in str(answered.received)
