"""The peers refuse what the real gateways would, and let anything happen to a sale."""

import json
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from sandbox import accounts
from sandbox.config import default
from sandbox.peers import epoch, netbilling, rapyd, vendo, verotel
from tests.sandbox import fixtures, peers
from tests.sandbox.control import DECLINE, Sandbox
from tests.sandbox.merchant import open_merchant

VECTORS = {
    each["id"]: each
    for each in json.loads((Path(__file__).parents[1] / "vectors.json").read_text()).values()
}


class TestSignatures:
    def test_agree_with_the_vectors(self) -> None:
        camcharge, link = VECTORS["epoch-camcharge-1"], VECTORS["vendo-sign-1"]
        order, call = VECTORS["verotel-php-request-filtered"], VECTORS["rapyd-request"]
        form = VECTORS["netbilling-hash"]
        texts = {name: str(value) for name, value in camcharge["input"].items()}
        keys = {"access_key": call["input"]["access_key"], "secret_key": call["secret"]}

        assert epoch.digest(texts, camcharge["secret"]) == camcharge["expected"]
        assert vendo.signature(link["input"], link["secret"]) == link["expected"]
        assert (
            verotel.signature(order["input"], order["secret"], request=True) == order["expected"]
        )
        assert (
            rapyd.signature(
                keys,
                of=call["input"]["method"] + call["input"]["path"],
                salt=call["input"]["salt"],
                timestamp=call["input"]["timestamp"],
                body=call["input"]["body"],
            )
            == call["expected"]
        )
        values = [form["input"][name] for name in form["hash_fields"]]
        assert netbilling.md5(form["secret"], *values) == form["expected"]["request"]


class TestStrictness:
    @pytest.mark.parametrize(
        "changed",
        [
            {"auth_amount": "24.00"},
            {"epoch_digest": "0" * 32},
            {"x_extra": "1"},
            {"currency": "EUR"},
        ],
    )
    def test_epoch_takes_only_what_was_signed(
        self, sandbox: Sandbox, changed: dict[str, str]
    ) -> None:
        assert sandbox.request("GET", peers.epoch_link()).status == 200
        assert sandbox.request("GET", peers.epoch_link(**changed)).status == 400
        assert len(sandbox.sales("epoch")) == 1

    @pytest.mark.parametrize(
        "changed",
        [
            {"priceAmount": "24.00"},
            {"shopID": "68850"},
            {"signature": ""},
            {"referenceID": "other"},
        ],
    )
    def test_verotel_takes_only_what_was_signed(
        self, sandbox: Sandbox, changed: dict[str, str]
    ) -> None:
        assert sandbox.request("GET", peers.verotel_link(email="a@b.example")).status == 200
        assert sandbox.request("GET", peers.verotel_link(**changed)).status == 400

    def test_rapyd_takes_no_call_older_than_a_minute(self, sandbox: Sandbox) -> None:
        fresh, _ = peers.rapyd(sandbox, "GET", "/rapyd/v1/payments")
        stale, why = peers.rapyd(sandbox, "GET", "/rapyd/v1/payments", old=62)

        assert (fresh, stale) == (200, 401)
        assert why["status"]["error_code"] == "UNAUTHENTICATED_API_CALL"

    def test_adyen_knows_its_keys_and_accounts(self, sandbox: Sandbox) -> None:
        assert peers.adyen_link(sandbox)[0] == 201
        assert peers.adyen_link(sandbox, merchantAccount="BoyFanzECOM")[0] == 403
        status, why = peers.call(
            sandbox, "POST", "/adyen/v71/paymentLinks", {}, **{"X-API-Key": "wrong"}
        )
        assert (status, why["errorType"]) == (401, "security")
        assert len(sandbox.sales("adyen")) == 1

    def test_adyen_answers_a_key_once(self, sandbox: Sandbox) -> None:
        first = peers.adyen_link(sandbox, key="one")
        again = peers.adyen_link(sandbox, key="one")
        other, _ = peers.adyen_link(sandbox, key="one", reference="order-2")

        assert first == again
        assert other == 422
        assert len(sandbox.sales("adyen")) == 1

    def test_netbilling_wants_the_price_protected(self, sandbox: Sandbox) -> None:
        form = {
            netbilling.ACCOUNT: "104901072025:FANZ",
            "Ecom_Cost_Total": "25.00",
            netbilling.HASHED: netbilling.ACCOUNT,
        }
        key = peers.SECRETS["netbilling"]["integrity_key"]
        form[netbilling.SIGNATURE] = netbilling.md5(key, form[netbilling.ACCOUNT])

        answer = sandbox.post_form("/netbilling/gw/native/interactive2.2", form)

        assert answer.status == 400
        assert "not protected" in answer.text

    def test_a_one_time_token_of_nmi_is_used_once(self, sandbox: Sandbox) -> None:
        token = sandbox.act("nmi", "token")["token"]
        form = {
            "security_key": peers.SECRETS["nmi"]["security_key"],
            "type": "sale",
            "payment_token": token,
            "amount": "25.00",
            "orderid": "order-1",
        }

        answers = [
            dict(parse_qsl(sandbox.post_form("/nmi/api/transact.php", form).text))
            for _ in range(2)
        ]

        assert [answer["response"] for answer in answers] == ["1", "3"]
        assert len(sandbox.sales("nmi")) == 1


