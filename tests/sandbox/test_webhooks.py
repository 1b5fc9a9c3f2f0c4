"""How the sandbox delivers webhooks, over real HTTP: late, twice, out of order, as JSON."""

import json
import time
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.sandbox import fixtures
from tests.sandbox.control import Sandbox
from tests.sandbox.merchant import Got, Merchant, open_merchant
from tests.sandbox.test_ccbill import datalink, link
from tests.sandbox.test_process import config_for


class Shop(NamedTuple):
    """A sandbox that delivers, and the merchant it delivers to."""

    sandbox: Sandbox
    merchant: Merchant


@pytest.fixture(scope="module")
def shops() -> Iterator[dict[str, Shop]]:
    """One shop that is told in forms, one in JSON."""
    with open_merchant() as merchant:
        config = config_for(merchant.server_port)
        configs = {"form": config, "json": config.replace('"urlencoded"', '"json"')}
        ports = {name: fixtures.free_port() for name in configs}
        running = [
            fixtures.start(ports[name], SANDBOX_CONFIG=config) for name, config in configs.items()
        ]
        yield {
            name: Shop(Sandbox(f"http://127.0.0.1:{port}"), merchant)
            for name, port in ports.items()
        }
        for process in running:
            fixtures.stop(process)


@pytest.fixture
def shop(shops: dict[str, Shop]) -> Shop:
    return fresh(shops["form"])


def fresh(shop: Shop) -> Shop:
    shop.sandbox.reset(hold_webhooks=False)
    shop.merchant.got.clear()
    return shop


def event(got: Got) -> str:
    return dict(parse_qsl(urlsplit(got.path).query))["eventType"]


def told(got: Got) -> dict[str, str]:
    return dict(parse_qsl(got.body, keep_blank_values=True))


def sale(sandbox: Sandbox) -> str:
    return sandbox.pay(link()).returned["subscription_id"]


class TestDelivery:
    def test_late_comes_after_the_browser_and_after_its_time(self, shop: Shop) -> None:
        shop.sandbox.scenario("ccbill", key="order-1", webhook="late", seconds=0.6)
        paid_at = time.monotonic()

        shop.sandbox.pay(link())
        at_once = list(shop.merchant.got)
        [got] = shop.merchant.wait_for(1)

        assert at_once == []
        assert got.at - paid_at >= 0.6
        assert told(got)["X-order"] == "order-1"

    def test_twice_brings_the_same_bytes_twice(self, shop: Shop) -> None:
        shop.sandbox.scenario("ccbill", webhook="twice")

        shop.sandbox.pay(link())
        first, second = shop.merchant.wait_for(2)

        assert (first.path, first.body) == (second.path, second.body)
        assert len(shop.sandbox.webhooks()) == 1

    def test_what_is_held_is_released_in_any_order_and_as_often_as_asked(self, shop: Shop) -> None:
        shop.sandbox.scenario("ccbill", webhook="hold", times=0)
        for order in ("a", "b", "c"):
            shop.sandbox.pay(link(**{"X-order": order}))
        held = {item["order"]: item["id"] for item in shop.sandbox.webhooks("held")}

        shop.sandbox.control("deliveries/release", ids=[held["c"], held["a"]], times=2)

        assert [told(got)["X-order"] for got in shop.merchant.got] == ["c", "c", "a", "a"]
        assert [item["order"] for item in shop.sandbox.webhooks("held")] == ["b"]
        assert [item["attempts"] for item in shop.sandbox.webhooks("delivered")] == [2, 2]

    def test_a_scenario_for_an_order_leaves_others_alone(self, shop: Shop) -> None:
        shop.sandbox.scenario("ccbill", key="b", webhook="never")

        shop.sandbox.pay(link(**{"X-order": "b"}))
        shop.sandbox.pay(link(**{"X-order": "a"}))
        got = shop.merchant.wait_for(1)

        assert [told(item)["X-order"] for item in got] == ["a"]
        assert {item["order"]: item["status"] for item in shop.sandbox.webhooks()}["b"] == "never"

    def test_an_account_may_want_json(self, shops: dict[str, Shop]) -> None:
        shop = fresh(shops["json"])

        number = sale(shop.sandbox)
        [got] = shop.merchant.wait_for(1)

        body = json.loads(got.body)
        assert got.content_type == "application/json"
        assert body["subscriptionId"] == number
        assert body["billedInitialPrice"] == "25.00"
        assert event(got) == "NewSaleSuccess"


class TestAfterTheSale:
    def test_a_void_gives_all_back_once(self, shop: Shop) -> None:
        number = sale(shop.sandbox)

        answers = [
            datalink(shop.sandbox, action, number)
            for action in ("voidTransaction", "voidTransaction", "refundTransaction")
        ]
        status = datalink(shop.sandbox, "viewSubscriptionStatus", number)
        got = shop.merchant.wait_for(2)

        assert "<results>1</results>" in answers[0]
        assert all("<results>-9</results>" in answer for answer in answers[1:])
        assert "<voidsIssued>1</voidsIssued>" in status
        assert "<subscriptionStatus>0</subscriptionStatus>" in status
        assert sorted(map(event, got)) == ["NewSaleSuccess", "Void"]
        [void] = [told(item) for item in got if event(item) == "Void"]
        assert (void["amount"], void["subscriptionId"]) == ("25.00", number)

    def test_a_cancellation_ends_no_time_already_paid(self, shop: Shop) -> None:
        number = sale(shop.sandbox)

        first = datalink(shop.sandbox, "cancelSubscription", number)
        second = datalink(shop.sandbox, "cancelSubscription", number)
        status = datalink(shop.sandbox, "viewSubscriptionStatus", number)
        got = shop.merchant.wait_for(2)

        assert "<results>1</results>" in first
        assert "<results>0</results>" in second
        assert "<subscriptionStatus>1</subscriptionStatus>" in status
        [cancelled] = [told(item) for item in got if event(item) == "Cancellation"]
        assert set(cancelled) == {
            *("clientAccnum", "clientSubacc", "reason", "source", "subscriptionId", "timestamp")
        }

    def test_a_bank_takes_a_sale_back(self, shop: Shop) -> None:
        number = sale(shop.sandbox)

        shop.sandbox.control("chargeback", subscription_id=number, reason="Stolen card")
        status = datalink(shop.sandbox, "viewSubscriptionStatus", number)
        got = shop.merchant.wait_for(2)

        assert "<chargebacksIssued>1</chargebacksIssued>" in status
        [charged] = [told(item) for item in got if event(item) == "Chargeback"]
        assert (charged["amount"], charged["reason"]) == ("25.00", "Stolen card")

    def test_no_bank_takes_back_what_was_never_sold(self, shop: Shop) -> None:
        answer = shop.sandbox.request(
            "POST", "/_control/chargeback", '{"subscription_id": "1"}', "application/json"
        )

        assert answer.status == 404
        assert shop.sandbox.webhooks() == []
