"""BTCPay Server: bitcoin invoices on a server of our own, over the Greenfield API.

Sources: btcpayserver's swagger (invoices, webhooks) and the official PHP library with its test
of the signature. A refund is a link under which the payer claims coins; no coins move by it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from apps.core.errors import Unavailable
from apps.core.http import Client, OutcomeUnknown
from apps.core.money import SCALES, Money
from apps.finance.payments.adapters import answers, returning, strict
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
    Outcome,
    Returned,
    Sale,
    Sold,
    Told,
    Unreadable,
)
from apps.finance.payments.adapters.proof import header, same

_client: Final = Client(service="btcpay")
#: Prices it knows rates for, and its own coin. Other coins need plugins on the server.
CURRENCIES: Final = frozenset({"USD", "EUR", "GBP", "CAD", "AUD", "JPY", "BTC"})
_REFUSED: Final = frozenset({400, 404, 422})
#: What our page makes a link of: addresses that open a wallet (BIP-21 and its likes).
WALLET_LINKS: Final = frozenset({"bitcoin", "ethereum", "lightning", "litecoin", "monero"})
#: Longer than any address or link to pay a wallet reads.
MOST_SHOWN: Final = 500
LATEST_TIME: Final = 253402300799  # the last second of year 9999
_PLAIN: Final = {
    "InvoiceCreated": Told.NOTHING,
    "InvoiceProcessing": Told.PENDING,
    "InvoiceSettled": Told.PAID,
    "InvoiceExpired": Told.CANCELLED,
    "InvoiceInvalid": Told.DECLINED,
    # Coins of one payment, not yet the whole invoice.
    "InvoiceReceivedPayment": Told.NOTHING,
    "InvoicePaymentSettled": Told.NOTHING,
}
#: What makes a person look: money and invoice do not agree, or somebody decided by hand.
_ODD: Final = {
    "InvoiceSettled": ("manuallyMarked",),
    "InvoiceExpired": ("partiallyPaid",),
    "InvoiceReceivedPayment": ("afterExpiration",),
    "InvoicePaymentSettled": ("afterExpiration",),
}
_SALES: Final = {
    ("New", "None"): Sale.PENDING,
    ("Processing", "None"): Sale.PENDING,
    ("Settled", "None"): Sale.PAID,
    ("Settled", "PaidOver"): Sale.PAID,
    ("Expired", "None"): Sale.DECLINED,
    ("Invalid", "None"): Sale.DECLINED,
    ("Invalid", "Marked"): Sale.DECLINED,
}


def signature(body: bytes, *, secret: str) -> str:
    """``BTCPay-Sig``: ``sha256=`` and HMAC-SHA256 in hex over the bytes of the body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class BTCPay:
    """See ``base.Gateway``. The price stands in the invoice's metadata, which only we write and
    every webhook of it carries: so a signed one proves order and price."""

    capabilities = Capabilities(
        currencies=CURRENCIES,
        hosted_page=True,
        refund=True,
        partial_refund=True,
        look_up=True,
        look_up_proves=True,
    )
    needs = frozenset({"api_url", "api_key", "webhook_secret"})

    def open_checkout(self, order: Order) -> Checkout:
        """Each call makes a new invoice: the server keeps no keys."""
        price = f"{order.amount.decimal:.{SCALES[order.amount.currency]}f}"
        checkout: dict[str, object] = {
            "redirectURL": returning.address(order.success_url, token=order.token, paid=True),
            "redirectAutomatically": True,
        }
        config = order.account.config
        if config.get("speed_policy"):
            checkout["speedPolicy"] = config["speed_policy"]
        if config.get("expiration_minutes"):
            checkout["expirationMinutes"] = int(config["expiration_minutes"])
        answer = _call(
            order.account,
            "POST",
            "/invoices",
            {
                "amount": price,
                "currency": order.amount.currency,
                "metadata": {
                    "orderId": order.token,
                    "amount": price,
                    "currency": order.amount.currency,
                    "itemDesc": order.description,
                },
                "checkout": checkout,
            },
        )
        fields = strict.texts(answers.told(answer))
        if not fields.get("id") or not fields.get("checkoutLink"):
            raise answers.GatewayTrouble(what="no invoice")
        return Checkout(
            url=fields["checkoutLink"],
            fields=_coins(order.account, fields["id"]),
            reference=fields["id"],
            expires_at=_time(fields.get("expirationTime", "")),
        )

    def charge(self, charge: Charge) -> Answered:
        raise NotOffered

    def refund(self, sold: Sold, *, amount: Money, key: str) -> Answered:
        """
        Make a link under which the payer claims the refund. Not safe to repeat: each call makes
        one; ``key`` is its name, by which staff find it.
        """
        body = {
            "name": key,
            "refundVariant": "Custom",
            "customAmount": str(amount.decimal),
            "customCurrency": amount.currency,
        }
        if method := sold.account.config.get("refund_method"):
            # Servers before and after version 2 name it differently and ignore the other name.
            body |= {"payoutMethodId": method, "paymentMethod": method}
        path = f"/invoices/{quote(sold.reference, safe='')}/refund"
        answer = _call(sold.account, "POST", path, body)
        if answer.status in _REFUSED:  # with a list or an object that says why
            return Answered(
                Outcome.DECLINED, code=str(answer.status), reason=answer.text[:200], sent=body
            )
        fields = strict.texts(answers.acted(answer))
        if not fields.get("id"):
            raise OutcomeUnknown(what="no pull payment")
        return Answered(
            Outcome.ACTION,
            reference=fields["id"][:80],
            action_url=fields.get("viewLink", ""),
            sent=body,
            received={"id": fields["id"]},  # whoever has the link can claim the money
        )

    def void(self, sold: Sold, *, key: str) -> Answered:
        raise NotOffered

    def cancel_renewals(self, sold: Sold, *, key: str) -> Answered:
        raise NotOffered

    def parse_return(self, params: Mapping[str, str], account: Account) -> Returned:
        return returning.read(params)

    def read_webhook(self, delivery: Delivery, account: Account) -> list[Notice]:
        expected = signature(delivery.body, secret=account.config["webhook_secret"])
        if not same(expected, header(delivery.headers, "BTCPay-Sig").strip()):
            raise NotAuthentic("the signature is wrong: altered, or not made with our secret")
        return [_notice(strict.read_json(delivery.body))]

    def look_up(self, sold: Sold) -> LookedUp:
        """Without an invoice's id the newest invoices of the order are read; a paid one counts."""
        if sold.reference:
            path = f"/invoices/{quote(sold.reference, safe='')}"
            answer = _call(sold.account, "GET", path)
            if answer.status == answers.NOT_FOUND:
                return LookedUp(Sale.NOT_FOUND)
            return _looked_up(answers.told(answer))
        answer = _call(sold.account, "GET", f"/invoices?orderId={quote(sold.token, safe='')}")
        # The list has no object around it.
        listed = answers.told_list(answer)
        found = [_looked_up(each) for each in listed if isinstance(each, dict)]
        ranks = list(Sale)
        return min(
            found, key=lambda each: ranks.index(each.sale), default=LookedUp(Sale.NOT_FOUND)
        )