class TestPages:
    def test_a_person_pays_and_is_sent_back(self, sandbox: Sandbox) -> None:
        page = sandbox.request("GET", peers.epoch_link())
        back = sandbox.pay(peers.epoch_link())

        assert "25.00 USD" in page.text
        assert back.status == 303
        assert back.returned["ans"] == "YGOODTEST"
        assert [sale["status"] for sale in sandbox.sales("epoch")] == ["paid"]

    def test_a_declined_card_is_sent_back_declined(self, sandbox: Sandbox) -> None:
        back = sandbox.pay(peers.verotel_link(), DECLINE)

        assert urlsplit(back.location).path == "/declined/"
        assert [sale["status"] for sale in sandbox.sales("verotel")] == ["declined"]
        assert sandbox.take_webhooks() == []

    def test_a_card_that_is_no_test_card_is_refused(self, sandbox: Sandbox) -> None:
        answer = sandbox.pay(peers.epoch_link(), "4242424242424242")

        assert answer.status == 422
        assert "test cards" in answer.text
        assert [sale["status"] for sale in sandbox.sales("epoch")] == ["open"]

    def test_a_person_may_not_pay(self, sandbox: Sandbox) -> None:
        back = sandbox.post_form(peers.verotel_link(), {"press": "decline"})

        assert urlsplit(back.location).path == "/declined/"

    def test_a_page_escapes_what_it_shows(self, sandbox: Sandbox) -> None:
        answer = sandbox.post_form(peers.verotel_link(), {"x": '"><script>'})

        assert "<script>" not in answer.text


