"""Adyen Checkout: payment links, its own fields, stored cards, wallets; changes by webhook.

Sources: the official Python library (services/checkout, utilities, its tests) for addresses,
idempotency and signature. The states of a link, the words of stored credentials and the event
codes are from memory: see docs/gateways/adyen.md. The account must capture by itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from apps.core.http import Client, OutcomeUnknown
from apps.core.money import Money
from apps.finance.payments.adapters import adyen_webhooks, answers, returning, strict
from apps.finance.payments.adapters.base import (
    Account,
    Answered,
    Capabilities,
    Charge,
    Checkout,
    Delivery,
    LookedUp,
    Notice,
    NotOffered,
    Order,
    Outcome,
    RebillBy,
    Returned,
    Sale,
    Sold,
    Unreadable,
)
from apps.finance.payments.adapters.exchange import kept

_client: Final = Client(service="adyen")
#: Those we have scales for; an account may offer fewer.
CURRENCIES: Final = frozenset({"USD", "EUR", "GBP", "CAD", "AUD", "JPY"})
MOST_KEY: Final = 64
#: "Request already processed or in progress" [M].
ALREADY_THERE: Final = "704"
LINK: Final = "PL"
_OUTCOMES: Final = {
    "Authorised": Outcome.DONE,
    "Refused": Outcome.DECLINED,
    "Cancelled": Outcome.DECLINED,
    "Error": Outcome.DECLINED,
    "Pending": Outcome.PENDING,
    "Received": Outcome.PENDING,
    "RedirectShopper": Outcome.ACTION,
    "IdentifyShopper": Outcome.ACTION,
    "ChallengeShopper": Outcome.ACTION,
}
_LINKS: Final = {
    "active": Sale.PENDING,
    "paymentPending": Sale.PENDING,
    "completed": Sale.PAID,
    "paid": Sale.PAID,
    "expired": Sale.DECLINED,
}
_WALLET_FIELD: Final = {"applepay": "applePayToken", "googlepay": "googlePayToken"}
_KEPT: Final = ("resultCode", "pspReference", "refusalReason", "refusalReasonCode", "status",
                "errorCode", "errorType", "message")  # fmt: skip


class Adyen:
    """See ``base.Gateway``. Every call that moves money carries an idempotency key."""

    capabilities = Capabilities(
        currencies=CURRENCIES,
        hosted_page=True,
        fields=True,
        token_charge=True,
        keeps_keys=True,
        rebill_by=RebillBy.US,
        refund=True,
        partial_refund=True,
        void=True,
        look_up=True,
        dispute_push=True,
        wallets=frozenset(_WALLET_FIELD),
        challenges=frozenset({"FIELDS", "STORED"}),  # links follow the account's own rules
        webhook_reply="[accepted]",
    )
    needs = frozenset({"api_url", "api_key", "hmac_key"})

    def open_checkout(self, order: Order) -> Checkout:
        """
        One link for an order, visitor and day: a link lives for a day, its key for longer. Its
        own fields need the client key, which is public.
        """
        if order.in_page:
            config = order.account.config
            names = ("client_key", "environment")
            return Checkout(fields={name: config[name] for name in names if config.get(name)})
        body: dict[str, Any] = {
            **_what(order),
            "returnUrl": returning.address(order.success_url, token=order.token, paid=True),
            "description": order.description,
            "shopperLocale": order.buyer.language,
            "countryCode": order.buyer.country,
        }
        if order.keep:
            body |= {
                "storePaymentMethodMode": "enabled",
                "recurringProcessingModel": "CardOnFile",
                "shopperReference": order.buyer.id,
            }
        sent = {k: v for k, v in body.items() if v}
        answer = _post(order.account, "/paymentLinks", sent, _key_of_day(sent))
        fields = strict.texts(answers.told(answer))
        if not fields.get("url") or not fields.get("id"):
            raise answers.GatewayTrouble(what="no link")
        return Checkout(
            url=fields["url"],
            reference=fields["id"],
            expires_at=adyen_webhooks.time_of(fields.get("expiresAt", "")),
        )

    def charge(self, charge: Charge) -> Answered:
        """A one-time token is a wallet's, or the ``paymentMethod`` JSON of Adyen's fields."""
        order = charge.order
        method = _method(charge)
        if method is None:
            return Answered(Outcome.DECLINED, code="token", reason="The token cannot be read")
        body: dict[str, Any] = {
            **_what(order),
            "paymentMethod": method,
            "returnUrl": returning.address(order.success_url, token=order.token, paid=True),
            "shopperInteraction": (
                "Ecommerce" if charge.one_time or order.challenge else "ContAuth"
            ),
            "recurringProcessingModel": ("CardOnFile" if charge.payer_present else "Subscription"),
            "shopperReference": order.buyer.id,
            "shopperIP": order.buyer.ip,
        }
        if charge.one_time and order.keep:
            body["storePaymentMethod"] = True
        if order.challenge:  # "overrides all other rules" (docs.adyen.com, AuthenticationData)
            body["authenticationData"] = {"attemptAuthentication": "always"}
        sent = {k: v for k, v in body.items() if v}
        return _charged(_post(order.account, "/payments", sent, charge.key), order)

    def refund(self, sold: Sold, *, amount: Money, key: str) -> Answered:
        """It is taken on at once; the outcome comes by webhook."""
        return _change(sold, "refunds", key, amount=amount)

    def void(self, sold: Sold, *, key: str) -> Answered:
        """It is taken on at once; the outcome comes by webhook."""
        return _change(sold, "cancels", key)

    def cancel_renewals(self, sold: Sold, *, key: str) -> Answered:
        raise NotOffered

    def parse_return(self, params: Mapping[str, str], account: Account) -> Returned:
        return returning.read(params)

    def read_webhook(self, delivery: Delivery, account: Account) -> list[Notice]:
        return adyen_webhooks.read(delivery, account)

    def look_up(self, sold: Sold) -> LookedUp:
        """
        Only links can be asked about. One that is completed names order and amount, not the
        payment; so it says that there is one and the webhook, or a person, must name it.
        """
        if not sold.reference.startswith(LINK):
            raise answers.GatewayTrouble(what="a payment can't be asked about, only its link")
        answer = _client.request(
            "GET",
            f"{sold.account.config['api_url']}/paymentLinks/{quote(sold.reference, safe='')}",
            headers={"X-API-Key": sold.account.config["api_key"]},
            retry=True,
        )
        if answer.status == answers.NOT_FOUND:
            return LookedUp(Sale.NOT_FOUND)
        link = answers.told(answer)
        fields = strict.texts(link)
        if fields.get("status") not in _LINKS:
            raise answers.GatewayTrouble(status=fields.get("status", "")[:20])
        try:
            amount = adyen_webhooks.read_amount(strict.part(link, "amount"))
        except Unreadable as error:
            raise answers.GatewayTrouble(what=str(error)) from error
        return LookedUp(
            _LINKS[fields["status"]],
            token=fields.get("reference", ""),
            amount=amount,
            facts={"link": sold.reference, "status": fields["status"]},
        )


def minor(amount: Money) -> dict[str, Any]:
    """Adyen counts in the smallest unit of ISO 4217, as we do."""
    return {"currency": amount.currency, "value": amount.minor}


def _key_of_day(body: Mapping[str, Any]) -> str:
    """The same text asks for the same link until midnight (UTC)."""
    text = f"{datetime.now(UTC).date()}{json.dumps(body, sort_keys=True)}"
    return hashlib.sha256(text.encode()).hexdigest()


def _what(order: Order) -> dict[str, Any]:
    return {
        "merchantAccount": order.account.number,
        "reference": order.token,
        "amount": minor(order.amount),
        "shopperEmail": order.buyer.email,
    }


def _method(charge: Charge) -> dict[str, str] | None:
    """None: the browser sent what the gateway's fields never make."""
    if charge.wallet:
        return {"type": charge.wallet, _WALLET_FIELD[charge.wallet]: charge.token}
    if not charge.one_time:
        return {"type": "scheme", "storedPaymentMethodId": charge.token}
    try:
        fields = strict.texts(strict.read_json(charge.token.encode()))
    except (Unreadable, UnicodeEncodeError):
        return None
    # Encrypted fields only: a card number in clear must not even pass through here.
    plain = {"type", "brand", "holderName", "checkoutAttemptId", "subtype"}
    fits = all(name in plain or name.startswith("encrypted") for name in fields)
    return fields if fits and fields.get("type") == "scheme" else None


