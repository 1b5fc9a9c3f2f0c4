"""Rapyd: hosted checkout and charges with a stored card, every message signed both ways.

Sources: the official Python SDK (hooks/hook.py) for the signature of requests; public code for
that of webhooks (the same without a method, over the whole registered address) and for the
calls. What statuses and types mean is from memory: see docs/gateways/rapyd.md.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

from apps.core.http import Client, OutcomeUnknown
from apps.core.money import Money
from apps.finance.payments.adapters import answers, javascript, rapyd_webhooks, returning, strict
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

_client: Final = Client(service="rapyd")
CURRENCIES: Final = frozenset({"USD", "EUR", "GBP", "CAD", "AUD", "JPY"})
#: In the code of an error about an idempotency key: it says nothing of the first call [M].
KEY_TROUBLE: Final = "IDEMPOTENCY"
CHECKOUT: Final = "checkout_"
_OUTCOMES: Final = {
    "CLO": Outcome.DONE,
    "ACT": Outcome.ACTION,
    "NEW": Outcome.PENDING,
    "CAN": Outcome.DECLINED,
    "EXP": Outcome.DECLINED,
    "ERR": Outcome.DECLINED,
    "REV": Outcome.DECLINED,
}
_REFUNDS: Final = {
    "Completed": Outcome.DONE,
    "Pending": Outcome.PENDING,
    "Rejected": Outcome.DECLINED,
    "Canceled": Outcome.DECLINED,
    "Error": Outcome.DECLINED,
}
_SALES: Final = {
    "CLO": Sale.PAID,
    "ACT": Sale.PENDING,
    "NEW": Sale.PENDING,
    "CAN": Sale.DECLINED,
    "EXP": Sale.DECLINED,
    "ERR": Sale.DECLINED,
    "REV": Sale.UNDONE,
}
_KEPT: Final = ("id", "status", "failure_code", "failure_message", "merchant_reference_id")


def signature(
    *,
    method: str,
    path: str,
    salt: str,
    timestamp: str,
    access_key: str,
    secret_key: str,
    body: str,
) -> str:
    """
    Base64 of the hex TEXT of HMAC-SHA256 over all parts, the secret among them.

    ``method`` is lower case, and empty for a webhook; ``path`` holds /v1 and the query, and for a
    webhook it is the whole address; an empty object counts as an empty body.
    """
    return rapyd_webhooks.signature(
        where=method + path,
        salt=salt,
        timestamp=timestamp,
        access_key=access_key,
        secret_key=secret_key,
        body=body,
    )


class Rapyd:
    """See ``base.Gateway``. Calls that move money carry an idempotency key."""

    capabilities = Capabilities(
        currencies=CURRENCIES,
        hosted_page=True,
        token_charge=True,
        keeps_keys=True,
        rebill_by=RebillBy.US,
        refund=True,
        partial_refund=True,
        look_up=True,
        look_up_proves=True,
        dispute_push=True,
        wallets=frozenset({"applepay", "googlepay"}),
        challenges=frozenset({"HOSTED", "STORED"}),
    )
    needs = frozenset({"api_url", "access_key", "secret_key", "country"})

    def open_checkout(self, order: Order) -> Checkout:
        """Each call makes a new page: an old one may have been left or declined for good."""
        body = {
            **_what(order),
            "country": order.buyer.country or order.account.config["country"],
            "complete_checkout_url": returning.address(
                order.success_url, token=order.token, paid=True
            ),
            "cancel_checkout_url": returning.address(
                order.decline_url, token=order.token, paid=False
            ),
            "language": order.buyer.language,
        }
        answer = _send(order.account, "post", "/checkout", body)
        fields = strict.texts(_data(answers.told(answer)))
        if not fields.get("redirect_url") or not fields.get("id"):
            raise answers.GatewayTrouble(what="no page")
        return Checkout(
            url=fields["redirect_url"],
            reference=fields["id"][:80],
            expires_at=rapyd_webhooks.time_of(fields.get("page_expiration", "")),
        )

    def charge(self, charge: Charge) -> Answered:
        """
        A stored means is ``customer:payment method``. A wallet's token goes in the field and under
        the type of payment method the account has for it, both in the configuration.
        """
        order = charge.order
        if charge.one_time and not charge.wallet:
            raise NotOffered
        body = {
            **_what(order),
            **_means(charge),
            "capture": True,
            "initiation_type": "customer_present" if charge.payer_present else "recurring",
            "complete_payment_url": returning.address(
                order.success_url, token=order.token, paid=True
            ),
            "error_payment_url": returning.address(
                order.decline_url, token=order.token, paid=False
            ),
        }
        data, answered = _done(
            _send(order.account, "post", "/payments", body, key=charge.key),
            sent={"merchant_reference_id": order.token, "amount": str(order.amount)},
        )
        if answered:
            return answered
        fields = strict.texts(data)
        return Answered(
            _outcome(_OUTCOMES, fields),
            reference=fields.get("id", "")[:80],
            action_url=fields.get("redirect_url", ""),
            code=fields.get("failure_code", "")[:40],
            reason=fields.get("failure_message", "")[:200],
            means=rapyd_webhooks.means_of(data),
            sent={"merchant_reference_id": order.token, "amount": str(order.amount)},
            received=_received(fields),
        )

    def refund(self, sold: Sold, *, amount: Money, key: str) -> Answered:
        body = {
            "payment": sold.reference,
            "amount": javascript.amount_token(amount),
            "currency": amount.currency,
            "merchant_reference_id": key,
        }
        sent = {"payment": sold.reference, "amount": str(amount)}
        answer = _send(sold.account, "post", "/refunds", body, key=key)
        data, answered = _done(answer, sent=sent)
        if answered:
            return answered
        fields = strict.texts(data)
        return Answered(
            _outcome(_REFUNDS, fields),
            reference=fields.get("id", "")[:80],
            code=fields.get("failure_code", "")[:40],
            reason=fields.get("failure_reason", "")[:200],
            sent=sent,
            received=_received(fields),
        )

    def void(self, sold: Sold, *, key: str) -> Answered:
        """Rapyd cancels only what is not completed; a completed payment is refunded."""
        raise NotOffered

    def cancel_renewals(self, sold: Sold, *, key: str) -> Answered:
        raise NotOffered

    def parse_return(self, params: Mapping[str, str], account: Account) -> Returned:
        return returning.read(params)

    def read_webhook(self, delivery: Delivery, account: Account) -> list[Notice]:
        return [rapyd_webhooks.read(delivery, account)]

    def look_up(self, sold: Sold) -> LookedUp:
        """By payment, by checkout page, or by the order's token; a paid one of several counts."""
        if not sold.reference:
            path = f"/payments?merchant_reference_id={quote(sold.token, safe='')}"
            listed = answers.told(_send(sold.account, "get", path, {})).get("data")
            if not isinstance(listed, list):
                raise answers.GatewayTrouble(what="no list of payments")
            found = [_looked_up(each) for each in listed if isinstance(each, dict)]
            ranks = list(Sale)
            return min(
                found, key=lambda each: ranks.index(each.sale), default=LookedUp(Sale.NOT_FOUND)
            )
        page = sold.reference.startswith(CHECKOUT)
        path = f"/{'checkout' if page else 'payments'}/{quote(sold.reference, safe='')}"
        answer = _send(sold.account, "get", path, {})
        if answer.status == answers.NOT_FOUND:
            return LookedUp(Sale.NOT_FOUND)
        data = _data(answers.told(answer))
        if not page:
            return _looked_up(data)
        payment = data.get("payment")
        if not isinstance(payment, dict) or not payment.get("id"):
            return LookedUp(Sale.PENDING, token=sold.token)
        return _looked_up(payment)