class TestControl:
    def test_an_order_is_paid_refunded_and_charged_back(self, sandbox: Sandbox) -> None:
        _, link = peers.adyen_link(sandbox)
        sandbox.act("adyen", "pay", order="order-1")
        sandbox.act("adyen", "refund", order="order-1", amount="5.00")
        sandbox.act("adyen", "chargeback", order="order-1", amount="20.00")
        sandbox.act("adyen", "dispute_won", order="order-1")

        [sale] = sandbox.sales("adyen", "order-1")
        told = [each["event_type"] for each in sandbox.take_webhooks()]
        assert sale["reference"] == link["id"]
        assert (sale["status"], sale["refunded"]) == ("paid", "5.00")
        assert told == ["AUTHORISATION", "REFUND", "CHARGEBACK", "CHARGEBACK_REVERSED"]

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            ("adyen/pay", {"order": "unknown"}, 404),
            ("adyen/nonsense", {"order": "order-1"}, 404),
            ("nobody/pay", {"order": "order-1"}, 404),
            ("adyen/renew", {"order": "order-1"}, 422),
            ("adyen/refund", {"order": "order-1"}, 409),
            ("adyen/pay", {"order": "order-1", "amount": "1.234"}, 400),
        ],
    )
    def test_what_cannot_happen_is_refused(
        self, sandbox: Sandbox, path: str, body: dict[str, str], status: int
    ) -> None:
        peers.adyen_link(sandbox)

        answer = sandbox.request("POST", f"/_control/peers/{path}", json.dumps(body))

        assert answer.status == status
        assert [sale["status"] for sale in sandbox.sales("adyen")] == ["open"]
        assert sandbox.take_webhooks() == []

    def test_the_same_seed_gives_the_same_ids(self, sandbox: Sandbox) -> None:
        def run() -> list[dict[str, Any]]:
            sandbox.reset(seed=41)
            sandbox.stop_clock("2026-03-01T12:00:00+00:00")
            peers.adyen_link(sandbox)
            sandbox.act("adyen", "pay", order="order-1")
            return [*sandbox.sales("adyen"), *sandbox.take_webhooks()]

        assert run() == run()

    def test_every_gateway_has_two_accounts_and_no_secret_twice(self) -> None:
        held = accounts.credentials("http://x")
        secrets = [
            value
            for name, one in held.items()
            for key, value in one.items()
            if key in accounts.SECRETS[name.partition("-")[0]].split()
        ]

        assert len(held) == 2 * len(accounts.ADDRESSES)
        assert len(secrets) == len(set(secrets))


class TestScenarios:
    @pytest.mark.parametrize(
        ("fail", "paid"), [("reset_before", 0), ("reset_after", 1), ("code_after", 1)]
    )
    def test_a_call_fails_before_or_after_it_acts(
        self, sandbox: Sandbox, fail: str, paid: int
    ) -> None:
        sandbox.scenario("epoch", key="order-1", fail=fail, code="502")

        try:
            status = sandbox.pay(peers.epoch_link()).status
        except (OSError, HTTPException):
            status = 0

        assert status in {0, 502}
        assert len([s for s in sandbox.sales("epoch") if s["status"] == "paid"]) == paid

    def test_webhooks_can_be_lost_and_doubled(self, sandbox: Sandbox) -> None:
        sandbox.reset(hold_webhooks=False)
        sandbox.scenario("verotel", key="order-1", webhook="never")

        sandbox.pay(peers.verotel_link())

        assert [each["status"] for each in sandbox.webhooks()] == ["never"]


def test_a_postback_by_get_is_repeated_until_its_answer_says_ok(tmp_path: Path) -> None:
    with open_merchant() as merchant:
        config = default(
            webhook_origin=f"http://127.0.0.1:{merchant.server_port}",
            ccbill_salt="s",
            ccbill_webhook_token="t",
            paxum_email="p@x.example",
            paxum_secret="s",
            paxum_account_id="1",
        )
        text = config.to_json().replace("[1.0, 5.0, 30.0, 120.0, 600.0]", "[0.1]")
        port, state = fixtures.free_port(), tmp_path / "state.json"
        process = fixtures.start(port, state=state, SANDBOX_CONFIG=text)
        sandbox = Sandbox(f"http://127.0.0.1:{port}")
        merchant.says = ["no", "OK"]

        sandbox.pay(peers.verotel_link())
        got = merchant.wait_for(2)
        fixtures.stop(process)
        again = fixtures.start(port, state=state, SANDBOX_CONFIG=text)
        [sale], [webhook] = sandbox.sales("verotel"), sandbox.webhooks()
        fixtures.stop(again)

    assert [(each.content_type, each.body) for each in got] == [("", ""), ("", "")]
    assert got[0].path.startswith("/webhooks/verotel/verotel-webhook-token/?shopID=68849")
    assert (webhook["status"], webhook["answers"]) == ("delivered", ["200 without 'OK'", "200"])
    assert (sale["status"], sale["happenings"][0]["act"]) == ("paid", "pay")
