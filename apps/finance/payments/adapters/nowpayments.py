"""NOWPayments: hosted invoices paid in BTC, ETH, USDT or USDC, signed IPN messages.

Sources: the official SDK for Node (nowpayments-sdk-nodejs, src/ipn.js, client.js,
validators.js) for addresses and signature; a captured IPN for the shape of its fields. What a
status means for money is from memory of its documentation: see docs/gateways/nowpayments.md.
There is no refund by API: coins go back as a payout that staff send.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import quote

from apps.core.http import Client
from apps.core.money import Money
from apps.finance.payments.adapters import answers, javascript, returning, strict
from apps.finance.payments.adapters.base import (
    Account,
    Answered,
    Capabilities,
    Charge,
    Checkout,
    Delivery,
    LookedUp,
    NotAuthentic,
    Notice,
    NotOffered,
    Order,
    Returned,
    Sale,
    Sold,
    Told,
    Unreadable,
)
from apps.finance.payments.adapters.proof import header, same

_client: Final = Client(service="nowpayments")
FIAT: Final = frozenset({"USD", "EUR", "GBP", "CAD", "AUD"})
#: Coins by the names the processor gives them: one for each network they live on [M].
COINS: Final = {
    "btc": "BTC", "eth": "ETH",
    "usdttrc20": "USDT", "usdterc20": "USDT",
    "usdc": "USDC", "usdcmatic": "USDC",
}  # fmt: skip
#: The network a price in coins is asked in; ``coin_usdt`` and the like in the configuration
#: choose another.
_ASKED_IN: Final = {"BTC": "btc", "ETH": "eth", "USDT": "usdttrc20", "USDC": "usdc"}
#: What stands before an invoice's id, to tell it from a payment's.
INVOICE: Final = "invoice-"
#: No sum of coins has more digits, before or behind the point.
MOST_PLACES: Final = 30
_OPEN: Final = frozenset({"waiting", "confirming", "confirmed", "sending"})
_ENDED: Final = {"failed": Told.DECLINED, "expired": Told.CANCELLED, "cancelled": Told.CANCELLED}
_FACTS: Final = (
    "payment_status", "invoice_id", "purchase_id", "pay_currency", "pay_amount", "actually_paid",
    "outcome_currency", "outcome_amount", "parent_payment_id",
)  # fmt: skip


def canonical(fields: Mapping[str, Any]) -> str:
    """The text that is signed: the names of every object sorted, as JavaScript writes it."""
    return javascript.stringify(javascript.sorted_deep(fields))


def ipn_signature(fields: Mapping[str, Any], *, secret: str) -> str:
    """``x-nowpayments-sig``: HMAC-SHA512 in hex, numbers given as ``strict.Number`` texts."""
    return hmac.new(
        secret.strip().encode(), canonical(fields).encode(), hashlib.sha512
    ).hexdigest()


class NowPayments:
    """See ``base.Gateway``. A payment is proved by its IPN or by asking for it: both name order
    and price. What was paid in coins is in the facts."""

    capabilities = Capabilities(
        currencies=FIAT | set(_ASKED_IN),
        hosted_page=True,
        look_up=True,
        look_up_proves=True,
    )
    needs = frozenset({"api_url", "api_key", "ipn_secret"})

    def open_checkout(self, order: Order) -> Checkout:
        """Each call makes a new invoice: the processor keeps no keys."""
        body: dict[str, object] = {
            "price_amount": javascript.amount_token(order.amount),
            "price_currency": _asked_in(order),
            "order_id": order.token,
            "order_description": order.description,
            "ipn_callback_url": order.webhook_url,
            "success_url": returning.address(order.success_url, token=order.token, paid=True),
            "cancel_url": returning.address(order.decline_url, token=order.token, paid=False),
        }
        answer = _client.request(
            "POST",
            f"{order.account.config['api_url']}/invoice",
            data=javascript.stringify({k: v for k, v in body.items() if v}).encode(),
            headers=_headers(order.account),
        )
        fields = strict.texts(answers.told(answer))
        if not fields.get("id") or not fields.get("invoice_url"):
            raise answers.GatewayTrouble(what="no invoice")
        return Checkout(url=fields["invoice_url"], reference=INVOICE + fields["id"])

    def charge(self, charge: Charge) -> Answered:
        raise NotOffered

    def refund(self, sold: Sold, *, amount: Money, key: str) -> Answered:
        raise NotOffered

    def void(self, sold: Sold, *, key: str) -> Answered:
        raise NotOffered

    def cancel_renewals(self, sold: Sold, *, key: str) -> Answered:
        raise NotOffered

    def parse_return(self, params: Mapping[str, str], account: Account) -> Returned:
        return returning.read(params)

    def read_webhook(self, delivery: Delivery, account: Account) -> list[Notice]:
        fields = strict.read_json(delivery.body)
        expected = ipn_signature(fields, secret=account.config["ipn_secret"])
        given = header(delivery.headers, "x-nowpayments-sig").strip().lower()
        if not same(expected, given):
            raise NotAuthentic("the signature is wrong: altered, or not made with our secret")
        # Only what was signed is read: the text of the body may differ in its numbers.
        return [_notice(strict.read_json(canonical(fields).encode()), account)]

    def look_up(self, sold: Sold) -> LookedUp:
        """An invoice may hold several payments, one for each coin tried; the best one counts."""
        if sold.reference and not sold.reference.startswith(INVOICE):
            url = f"{sold.account.config['api_url']}/payment/{quote(sold.reference, safe='')}"
            answer = _client.request("GET", url, headers=_headers(sold.account), retry=True)
            if answer.status == answers.NOT_FOUND:
                return LookedUp(Sale.NOT_FOUND)
            return _looked_up(answers.told(answer))
        found = [_looked_up(each) for each in _payments_of(sold)]
        ranks = list(Sale)
        return min(found, key=lambda each: ranks.index(each.sale), default=LookedUp(Sale.PENDING))


def _asked_in(order: Order) -> str:
    currency = order.amount.currency
    if currency in FIAT:
        return currency.lower()
    name = f"coin_{currency.lower()}"
    return order.account.config.get(name, _ASKED_IN.get(currency, currency.lower()))


def _headers(account: Account) -> dict[str, str]:
    return {"x-api-key": account.config["api_key"], "Content-Type": "application/json"}


def _payments_of(sold: Sold) -> list[dict[str, Any]]:
    """
    Return the payments of an invoice. Lists are read with a token got for e-mail and password.

    :raises GatewayTrouble: no usable answer, or nothing to ask with
    """
    config = sold.account.config
    if not sold.reference or not config.get("email") or not config.get("password"):
        raise answers.GatewayTrouble(what="a list needs e-mail and password, and an invoice")
    login = _client.request(
        "POST",
        f"{config['api_url']}/auth",
        json={"email": config["email"], "password": config["password"]},
        retry=True,
    )
    token = strict.texts(answers.told(login)).get("token", "")
    answer = _client.request(
        "GET",
        f"{config['api_url']}/payment/",
        params={"invoiceId": sold.reference.removeprefix(INVOICE), "limit": 100, "page": 0},
        headers={**_headers(sold.account), "Authorization": f"Bearer {token}"},
        retry=True,
    )
    listed = answers.told(answer).get("data")
    if not isinstance(listed, list):
        raise answers.GatewayTrouble(what="no list of payments")
    return [each for each in listed if isinstance(each, dict)]


def _looked_up(payment: Mapping[str, Any]) -> LookedUp:
    fields = strict.texts(payment)
    try:
        amount, what = _price(fields), _meaning(fields)
    except Unreadable as error:
        raise answers.GatewayTrouble(what=str(error)) from error
    ended = {Told.PAID: Sale.PAID, Told.DECLINED: Sale.DECLINED, Told.CANCELLED: Sale.DECLINED}
    sale = ended.get(what, Sale.PENDING)
    if fields.get("payment_status") == "refunded":
        sale = Sale.UNDONE
    return LookedUp(
        sale,
        token=fields.get("order_id", ""),
        reference=fields.get("payment_id", "")[:80],
        amount=amount,
        facts=_facts(fields),
    )


def _notice(payment: Mapping[str, Any], account: Account) -> Notice:
    fields = strict.texts(payment)
    reference, status = fields.get("payment_id", ""), fields.get("payment_status", "")
    if not reference or not status:
        raise Unreadable("no payment or no status is named")
    what, price = _meaning(fields), _price(fields)
    if what is Told.PAID and price is None:
        raise Unreadable("a finished payment without a price")
    key = f"{reference}:{status}"
    if status == "partially_paid":  # more coins may come: each sum is news of its own
        key += f":{fields.get('actually_paid', '')}"
    return Notice(
        event_type=f"payment.{status}"[:40],
        told=what,
        dedupe_key=key[:120],
        account=Account(account.number),
        token=fields.get("order_id", ""),
        reference=reference[:80],
        gateway_transaction=fields.get("purchase_id", "")[:40],
        amount=price,
        code=status[:40],
        reason=_REASONS.get(what, ""),
        facts=_facts(fields),
    )


_REASONS: Final = {
    Told.DECLINED: "The coins did not arrive",
    Told.NEEDS_STAFF: "Not what was asked for: too little, twice, or sent back; compare the facts",
}


def _meaning(fields: Mapping[str, str]) -> Told:
    """Grant on ``finished`` alone, and only where what was asked for has come."""
    status = fields.get("payment_status", "")
    paid, asked = _coins(fields, "actually_paid"), _coins(fields, "pay_amount")
    if status == "finished":
        # A further deposit to the same address is a payment of its own, below the first.
        complete = not fields.get("parent_payment_id") and (paid is None or paid >= (asked or 0))
        return Told.PAID if complete else Told.NEEDS_STAFF
    if status in _OPEN:
        return Told.NOTHING if status == "waiting" else Told.PENDING
    if status in _ENDED and not paid:
        return _ENDED[status]
    return Told.NEEDS_STAFF


def _coins(fields: Mapping[str, str], name: str) -> Decimal | None:
    text = fields.get(name, "")
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise Unreadable(f"{name} is no number") from error
    if not number.is_finite() or abs(number.adjusted()) > MOST_PLACES:
        raise Unreadable(f"{name} is no number")
    return number


def _price(fields: Mapping[str, str]) -> Money | None:
    amount, code = _coins(fields, "price_amount"), fields.get("price_currency", "")
    if amount is None or not code:
        return None
    return strict.money(f"{amount:f}", COINS.get(code.lower(), code))


def _facts(fields: Mapping[str, str]) -> dict[str, str]:
    facts = {name: fields[name][:80] for name in _FACTS if fields.get(name)}
    paid, asked = _coins(fields, "actually_paid"), _coins(fields, "pay_amount")
    if paid is not None and asked is not None and paid != asked:
        over = paid > asked
        facts["overpaid" if over else "underpaid"] = f"{abs(paid - asked):f}"[:80]
    return facts