def _post(account: Account, path: str, body: Mapping[str, Any], key: str) -> answers.Response:
    if len(key) > MOST_KEY:
        key = hashlib.sha256(key.encode()).hexdigest()
    return _client.request(
        "POST",
        account.config["api_url"] + path,
        json=body,
        headers={"X-API-Key": account.config["api_key"], "Idempotency-Key": key},
    )


def _acted(answer: answers.Response) -> dict[str, Any]:
    """A key that is at work, or known with another body, says nothing of the first call."""
    whole = answers.acted(answer)
    again = answer.headers.get("transient-error", "").lower() == "true"
    if again or str(whole.get("errorCode", "")) == ALREADY_THERE:
        raise OutcomeUnknown(status=answer.status)
    return whole


def _charged(answer: answers.Response, order: Order) -> Answered:
    whole = _acted(answer)
    fields = strict.texts(whole)
    refused = answer.status >= 400  # noqa: PLR2004 (HTTP: the request was at fault)
    outcome = Outcome.DECLINED if refused else _OUTCOMES.get(fields.get("resultCode", ""))
    if outcome is None:
        raise OutcomeUnknown(result=fields.get("resultCode", "")[:20])
    try:
        action = strict.texts(strict.part(whole, "action"))
        extra = strict.texts(strict.part(whole, "additionalData"))
    except Unreadable as error:
        raise OutcomeUnknown(what=str(error)) from error
    means = adyen_webhooks.means_of(extra)
    return Answered(
        outcome,
        reference=fields.get("pspReference", "")[:80],
        gateway_transaction=fields.get("pspReference", "")[:40],
        action_url=action.get("url", ""),
        code=(fields.get("refusalReasonCode") or fields.get("errorCode", ""))[:40],
        reason=(fields.get("refusalReason") or fields.get("message", ""))[:200],
        means=means,
        sent={"reference": order.token, "amount": str(order.amount)},
        received=kept(fields, _KEPT),
    )


def _change(sold: Sold, what: str, key: str, amount: Money | None = None) -> Answered:
    body: dict[str, Any] = {"merchantAccount": sold.account.number, "reference": sold.token}
    if amount is not None:
        body["amount"] = minor(amount)
    path = f"/payments/{quote(sold.reference, safe='')}/{what}"
    answer = _post(sold.account, path, body, key)
    fields = strict.texts(_acted(answer))
    received = kept(fields, _KEPT)
    if answer.status >= 400:  # noqa: PLR2004 (HTTP: the request was at fault)
        return Answered(
            Outcome.DECLINED,
            code=fields.get("errorCode", str(answer.status))[:40],
            reason=fields.get("message", "")[:200],
            received=received,
        )
    if fields.get("status") != "received":
        raise OutcomeUnknown(status=fields.get("status", "")[:20])
    return Answered(
        Outcome.PENDING,
        reference=fields.get("pspReference", "")[:80],
        sent={"payment": sold.reference, "amount": str(amount or sold.amount)},
        received=received,
    )
