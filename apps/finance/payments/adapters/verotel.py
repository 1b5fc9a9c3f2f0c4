"""Verotel FlexPay: a signed order page, signed postbacks by GET, status as YAML, a cancel API.

Sources: the official clients verotel/flexpay-php-client and flexpay4j (signature, signed
fields, addresses), controlcenter.verotel.com/flexpay-doc version 4 (postbacks), the official
WooCommerce plugin (cancel). Unverified: the refund's path, see docs/gateways/verotel.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from apps.core.http import Client, Response
from apps.core.money import Money
from apps.finance.payments.adapters import verotel_news
from apps.finance.payments.adapters.answers import acted
from apps.finance.payments.adapters.base import (
    Account,
    Answered,
    Capabilities,
    Checkout,
    Delivery,
    LookedUp,
    NotAuthentic,
    Notice,
    Order,
    Outcome,
    RebillBy,
    Returned,
    Sale,
    Sold,
    Unreadable,
)
from apps.finance.payments.adapters.exchange import (
    GatewayTrouble,
    Refusing,
    basic,
    kept,
    price_text,
    usable,
)
from apps.finance.payments.adapters.javascript import amount_token, stringify
from apps.finance.payments.adapters.proof import check_network, same
from apps.finance.payments.adapters.strict import check_text, money, part, read_json, texts

VERSION = "4"
#: The parameters a request's signature covers; any other travels unsigned.
SIGNED = frozenset(
    {
        "version", "shopID", "priceAmount", "priceCurrency", "paymentMethod", "description",
        "referenceID", "saleID", "custom1", "custom2", "custom3", "subscriptionType", "period",
        "name", "trialAmount", "trialPeriod", "cancelDiscountPercentage", "type", "successURL",
        "declineURL", "precedingSaleID", "upgradeOption", "mcc", "subCreditorName",
        "subCreditorId", "subCreditorCountry",
    }
)  # fmt: skip
#: The official client still takes SHA-1, by which a forger needs no more than a collision.
_SHA1_LENGTH = 40
_CANCELLED_ALREADY, _NOT_FOUND = 412, 404
_client = Client(service="verotel")


def signature(fields: Mapping[str, str], *, secret: str, algorithm: str = "sha256") -> str:
    """Hex digest over the secret and all ``name=value``, sorted by name, joined by colons."""
    text = ":".join([secret, *(f"{name}={fields[name]}" for name in sorted(fields))])
    hasher = hashlib.new(algorithm, text.encode("utf-8", "replace"), usedforsecurity=False)
    return hasher.hexdigest()


def request_signature(fields: Mapping[str, str], *, secret: str) -> str:
    """The same over those parameters only that a request signs."""
    signed = {name: value for name, value in fields.items() if name in SIGNED}
    return signature(signed, secret=secret)


def signed_url(address: str, fields: Mapping[str, str], *, secret: str) -> str:
    """Return an address with the parameters that are not empty, sorted, and their signature."""
    sent = {name: fields[name] for name in sorted(fields) if fields[name]}
    sent["signature"] = request_signature(sent, secret=secret)
    return f"{address}?{urlencode(sent)}"


class Verotel(Refusing):
    """See ``base.Gateway``."""

    capabilities = Capabilities(
        currencies=frozenset({"USD", "EUR", "GBP", "AUD", "CAD"}),
        hosted_page=True,
        rebill_by=RebillBy.GATEWAY,
        takes_renewals=True,
        names_subscriptions=True,
        cancel_renewals=True,
        refund=True,
        partial_refund=True,
        look_up=True,
        look_up_proves=True,
        dispute_push=True,
        merchant_of_record=True,
        webhook_methods=frozenset({"GET"}),
    )
    needs = frozenset({"pay_url", "secret"})

    def open_checkout(self, order: Order) -> Checkout:
        config = order.account.config
        fields = {
            "version": VERSION,
            "shopID": order.account.number,
            "priceAmount": price_text(order.amount),
            "priceCurrency": order.amount.currency,
            "referenceID": order.token,
            "successURL": order.success_url,
            "declineURL": order.decline_url,
            "email": order.buyer.email,
            **_kind(order),
        }
        address = config["pay_url"].rstrip("/") + "/startorder"
        return Checkout(signed_url(address, fields, secret=config["secret"]))

    def refund(self, sold: Sold, *, amount: Money, key: str) -> Answered:
        path = sold.account.config.get("credit_path") or "/sale/{sale}/credit"
        body = stringify({"amount": amount_token(amount), "currency": amount.currency})
        answer = self._control(sold, path, body.encode())
        return _answered(answer, sold, {"amount": str(amount)})

    def cancel_renewals(self, sold: Sold, *, key: str) -> Answered:
        answer = self._control(sold, "/sale/{sale}/cancel", b"")
        if answer.status == _CANCELLED_ALREADY:
            return Answered(Outcome.DONE, reference=sold.reference, reason="It had ended already")
        return _answered(answer, sold, {"action": "cancel"})

    def look_up(self, sold: Sold) -> LookedUp:
        config = sold.account.config
        wanted = {"saleID": sold.reference} if sold.reference else {"referenceID": sold.token}
        fields = {"version": VERSION, "shopID": sold.account.number, **wanted}
        address = config["pay_url"].rstrip("/") + "/salestatus"
        url = signed_url(address, fields, secret=config["secret"])
        return read_status(usable(_client.request("GET", url, retry=True)))

    def read_webhook(self, delivery: Delivery, account: Account) -> list[Notice]:
        if account.config.get("webhook_networks"):
            check_network(delivery.remote_ip, account.config["webhook_networks"])
        check_text(delivery.query)
        check_signature(delivery.query, account.config)
        return [verotel_news.read(delivery.query)]

    def parse_return(self, params: Mapping[str, str], account: Account) -> Returned:
        """A sale number comes back only with a sale; the address alone proves nothing."""
        check_text(params)
        if not params.get("referenceID"):
            raise Unreadable("the return names no order")
        proved = "signature" in params
        if proved:
            check_signature(params, account.config)
        sale = params.get("saleID", "")
        return Returned(params["referenceID"], bool(sale), sale[:40], proved=proved)

    def _control(self, sold: Sold, path: str, body: bytes) -> Response:
        config = sold.account.config
        return _client.request(
            "POST",
            config["api_url"].rstrip("/") + path.format(sale=sold.reference),
            data=body,
            headers={
                **basic(config.get("api_username", ""), config.get("api_password", "")),
                "Accept": "application/json; version=" + config.get("api_version", "2.0.0"),
                "Content-Type": "application/json",
            },
        )


def check_signature(fields: Mapping[str, str], config: Mapping[str, str]) -> None:
    """
    Check the signature over everything received.

    :raises NotAuthentic: none, a wrong one, or SHA-1 where ``take_sha1`` is not "yes"
    """
    given = fields.get("signature", "").lower()
    rest = {name: value for name, value in fields.items() if name != "signature"}
    algorithm = "sha256"
    if len(given) == _SHA1_LENGTH:
        if config.get("take_sha1") != "yes":
            raise NotAuthentic("signed with SHA-1, which is not taken")
        algorithm = "sha1"
    if not same(signature(rest, secret=config["secret"], algorithm=algorithm), given):
        raise NotAuthentic("the signature is wrong: altered, or not made with our secret")


def read_status(body: bytes) -> LookedUp:
    """
    Read the flat YAML of a status.

    :raises GatewayTrouble: it has another form
    """
    fields = _flat_yaml(body)
    if fields.get("response") == "NOTFOUND":
        return LookedUp(Sale.NOT_FOUND)
    sale = _SALES.get(fields.get("saleResult", "").upper())
    if fields.get("response") != "FOUND" or sale is None:
        raise GatewayTrouble(response=fields.get("response", "")[:20])
    if sale is Sale.PAID and fields.get("status", "").lower() in _UNDONE:
        sale = Sale.UNDONE
    amount = None
    if fields.get("priceAmount"):
        try:
            amount = money(fields["priceAmount"], fields.get("priceCurrency", ""))
        except Unreadable as error:
            raise GatewayTrouble(what="price") from error
    return LookedUp(
        sale,
        token=fields.get("referenceID", ""),
        reference=fields.get("saleID", "")[:40],
        amount=amount,
        facts=kept(fields, ("status", "saleResult", "type", "createdOn", "transactionID")),
    )


def _refusal(answer: Response) -> dict[str, Any]:
    """The words of a sale that is not known there, which did nothing; empty for all else."""
    if answer.status != _NOT_FOUND:
        return {}
    try:
        fields = read_json(answer.body)
    except Unreadable:
        return {}
    return fields if fields.get("is_success") is False else {}


_SALES = {"APPROVED": Sale.PAID, "DECLINED": Sale.DECLINED, "PENDING": Sale.PENDING}
_UNDONE = frozenset({"credited", "refunded", "chargeback", "charged back", "voided"})


def _flat_yaml(body: bytes) -> dict[str, str]:
    """Read ``name: value`` lines; what is indented, a list or a tag is not of this form."""
    fields: dict[str, str] = {}
    for line in body.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if line.strip() in {"", "---", "..."} or line.startswith("#"):
            continue
        if not colon or name != name.strip() or name in fields:
            raise GatewayTrouble(what="not a flat YAML")
        fields[name] = value.strip().strip("'\"")
    return fields


def _kind(order: Order) -> dict[str, str]:
    again = order.renewal
    text = order.description or "Purchase"
    if again is None:
        return {"type": "purchase", "description": text}
    return {
        "type": "subscription",
        "subscriptionType": "recurring",
        "name": text,
        "priceAmount": price_text(again.amount),
        "period": f"P{again.days}D",
        "trialAmount": price_text(order.amount),
        "trialPeriod": f"P{again.first_days}D",
    }


def _answered(answer: Response, sold: Sold, sent: Mapping[str, str]) -> Answered:
    """200 with ``is_success`` is done; a refusal that says why did nothing."""
    fields = _refusal(answer) or acted(answer)
    if fields.get("is_success") is True:
        flat = texts(fields)
        return Answered(
            Outcome.DONE,
            reference=sold.reference,
            gateway_transaction=flat.get("transactionID", "")[:40],
            sent=sent,
            received=kept(flat, ("is_success", "transactionID")),
        )
    problem: dict[str, Any] = part(fields, "error") if "error" in fields else fields
    title = str(problem.get("title") or problem.get("message") or "refused")[:200]
    return Answered(
        Outcome.DECLINED,
        reference=sold.reference,
        code=str(answer.status),
        reason=title,
        sent=sent,
        received={"status": str(answer.status), "title": title},
    )