def _call(account: Account, method: str, path: str, body: object = None) -> answers.Response:
    store = quote(account.number, safe="")
    return _client.request(
        method,
        f"{account.config['api_url']}/api/v1/stores/{store}{path}",
        json=body,
        headers={"Authorization": f"token {account.config['api_key']}"},
        retry=method == "GET",
    )


def _coins(account: Account, invoice: str) -> dict[str, str]:
    """
    Return what our page shows: address, coin, amount and the link that wallets read.

    The first way to pay is the server's own choice; others stand on its page. Nothing is shown
    where the server does not answer, or tells less than that: its page is there then. The address
    ``payment-methods`` is the server's own; names within it are from memory [M].
    """
    try:
        answer = _call(account, "GET", f"/invoices/{quote(invoice, safe='')}/payment-methods")
        listed = answers.told_list(answer)
    except Unavailable:
        return {}
    for each in listed:
        texts = strict.texts(each) if isinstance(each, dict) else {}
        shown = {
            "address": texts.get("destination", ""),
            "coin": texts.get("currency", ""),
            "due": texts.get("due", ""),
            "link": texts.get("paymentLink", ""),
        }
        if all(shown.values()) and shown["link"].partition(":")[0] in WALLET_LINKS:
            return {name: text[:MOST_SHOWN] for name, text in shown.items()}
    return {}


