"""Vendo: signed links to its page, a gateway for our own charges, signed postbacks by GET.

Source: the official SDK lbadmin/vendo-sdk-php (signature, gateway requests and answers,
reconciliation and its fixtures). Unverified: type and field names of postbacks, which stand in
Vendo's private papers; see docs/gateways/vendo.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from apps.core.http import Client, OutcomeUnknown
from apps.core.money import Money
from apps.finance.payments.adapters import returning, vendo_news, vendo_sign
from apps.finance.payments.adapters.answers import acted
from apps.finance.payments.adapters.base import (
    Account,
    Answered,
    Capabilities,
    Charge,
    Checkout,
    Delivery,
    LookedUp,
    Means,
    NotAuthentic,
    Notice,
    NotOffered,
    Order,
    Outcome,
    RebillBy,
    Returned,
    Sold,
    Unreadable,
)
from apps.finance.payments.adapters.exchange import GatewayTrouble, Refusing, price_text, usable
from apps.finance.payments.adapters.javascript import amount_token, stringify
from apps.finance.payments.adapters.strict import Number, part, read_form, texts

_OUTCOMES = {"1": Outcome.DONE, "0": Outcome.DECLINED, "2": Outcome.ACTION}
_ENDED = frozenset({"5915"})
_client = Client(service="vendo")


class Vendo(Refusing):
    """See ``base.Gateway``."""

    capabilities = Capabilities(
        currencies=frozenset({"USD", "EUR", "GBP", "JPY"}),
        hosted_page=True,
        token_charge=True,
        rebill_by=RebillBy.EITHER,
        takes_renewals=True,
        cancel_renewals=True,
        refund=True,
        partial_refund=True,
        look_up=True,
        look_up_proves=True,
        dispute_push=True,
        merchant_of_record=True,
        webhook_reply="ok",
        webhook_methods=frozenset({"GET"}),
    )
    needs = frozenset({"api_url", "shared_secret"})

    def open_checkout(self, order: Order) -> Checkout:
        paid = returning.address(order.success_url, token=order.token, paid=True)
        declined = returning.address(order.decline_url, token=order.token, paid=False)
        fields = {
            "site": order.account.subaccount,
            "offers": order.account.form_id,
            "selected_offer": order.account.form_id,
            "ref": order.token,
            "initial_amount": price_text(order.amount),
            "billing_currency": order.amount.currency,
            **_schedule(order),
            "email": order.buyer.email,
            "success_url": paid,
            "decline_url": declined,
        }
        address = order.account.config["api_url"].rstrip("/") + "/v/custom-offer"
        sent = {name: value for name, value in fields.items() if value}
        return Checkout(
            vendo_sign.signed_url(address, sent, secret=order.account.config["shared_secret"])
        )

    def charge(self, charge: Charge) -> Answered:
        order = charge.order
        if charge.one_time or not order.account.config.get("api_secret"):
            raise NotOffered
        asked: dict[str, Any] = {
            **_caller(order.account),
            "site_id": _number(order.account.subaccount),
            "amount": amount_token(order.amount),
            "currency": order.amount.currency,
            "external_references": {"transaction_reference": order.token},
            "items": [
                {
                    "item_id": "1",
                    "item_description": order.description or "Purchase",
                    "item_price": amount_token(order.amount),
                    "item_quantity": 1,
                }
            ],
            "payment_details": {"token": charge.token},
            "request_details": {
                "ip_address": order.buyer.ip,
                "browser_user_agent": order.buyer.user_agent,
            },
            "success_url": order.success_url,
            "mit": not charge.payer_present,
            "non_recurring": charge.payer_present,
        }
        fields = _call(order.account, "payment", asked)
        told = external_reference(fields)
        if told and told != order.token:
            raise OutcomeUnknown(service="vendo", what="the answer is about another order")
        return _answered(fields, {"amount": str(order.amount), "reference": order.token})

    def refund(self, sold: Sold, *, amount: Money, key: str) -> Answered:
        asked = {**_caller(sold.account), "transaction_id": _number(sold.reference)}
        if amount != sold.amount:
            asked["partial_amount"] = amount_token(amount)
        asked["currency"] = amount.currency
        fields = _call(sold.account, "refund", asked)
        return _answered(fields, {"transaction_id": sold.reference, "amount": str(amount)})

    def cancel_renewals(self, sold: Sold, *, key: str) -> Answered:
        subscription = sold.gateway_transaction or sold.reference
        asked = {**_caller(sold.account), "subscription_id": _number(subscription)}
        fields = _call(sold.account, "cancel-subscription", asked)
        return _answered(fields, {"subscription_id": subscription}, ended=True)

    def look_up(self, sold: Sold) -> LookedUp:
        """By the reconciliation of the days around the sale, where our reference stands."""
        config = sold.account.config
        near = sold.sold_at or datetime.now(UTC)
        fields = {
            "merchantID": sold.account.number,
            "siteIDs": sold.account.subaccount,
            "startDate": f"{near - timedelta(days=1):%Y-%m-%d}",
            "endDate": f"{near + timedelta(days=1):%Y-%m-%d}",
            "format": "1",
        }
        address = config["api_url"].rstrip("/") + "/api/reconciliation"
        url = vendo_sign.signed_url(address, fields, secret=config["shared_secret"])
        return vendo_news.read_reconciliation(
            usable(_client.request("GET", url, retry=True)), sold
        )

    def read_webhook(self, delivery: Delivery, account: Account) -> list[Notice]:
        query = delivery.raw_query or vendo_sign.encoded(delivery.query)
        url = f"{urlsplit(delivery.url).path}?{query}"
        if not vendo_sign.is_valid(
            url, secret=account.config["shared_secret"], now=delivery.received_at
        ):
            raise NotAuthentic("the signature is wrong: altered, expired, or of another secret")
        return [vendo_news.read(read_form(query))]

    def parse_return(self, params: Mapping[str, str], account: Account) -> Returned:
        return returning.read(params)


def external_reference(fields: Mapping[str, Any]) -> str:
    """Return our own reference in an answer; empty where it names none."""
    return texts(part(fields, "external_references")).get("transaction_reference", "")


def _schedule(order: Order) -> dict[str, str]:
    again = order.renewal
    if again is None:
        return {"billing_schedule_type": order.account.config.get("schedule_type") or "lifetime"}
    return {
        "billing_schedule_type": "membership",
        "initial_duration": str(again.first_days),
        "rebill_amount": price_text(again.amount),
        "rebill_duration": str(again.days),
    }


def _caller(account: Account) -> dict[str, Any]:
    config = account.config
    return {
        "api_secret": config.get("api_secret", ""),
        "is_test": 1 if config.get("is_test") == "yes" else 0,
        "merchant_id": _number(account.number),
    }


def _number(text: str) -> object:
    return Number(text) if text.isascii() and text.isdigit() and text[:1] != "0" else text


def _call(account: Account, action: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    answer = _client.request(
        "POST",
        account.config["api_url"].rstrip("/") + f"/api/gateway/{action}",
        data=stringify(asked).encode(),
        headers={"Content-Type": "application/json"},
    )
    return acted(answer)


def _answered(
    fields: Mapping[str, Any], sent: Mapping[str, str], *, ended: bool = False
) -> Answered:
    """Read status, result and transaction; what has no clear status is not known."""
    status = str(fields.get("status", ""))
    outcome = _OUTCOMES.get(status)
    if outcome is None:
        raise GatewayTrouble(status=status[:20])
    try:
        result, error = texts(part(fields, "result")), texts(part(fields, "error"))
        transaction, card = texts(part(fields, "transaction")), texts(part(fields, "card"))
        subscription = texts(part(fields, "subscription"))
    except Unreadable as problem:
        raise GatewayTrouble(what=str(problem)) from problem
    code = error.get("code") or result.get("code", "")
    reason = error.get("message") or result.get("message", "")
    if ended and outcome is Outcome.DECLINED and _has_ended(code, reason):
        outcome = Outcome.DONE
    sale = transaction.get("id", "")[:40]
    return Answered(
        outcome,
        reference=sale,
        gateway_transaction=(subscription.get("id") or sale)[:40],
        action_url=result.get("verification_url", "") if outcome is Outcome.ACTION else "",
        code="" if outcome is Outcome.DONE else code[:40],
        reason=reason[:200],
        means=_means(fields, card),
        sent=sent,
        received={"status": status, "code": code[:40], "transaction": sale},
    )


def _has_ended(code: str, reason: str) -> bool:
    return code in _ENDED or "already" in reason.lower()


def _means(fields: Mapping[str, Any], card: Mapping[str, str]) -> Means | None:
    token = fields.get("payment_details_token")
    if not isinstance(token, str) or not token:
        return None
    return Means(token=token[:200], brand=card.get("brand", card.get("type", ""))[:20])