def _what(order: Order) -> dict[str, Any]:
    return {
        "amount": javascript.amount_token(order.amount),
        "currency": order.amount.currency,
        "merchant_reference_id": order.token,
        "description": order.description,
        "metadata": {"order": order.token},
        # docs.rapyd.net: "Creating a Card Payment With 3DS Authentication", the same for pages.
        **({"payment_method_options": {"3d_required": True}} if order.challenge else {}),
    }


def _means(charge: Charge) -> dict[str, Any]:
    if not charge.wallet:
        customer, _, method = charge.token.partition(":")
        return {"customer": customer, "payment_method": method}
    config = charge.order.account.config
    kind, name = config.get(f"{charge.wallet}_type"), config.get(f"{charge.wallet}_field")
    if not kind or not name:
        raise NotOffered  # what the account calls it is not published: it has to be configured
    return {"payment_method": {"type": kind, "fields": {name: charge.token}}}


def _send(
    account: Account, method: str, path: str, body: Mapping[str, Any], *, key: str = ""
) -> answers.Response:
    config = account.config
    url = config["api_url"] + path
    parts = urlsplit(url)
    where = parts.path + (f"?{parts.query}" if parts.query else "")
    text = javascript.stringify({k: v for k, v in body.items() if v}) if body else ""
    salt = secrets.token_hex(6)
    timestamp = str(int(datetime.now(UTC).timestamp()))
    headers = {
        "access_key": config["access_key"],
        "salt": salt,
        "timestamp": timestamp,
        "signature": signature(
            method=method,
            path=where,
            salt=salt,
            timestamp=timestamp,
            access_key=config["access_key"],
            secret_key=config["secret_key"],
            body=text,
        ),
        "Content-Type": "application/json",
        **({"idempotency": key} if key else {}),
    }
    return _client.request(
        method.upper(), url, data=text.encode(), headers=headers, retry=method == "get"
    )