def _looked_up(invoice: Mapping[str, Any]) -> LookedUp:
    fields = strict.texts(invoice)
    status = fields.get("status", ""), fields.get("additionalStatus", "None") or "None"
    try:
        amount = strict.money(fields.get("amount", ""), fields.get("currency", ""))
        metadata = strict.texts(strict.part(invoice, "metadata"))
    except Unreadable as error:
        raise answers.GatewayTrouble(what=str(error)) from error
    return LookedUp(
        # Paid late, in part, or marked by hand: it stays open until a person has looked.
        _SALES.get(status, Sale.PENDING),
        since=_time(fields.get("createdTime", "")),
        token=metadata.get("orderId", ""),
        reference=fields.get("id", "")[:80],
        amount=amount,
        facts={"status": status[0][:40], "additional_status": status[1][:40]},
    )


def _notice(event: Mapping[str, Any]) -> Notice:
    fields = strict.texts(event)
    event_type, delivery = fields.get("type", ""), fields.get("originalDeliveryId", "")
    delivery = delivery or fields.get("deliveryId", "")
    if not event_type or not delivery or not fields.get("storeId"):
        raise Unreadable("no type, no delivery or no store is named")
    metadata = strict.texts(strict.part(event, "metadata"))
    facts = _facts(event, fields)
    odd = any(fields.get(name) == "true" for name in _ODD.get(event_type, ()))
    what = Told.NEEDS_STAFF if odd else _PLAIN.get(event_type, Told.NEEDS_STAFF)
    amount = _price(metadata)
    if what is Told.PAID and (amount is None or not fields.get("invoiceId")):
        what = Told.NEEDS_STAFF  # an invoice that this platform did not make
    return Notice(
        event_type=event_type[:40],
        told=what,
        dedupe_key=delivery[:120],
        account=Account(fields["storeId"]),
        token=metadata.get("orderId", ""),
        reference=fields.get("invoiceId", "")[:80],
        amount=amount,
        occurred_at=_time(fields.get("timestamp", "")),
        code=event_type[:40] if odd or what is Told.DECLINED else "",
        reason=_reason(event_type, what),
        facts=facts,
    )


def _reason(event_type: str, what: Told) -> str:
    if what is Told.DECLINED:
        return "The coins were not confirmed in time"
    if what is Told.NEEDS_STAFF:
        return f"{event_type[:40]}: late, in part, or decided by hand; compare the invoice"
    return ""


def _price(metadata: Mapping[str, str]) -> Money | None:
    if not metadata.get("amount") or not metadata.get("currency"):
        return None
    return strict.money(metadata["amount"], metadata["currency"])


def _facts(event: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, str]:
    """Coins, their transaction and address, as they came in."""
    paid = strict.texts(strict.part(event, "payment"))
    named = {
        "overPaid": "overpaid", "partiallyPaid": "partially_paid", "manuallyMarked": "by_hand",
        "afterExpiration": "after_expiration", "paymentMethodId": "method",
        "paymentMethod": "method", "payoutId": "payout", "pullPaymentId": "pull_payment",
        "payoutState": "payout_state",
    }  # fmt: skip
    facts = {
        ours: fields[name][:80]
        for name, ours in named.items()
        if fields.get(name, "false") not in {"", "false"}
    }
    coins = {"value": "coins", "id": "coin_transaction", "destination": "address"}
    return facts | {ours: paid[name][:80] for name, ours in coins.items() if paid.get(name)}


def _time(text: str) -> datetime | None:
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(LATEST_TIME)):
        return None
    return datetime.fromtimestamp(int(text), tz=UTC) if int(text) <= LATEST_TIME else None
