"""FlexForms, webhooks and DataLink as documented."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from django.conf import settings

from sandbox import orders
from sandbox.cards import Outcome, outcome_of
from sandbox.events import accounting_text
from tests.sandbox.control import APPROVE, DECLINE, SOFT_DECLINE, TIMEOUT, Sandbox

VECTORS = json.loads((Path(__file__).parents[1] / "vectors.json").read_text())
PATH = "/ccbill/wap-frontflex/flexforms/fanz-flex"


def link(*, price: str = "25.00", **other: str) -> str:
    salt = settings.CCBILL["salt"]
    fields = {
        "clientAccnum": "900000",
        "clientSubacc": "0002",
        "initialPrice": price,
        "initialPeriod": "2",
        "currencyCode": "840",
        "formDigest": orders.form_digest(price, "2", "840", salt),
        "X-order": "order-1",
        **other,
    }
    return f"{PATH}?{urlencode(fields)}"


def datalink(sandbox: Sandbox, action: str, subscription_id: str, **more: str) -> str:
    fields = {
        "clientAccnum": "900000",
        "username": "sandbox",
        "password": "sandbox",
        "action": action,
        "subscriptionId": subscription_id,
        "returnXML": "1",
        **more,
    }
    path = "/ccbill/datalink/utils/subscriptionManagement.cgi"
    return sandbox.request("GET", f"{path}?{urlencode(fields)}").text


class TestDigests:
    def test_agree_with_the_published_vectors(self) -> None:
        single = VECTORS["ccbill-formdigest-single"]
        approved = VECTORS["ccbill-responsedigest-approved"]

        assert orders.form_digest("18.00", "10", "840", single["secret"]) == single["expected"]
        assert (
            orders.return_digest("123", approved=True, salt=approved["secret"])
            == approved["expected"]
        )

    def test_concatenate_as_the_documentation_shows(self) -> None:
        vector = VECTORS["ccbill-docs-formdigest-example"]

        digest = orders.form_digest("10.00", "30", "840", "7d901dad245fd0ff6bc20d06")

        assert digest == vector["expected"]


class TestPage:
    def test_shows_price_descriptor_and_test_cards(self, sandbox: Sandbox) -> None:
        answer = sandbox.request("GET", link())

        assert answer.status == 200
        assert "$25.00 USD" in answer.text
        assert "CCBILL.COM *BOYFANZ" in answer.text
        assert "4111 1111 1111 1111" in answer.text

    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"initialPrice": "24.00"}, "digest"),
            ({"formDigest": "0" * 32}, "digest"),
            ({"formDigest": ""}, "missing"),
            ({"clientSubacc": "0010"}, "unknown"),
            ({"currencyCode": "999"}, "currency"),
            ({"initialPeriod": "1"}, "period"),
            ({"initialPrice": "2.94"}, "between"),
            ({"initialPrice": "1000.01"}, "between"),
            ({"initialPrice": "25.0"}, "decimals"),
            ({"initialPrice": "NaN"}, "decimals"),
        ],
    )
    def test_refuses_a_wrong_link(
        self, sandbox: Sandbox, changed: dict[str, str], reason: str
    ) -> None:
        answer = sandbox.request("GET", link(**changed))

        assert answer.status == 400
        assert reason in answer.text
        assert sandbox.charges() == []

    def test_escapes_what_it_shows(self, sandbox: Sandbox) -> None:
        answer = sandbox.request("GET", link(sandboxCard='"><script>'))

        assert "<script>" not in answer.text


class TestPaying:
    def test_approves_sends_back_and_tells_the_merchant(self, sandbox: Sandbox) -> None:
        answer = sandbox.pay(link())

        [webhook] = sandbox.take_webhooks()
        told = dict(parse_qsl(webhook["body"], keep_blank_values=True))
        sale = answer.returned["subscription_id"]
        assert answer.status == 303
        assert answer.location.startswith("http://boyfanz.localhost:8000/checkout/ccbill/return/?")
        assert answer.returned["X-order"] == "order-1"
        assert answer.returned["responseDigest"] == orders.return_digest(
            sale, approved=True, salt=settings.CCBILL["salt"]
        )
        assert len(sale) == 19
        assert webhook["query"]["eventType"] == "NewSaleSuccess"
        assert told["subscriptionId"] == told["transactionId"] == sale
        assert told["billedInitialPrice"] == "25.00"
        assert told["accountingInitialPrice"] == "25.0"
        assert told["X-order"] == "order-1"
        assert told["dynamicPricingValidationDigest"] == told["X-formDigest"]
        assert "4111111111111111" not in webhook["body"]

    def test_declines_with_a_denial(self, sandbox: Sandbox) -> None:
        answer = sandbox.pay(link(), DECLINE)

        [webhook] = sandbox.take_webhooks()
        assert answer.returned["responseDigest"] == orders.return_digest(
            answer.returned["denialId"], approved=False, salt=settings.CCBILL["salt"]
        )
        assert webhook["event_type"] == "NewSaleFailure"
        assert [charge["status"] for charge in sandbox.charges()] == ["denied"]

    def test_lets_a_soft_decline_try_three_times(self, sandbox: Sandbox) -> None:
        answers = [sandbox.pay(link(), SOFT_DECLINE) for _ in range(3)]

        events = [item["event_type"] for item in sandbox.take_webhooks()]
        assert [answer.status for answer in answers] == [200, 200, 303]
        assert "2 more tries" in answers[0].text
        assert "denialId" in answers[2].returned
        assert events == ["NewSaleFailure"] * 3

    def test_approves_after_a_soft_decline(self, sandbox: Sandbox) -> None:
        sandbox.pay(link(), SOFT_DECLINE)

        answer = sandbox.pay(link(), APPROVE)

        assert "subscription_id" in answer.returned
        assert [charge["status"] for charge in sandbox.charges("order-1")] == [
            "denied",
            "approved",
        ]

    def test_a_timeout_charges_and_leaves_the_browser_without_answer(
        self, sandbox: Sandbox
    ) -> None:
        with pytest.raises(Exception, match="IncompleteRead"):
            sandbox.pay(link(), TIMEOUT)

        [webhook] = sandbox.take_webhooks()
        assert webhook["event_type"] == "NewSaleSuccess"

    def test_approves_a_cvv_above_300_only(self) -> None:
        assert outcome_of(APPROVE, "300") is Outcome.SOFT_DECLINE
        assert outcome_of(APPROVE, "301") is Outcome.APPROVE
        assert outcome_of("4242424242424242", "301") is None

    def test_writes_accounting_amounts_as_captured(self) -> None:
        assert [accounting_text(price) for price in ("45.00", "12.50", "12.34", "500")] == [
            "45.0",
            "12.5",
            "12.34",
            "500.0",
        ]


class TestWebhooks:
    def test_never_sends_when_told_so(self, sandbox: Sandbox) -> None:
        sandbox.scenario("ccbill", key="order-1", webhook="never")

        sandbox.pay(link())

        assert [item["status"] for item in sandbox.webhooks()] == ["never"]
        assert sandbox.take_webhooks() == []

    def test_the_same_seed_gives_the_same_ids(self, sandbox: Sandbox) -> None:
        sales = []
        for _ in range(2):
            sandbox.reset(seed=41)
            sandbox.stop_clock("2026-01-15T12:00:00+00:00")
            sales.append(sandbox.pay(link()).returned["subscription_id"])

        assert sales == ["0126015402000000042"] * 2


class TestDatalink:
    def test_reports_refunds_once_and_refuses_more_than_was_paid(self, sandbox: Sandbox) -> None:
        sale = sandbox.pay(link()).returned["subscription_id"]

        first = datalink(sandbox, "refundTransaction", sale, amount="20.00")
        second = datalink(sandbox, "refundTransaction", sale, amount="5.01")
        status = datalink(sandbox, "viewSubscriptionStatus", sale)

        assert "<results>1</results>" in first
        assert "<results>-15</results>" in second
        assert "<refundsIssued>1</refundsIssued>" in status
        assert "<subscriptionStatus>2</subscriptionStatus>" in status

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"password": "wrong"}, "-1"),
            ({"subscriptionId": "abc"}, "-2"),
            ({"subscriptionId": "1"}, "-3"),
            ({"clientSubacc": "0003"}, "-4"),
            ({"action": "nonsense"}, "-6"),
        ],
    )
    def test_answers_the_documented_codes(
        self, sandbox: Sandbox, changed: dict[str, Any], code: str
    ) -> None:
        sale = sandbox.pay(link()).returned["subscription_id"]
        given = {"action": "viewSubscriptionStatus", "subscription_id": sale}
        given["subscription_id"] = changed.pop("subscriptionId", sale)
        given["action"] = changed.pop("action", given["action"])

        answer = datalink(sandbox, given["action"], given["subscription_id"], **changed)

        assert f"<results>{code}</results>" in answer