def _data(whole: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return strict.part(whole, "data")
    except Unreadable as error:
        raise answers.GatewayTrouble(what=str(error)) from error


def _done(
    answer: answers.Response, *, sent: Mapping[str, str]
) -> tuple[dict[str, Any], Answered | None]:
    """
    Return the data of a call that moves money, or the refusal.

    :raises OutcomeUnknown: neither
    """
    whole = answers.acted(answer)
    try:
        status, data = strict.texts(strict.part(whole, "status")), strict.part(whole, "data")
    except Unreadable as error:
        raise OutcomeUnknown(what=str(error)) from error
    if status.get("status") == "SUCCESS":
        return data, None
    code = status.get("error_code", "")
    if status.get("status") != "ERROR" or KEY_TROUBLE in code.upper():
        raise OutcomeUnknown(code=code[:40])
    return data, Answered(
        Outcome.DECLINED,
        code=code[:40],
        reason=status.get("message", "")[:200],
        sent=sent,
        received={name: text[:200] for name, text in status.items()},
    )


def _outcome(meanings: Mapping[str, Outcome], fields: Mapping[str, str]) -> Outcome:
    outcome = meanings.get(fields.get("status", ""))
    if outcome is None:
        raise OutcomeUnknown(status=fields.get("status", "")[:20])
    return outcome


def _received(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: fields[name][:200] for name in _KEPT if fields.get(name)}


def _looked_up(payment: Mapping[str, Any]) -> LookedUp:
    fields = strict.texts(payment)
    sale = _SALES.get(fields.get("status", ""))
    if sale is None:
        raise answers.GatewayTrouble(status=fields.get("status", "")[:20])
    refunded = fields.get("refunded_amount", "0")
    try:
        amount = rapyd_webhooks.read_amount(fields)
        back = Money.zero(amount.currency) if amount else None
        if amount and refunded not in {"", "0"}:
            back = strict.money(refunded, amount.currency)
    except Unreadable as error:
        raise answers.GatewayTrouble(what=str(error)) from error
    return LookedUp(
        Sale.UNDONE if amount and back == amount else sale,
        since=rapyd_webhooks.time_of(fields.get("created_at", "")),
        token=fields.get("merchant_reference_id", ""),
        reference=fields.get("id", "")[:80],
        amount=amount,
        refunded=back,
        means=rapyd_webhooks.means_of(payment),
        facts=_received(fields),
    )
