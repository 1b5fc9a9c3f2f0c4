"""HMS over NMI: the signature, events, batches without a sale, answers, the Query API."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from apps.core.http import OutcomeUnknown, reset_breakers
from apps.core.money import Money
from apps.finance.payments.adapters import gateway_for, nmi_query
from apps.finance.payments.adapters.answers import GatewayTrouble, NotTaken
from apps.finance.payments.adapters.base import (
    Charge,
    NotAuthentic,
    Order,
    Outcome,
    Sale,
    Sold,
    Told,
    Unreadable,
)
from apps.finance.payments.adapters.nmi_webhooks import signature
from tests.adapters.signed import ACCOUNT, SALE, TOKEN, account, by_nmi, compact
from tests.adapters.vectors import VECTORS
from tests.core.misbehaving import answers, serving

NMI = gateway_for("nmi")
REJECTED = "response=3&response_code=300"
SUCCESS = "response=1&responsetext=SUCCESS&transactionid=98&orderid=o&type=sale&response_code=100"


@pytest.fixture(autouse=True)
def _fresh_breakers():
    reset_breakers()


def read(kind="transaction.sale.success", **changes):
    body = {**SALE, "event_type": kind, "event_body": {**SALE["event_body"], **changes}}
    return NMI.read_webhook(by_nmi(compact(body)), ACCOUNT)


def answering(text, code=200):
    body = text.encode()
    return serving(
        answers(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (code, len(body), body))
    )


class TestSignature:
    def test_equals_the_vector_and_the_vectors_event_is_read(self):
        vector = VECTORS["nmi-webhook"]
        body = vector["input"].encode()
        assert (
            signature(nonce=vector["nonce"], body=body, key=vector["secret"]) == vector["expected"]
        )
        delivery = replace(
            by_nmi(b""), body=body, headers={"webhook-signature": vector["expected"]}
        )
        [notice] = NMI.read_webhook(delivery, account(signing_key=vector["secret"]))
        assert (notice.told, notice.token, notice.reference, notice.amount) == (
            Told.PAID, "ORDER-1001", "9876543210", Money(4999, "USD"),
        )  # fmt: skip
        assert notice.account.number == "900000"

    @pytest.mark.parametrize("header", ["", "t=n0nce", "s=00", "t=n0nce,s=zz", "sha256=00"])
    def test_no_signature_is_refused(self, header):
        delivery = replace(by_nmi(compact(SALE)), headers={"Webhook-Signature": header})
        with pytest.raises(NotAuthentic):
            NMI.read_webhook(delivery, ACCOUNT)

    def test_another_nonce_is_refused(self):
        delivery = by_nmi(compact(SALE))
        other = {k: v.replace("n0nce", "other") for k, v in delivery.headers.items()}
        with pytest.raises(NotAuthentic):
            NMI.read_webhook(replace(delivery, headers=other), ACCOUNT)


class TestNews:
    def test_a_sale_names_its_account_and_the_stored_card(self):
        [notice] = read()
        assert (notice.account.number, notice.account.subaccount) == ("M-1", "S-1")
        assert (notice.dedupe_key, notice.amount) == ("E-1", Money(2550, "USD"))
        means = notice.means
        assert (means.token, means.last4, means.expires, means.brand) == (
            "V-1:9876543210", "1111", "2029-12", "visa",
        )  # fmt: skip
        assert notice.occurred_at.isoformat() == "2026-01-15T12:00:00+00:00"

    @pytest.mark.parametrize(
        ("kind", "told"),
        [
            ("transaction.sale.failure", Told.DECLINED),
            ("transaction.sale.unknown", Told.PENDING),
            ("transaction.auth.success", Told.AUTHORISED),
            ("transaction.auth.unknown", Told.PENDING),
            ("transaction.capture.success", Told.PAID),
            ("transaction.capture.failure", Told.NEEDS_STAFF),
            ("transaction.void.success", Told.VOIDED),
            ("transaction.void.failure", Told.NEEDS_STAFF),
            ("transaction.refund.success", Told.REFUNDED),
            ("transaction.refund.failure", Told.REFUND_FAILED),
            ("transaction.refund.unknown", Told.NEEDS_STAFF),
            ("transaction.credit.success", Told.NEEDS_STAFF),
            ("transaction.validate.success", Told.NOTHING),
            ("transaction.check.status.return", Told.NEEDS_STAFF),
            ("settlement.batch.complete", Told.NOTHING),
            ("settlement.batch.failure", Told.NEEDS_STAFF),
            ("acu.summary.automaticallyupdated", Told.NOTHING),
            ("acu.summary.closedaccount", Told.NEEDS_STAFF),
            ("recurring.plan.add", Told.NEEDS_STAFF), ("new.thing", Told.NEEDS_STAFF),
        ],
    )  # fmt: skip
    def test_of_a_type(self, kind, told):
        assert read(kind)[0].told is told

    def test_a_refund_is_a_transaction_of_its_own_under_the_same_order(self):
        [notice] = read("transaction.refund.success", transaction_id="99")
        assert (notice.reference, notice.gateway_transaction, notice.token) == ("", "99", TOKEN)
        [notice] = read("transaction.refund.success", original_transaction_id="98")
        assert notice.reference == "98"

    def test_a_chargeback_batch_gives_staff_what_to_match(self):
        cases = [
            {"id": "C1", "date": "2026-01-14", "customer_name": "Ann B", "amount": "25.50",
             "cc_number": "411111******1111", "reason": "Fraud"},
            {"id": "C2", "cc_number": "5***0002", "amount": "5.00"},
        ]  # fmt: skip
        one, two = read("chargeback.batch.complete", chargebacks=cases)
        assert one.told is two.told is Told.NEEDS_STAFF
        assert one.facts == {"date": "2026-01-14", "last4": "1111", "amount": "25.50"}
        assert (one.dispute.reference, one.dispute.reason) == ("C1", "Fraud")
        assert (one.dedupe_key, two.dedupe_key) == ("chargeback:C1", "chargeback:C2")
        assert "Ann" not in repr(one)
        assert one.reference == one.token == ""

    @pytest.mark.parametrize(
        "changes",
        [{"transaction_id": ""}, {"action": {"amount": "x"}}, {"currency": "XXX"},
         {"action": "x"}, {"merchant": []}, {"merchant": "x"}],
    )  # fmt: skip
    def test_a_signed_event_that_makes_no_sense_is_not_understood(self, changes):
        if changes == {"merchant": []}:
            assert read(**changes)[0].account.number == ""
            return
        with pytest.raises(Unreadable):
            read(**changes)
        with pytest.raises(Unreadable):
            read("chargeback.batch.complete", chargebacks="none")


class TestCharge:
    def charge(self, server, *, keep=False, **changes):
        order = Order(TOKEN, Money(2550, "USD"), account(api_url=server.url), keep=keep)
        return NMI.charge(Charge(order, "key-1", **{"token": "tok", "one_time": True, **changes}))

    def sent(self, server):
        return {
            k: v[0]
            for k, v in parse_qs(server.requests[0].partition(b"\r\n\r\n")[2].decode()).items()
        }

    @pytest.mark.parametrize("wallet", ["", "applepay", "googlepay"])
    def test_a_token_of_the_fields_or_a_wallet(self, wallet):
        with answering(f"{SUCCESS}&customer_vault_id=V1") as server:
            answered = self.charge(server, keep=True, wallet=wallet)
        sent = self.sent(server)
        assert server.requests[0].startswith(b"POST /transact.php ")
        assert (sent["payment_token"], sent["amount"], sent["currency"]) == ("tok", "25.50", "USD")
        assert (sent["orderid"], sent["processor_id"]) == (TOKEN, "S-1")
        assert (sent["customer_vault"], sent["stored_credential_indicator"]) == (
            "add_customer",
            "stored",
        )
        assert (answered.outcome, answered.reference) == (Outcome.DONE, "98")
        assert answered.means.token == "V1:98"
        assert "security_key" not in answered.sent

    def test_a_renewal_names_the_first_transaction(self):
        with answering(SUCCESS) as server:
            self.charge(server, token="V1:98", one_time=False, payer_present=False)
        sent = self.sent(server)
        assert (sent["customer_vault_id"], sent["initial_transaction_id"]) == ("V1", "98")
        assert (sent["initiated_by"], sent["billing_method"]) == ("merchant", "recurring")
        assert (sent["stored_credential_indicator"], "payment_token" in sent) == ("used", False)

    @pytest.mark.parametrize(
        ("code", "advice"),
        [("202", "retry"), ("264", "retry"), ("261", "stop"), ("263", "new card"), ("201", None)],
    )
    def test_a_decline_says_what_to_do_next(self, code, advice):
        text = f"response=2&responsetext=DECLINE&transactionid=98&response_code={code}"
        with answering(text) as server:
            answered = self.charge(server)
        assert (answered.outcome, answered.code, answered.reason) == (
            Outcome.DECLINED,
            code,
            "DECLINE",
        )
        assert answered.received.get("advice") == advice

    @pytest.mark.parametrize(
        ("text", "status", "error"),
        [
            (f"{REJECTED}&responsetext=Duplicate+transaction+REFID%3A1", 200, OutcomeUnknown),
            ("response=3&response_code=430", 200, OutcomeUnknown),
            ("response=2&response_code=421", 200, OutcomeUnknown), ("", 200, OutcomeUnknown),
            ("<html>", 200, OutcomeUnknown), ("response=9&response_code=1", 200, OutcomeUnknown),
            (SUCCESS, 502, OutcomeUnknown),
            ("response=3&response_code=411", 200, NotTaken),
            (f"{REJECTED}&responsetext=Authentication+Failed", 200, NotTaken),
        ],
    )  # fmt: skip
    def test_an_answer_that_does_not_say_what_was_done(self, text, status, error):
        with answering(text, status) as server, pytest.raises(error):
            self.charge(server)

    def test_the_fields_get_the_public_key_only(self):
        opened = NMI.open_checkout(Order(TOKEN, Money(2550, "USD"), ACCOUNT))
        assert opened.url == ""
        assert opened.fields == {
            "tokenization_key": "public",
            "amount": "25.50",
            "currency": "USD",
        }

    def test_a_settled_sale_is_not_voided(self):
        text = f"{REJECTED}&responsetext=Only+transactions+pending+settlement+can+be+voided"
        with answering(text) as server:
            sold = Sold(account(api_url=server.url), "98", TOKEN, Money(2550, "USD"))
            answered = NMI.void(sold, key="v")
        assert (answered.outcome, answered.code) == (Outcome.DECLINED, "300")


def row(order=TOKEN, number="98", condition="complete", *actions):
    more = "".join(
        f"<action><amount>{amount}</amount><action_type>{kind}</action_type>"
        f"<date>20260115120000</date><success>{success}</success></action>"
        for kind, amount, success in actions or (("sale", "25.50", 1),)
    )
    return (
        f"<transaction><transaction_id>{number}</transaction_id><condition>{condition}</condition>"
        f"<order_id>{order}</order_id><currency>USD</currency>{more}</transaction>"
    )


class TestQuery:
    def read(self, *rows, order=TOKEN):
        return nmi_query.read(f"<nm_response>{''.join(rows)}</nm_response>".encode(), order=order)

    @pytest.mark.parametrize(
        ("condition", "sale"),
        [("pendingsettlement", Sale.PAID), ("complete", Sale.PAID), ("failed", Sale.DECLINED),
         ("canceled", Sale.UNDONE), ("pending", Sale.PENDING), ("unknown", Sale.PENDING)],
    )  # fmt: skip
    def test_a_condition_says_what_became_of_it(self, condition, sale):
        found = self.read(row(TOKEN, "98", condition))
        assert (found.sale, found.token, found.reference) == (sale, TOKEN, "98")
        assert (found.amount, found.since.year) == (Money(2550, "USD"), 2026)

    def test_of_many_tries_the_paid_one_counts_and_two_are_said(self):
        tries = [row(TOKEN, "1", "failed", ("sale", "25.50", 0)), row(TOKEN, "2"), row(TOKEN, "3")]
        found = self.read(*tries)
        assert (found.sale, found.reference, found.facts["also_paid"]) == (Sale.PAID, "2", "3")

    def test_another_order_is_not_ours(self):
        assert self.read(row("another")).sale is Sale.NOT_FOUND
        assert self.read().sale is Sale.NOT_FOUND

    def test_refunds_are_counted(self):
        part = self.read(
            row(TOKEN, "2", "complete", ("sale", "25.50", 1), ("refund", "-10.00", 1))
        )
        assert (part.sale, part.refunded) == (Sale.PAID, Money(1000, "USD"))
        whole = self.read(row(), row(TOKEN, "99", "complete", ("refund", "-25.50", 1)))
        assert (whole.sale, whole.refunded) == (Sale.UNDONE, Money(2550, "USD"))
        failed = self.read(row(), row(TOKEN, "99", "failed", ("refund", "-25.50", 0)))
        assert (failed.sale, failed.refunded) == (Sale.PAID, None)

    @pytest.mark.parametrize(
        "body", [b"", b"<a/>", b"<nm_response><error_response>No</error_response></nm_response>",
                 b'<!DOCTYPE a [<!ENTITY b "c">]><nm_response/>'],
    )  # fmt: skip
    def test_an_answer_that_is_none(self, body):
        with pytest.raises(GatewayTrouble):
            nmi_query.read(body)
        with pytest.raises(GatewayTrouble):
            self.read(row(TOKEN, "1", "new condition"))

    def test_it_is_asked_by_order_when_no_transaction_is_known(self):
        with answering(f"<nm_response>{row()}</nm_response>") as server:
            found = NMI.look_up(Sold(account(api_url=server.url), "", TOKEN, Money(1, "USD")))
        assert found.sale is Sale.PAID
        assert f"order_id={TOKEN}".encode() in server.requests[0]
