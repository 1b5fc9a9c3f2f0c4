"""One gateway, its adapter and its peer in the sandbox: what every contract test works with."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings

from apps.core.money import Money
from apps.finance.payments.adapters import GATEWAYS
from apps.finance.payments.adapters.base import (
    Account,
    Buyer,
    Capabilities,
    Charge,
    Checkout,
    Delivery,
    Gateway,
    Notice,
    Order,
    RebillBy,
    Renewal,
    Sold,
    Told,
)
from sandbox import accounts
from tests.sandbox.control import Answer, Sandbox

PRICE = Money.of("25.00", "USD")
CARD, DECLINED_CARD = "4111111111111111", "4000000000000002"
#: A holder whose stored card is declined when it is charged again.
LATER_DECLINED = "Later Declined"
HOLDER = "Ann Example"
ORIGIN = "https://fanz.example"
#: Subaccount and form of the accounts; the numbers are the sandbox's.
PARTS = {
    "ccbill": ("0002", "fanz-flex"),
    "segpay": ("", "101:202"),
    "epoch": ("a", "join-1"),
    "vendo": ("88001", "1"),
    "verotel": ("", ""),
    "netbilling": ("FANZ", ""),
    "commercegate": ("1", "1"),
    "nmi": ("processor-1", ""),
}
#: Values of credentials that are no secrets.
PUBLIC = frozenset({"country", "package", "webhook_networks", "take_test_sales", "customer_id"})
GATEWAY_NAMES = sorted(GATEWAYS)


@dataclass(frozen=True)
class Rig:
    """A gateway's adapter with an account at the sandbox."""

    name: str
    sandbox: Sandbox
    serial: list[int] = field(default_factory=lambda: [0])
    #: The gateway's own names of the orders that were opened.
    references: dict[str, str] = field(default_factory=dict)

    @property
    def gateway(self) -> Gateway:
        return GATEWAYS[self.name]

    @property
    def can(self) -> Capabilities:
        return self.gateway.capabilities

    @property
    def renews(self) -> bool:
        return self.can.rebill_by in {RebillBy.GATEWAY, RebillBy.EITHER}

    def config(self, brand: str = "") -> dict[str, str]:
        """The credentials, or those of the brand that has its own."""
        if self.name != "ccbill":
            return dict(settings.GATEWAY_CREDENTIALS[f"{self.name}{brand}"])
        texts = {
            key: ",".join(value) if isinstance(value, list) else str(value)
            for key, value in settings.CCBILL.items()
        }
        return texts | ({"salt": "another-brands-salt"} if brand else {})

    @property
    def account(self) -> Account:
        number = accounts.NUMBERS.get(self.name, "900000")
        subaccount, form = PARTS.get(self.name, ("", ""))
        return Account(number, subaccount, form, "FANZ", self.config())

    @property
    def others(self) -> Account:
        """The same account with another brand's secrets."""
        return replace(self.account, config=self.config(f"-{accounts.BRAND}"))

    def secrets(self) -> list[str]:
        """Every value of the configuration that must never be kept."""
        return [
            value
            for name, value in self.config().items()
            if value and name not in PUBLIC and not name.endswith("_url")
        ]

    def token(self) -> str:
        """A new order's token, of the form the platform's have."""
        self.serial[0] += 1
        return f"{self.name[:6]}{self.serial[0]:04}" + "a1b2c3d4e5f6"

    def order(self, token: str = "", *, amount: Money = PRICE, renewing: bool = False) -> Order:
        renewal = Renewal(amount=amount, first_days=30, days=30) if renewing else None
        return Order(
            token=token or self.token(),
            amount=amount,
            account=self.account,
            description="Tip",
            buyer=Buyer(
                id="fan-17",
                email="ann@fan.example",
                country="US",
                ip="203.0.113.7",
                user_agent="Mozilla/5.0",
            ),
            success_url=f"{ORIGIN}/pay/back/paid/",
            decline_url=f"{ORIGIN}/pay/back/declined/",
            webhook_url=f"{ORIGIN}/webhooks/{self.name}/{self.config()['webhook_token']}/",
            keep=True,
            renewal=renewal,
        )

    # --- Paying --------------------------------------------------------------------------
    def open(self, order: Order) -> Checkout:
        """Open the checkout and look at its page, as a browser would."""
        checkout = self.gateway.open_checkout(order)
        self.references[order.token] = checkout.reference
        if checkout.url:
            page = self.browse("GET", checkout.url)
            assert page.status == 200, page.text.partition('role="alert">')[2][:200]
        return checkout

    def browse(self, method: str, url: str, **fields: str) -> Answer:
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if method == "GET":
            return self.sandbox.request("GET", path)
        return self.sandbox.post_form(path, fields)

    def press(self, url: str, *, card: str = CARD, name: str = HOLDER) -> Answer:
        """Pay on the page: with a card, or with the button where there are no cards."""
        if self.coins:
            return self.browse("POST", url, press="pay" if card == CARD else "decline")
        typed = {"number": card, "cvv": "301", "expiry": "12 / 40", "name": name}
        return self.browse("POST", url, **typed)

    @property
    def coins(self) -> bool:
        return self.name in {"btcpay", "nowpayments"}

    def pay(self, order: Order, *, card: str = CARD, name: str = HOLDER) -> Answer | None:
        """Let the payer pay: on the gateway's page, or with its fields in ours."""
        checkout = self.open(order)
        if checkout.url:
            return self.press(checkout.url, card=card, name=name)
        self.gateway.charge(self.one_time(order, card=card, name=name))
        return None

    def one_time(self, order: Order, *, card: str = CARD, name: str = HOLDER) -> Charge:
        made = self.sandbox.act(self.name, "token", card=card, name=name)
        return Charge(order=order, key=f"key-{order.token}", token=made["token"], one_time=True)

    def sell(
        self, order: Order | None = None, *, name: str = HOLDER, renewing: bool = False
    ) -> tuple[Notice, Sold]:
        """Sell something; return the news of it, and the sale."""
        order = order or self.order(renewing=renewing)
        self.deliveries()  # earlier news is of no interest
        self.pay(order, name=name)
        paid = self.news(Told.PAID)
        return paid, self.sold(paid, order)

    def sold(self, paid: Notice, order: Order) -> Sold:
        return Sold(
            account=order.account,
            reference=paid.reference,
            token=order.token,
            amount=order.amount,
            gateway_transaction=paid.gateway_transaction,
            sold_at=datetime.now(UTC),
        )

    def asked(self, sold: Sold) -> Sold:
        """The sale by the name known before any webhook came, where there is one."""
        return replace(sold, reference=self.references.get(sold.token) or sold.reference)

    # --- Webhooks --------------------------------------------------------------------------
    @property
    def address(self) -> str:
        """One the gateway's messages may come from."""
        networks = self.config().get("webhook_networks", "127.0.0.0/8")
        return str(ipaddress.ip_network(networks.split(",")[0])[1])

    def arrived(self, webhook: dict[str, Any]) -> Delivery:
        """What the platform's door makes of a webhook."""
        headers = {**webhook["headers"], "Content-Type": webhook["content_type"]}
        return Delivery(
            query=webhook["query"],
            headers=headers if webhook["method"] != "GET" else webhook["headers"],
            body=webhook["body"].encode(),
            remote_ip=self.address,
            method=webhook["method"],
            url=webhook["url"],
            received_at=datetime.now(UTC),
            raw_query=urlencode(webhook["query"]),
        )

    def deliveries(self) -> list[Delivery]:
        """Take what the gateway has sent so far."""
        return [
            self.arrived(each)
            for each in self.sandbox.take_webhooks()
            if each["processor"] == self.name
        ]

    def read(self, deliveries: Sequence[Delivery]) -> list[Notice]:
        return [
            notice
            for delivery in deliveries
            for notice in self.gateway.read_webhook(delivery, self.account)
        ]

    def notices(self) -> list[Notice]:
        """Take and read what the gateway has sent so far."""
        return self.read(self.deliveries())

    def news(self, told: Told) -> Notice:
        """The one piece of news of this kind, however often and by whichever feed it came."""
        return self.only(told, self.notices())

    def only(self, told: Told, notices: Sequence[Notice]) -> Notice:
        saying = [each for each in notices if each.told is told]
        found = {each.reference if told is Told.PAID else each.dedupe_key for each in saying}
        assert len(found) == 1, f"{len(found)} pieces of news say {told}"
        return saying[0]

    def telling(self, told: Told, deliveries: Sequence[Delivery]) -> Delivery:
        """The first delivery that says this."""
        return next(
            each for each in deliveries if any(notice.told is told for notice in self.read([each]))
        )

    # --- The truth -------------------------------------------------------------------------
    def sales(self, token: str, status: str = "") -> list[dict[str, Any]]:
        """What the gateway itself knows of an order."""
        found = self.sandbox.sales(self.name, token)
        return [each for each in found if status in {"", each["status"]}]


def returned(answer: Answer | None) -> dict[str, str]:
    """The parameters the browser came back with."""
    assert answer is not None
    return dict(parse_qsl(urlsplit(answer.location).query, keep_blank_values=True))
