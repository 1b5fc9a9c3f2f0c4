"""Epoch: a hosted page signed with HMAC-MD5, FlexPost (signed), DataPlus and cancels (not).

Sources: public code only (a camcharge client with its digests, a cam site's checkout, DataPlus
table definitions); there is no public document. Everything is to be checked against the
account's own papers before going live: docs/gateways/epoch.md says what.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from apps.core.http import Client, OutcomeUnknown
from apps.finance.payments.adapters import epoch_news
from apps.finance.payments.adapters.answers import told
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
    RebillBy,
    Returned,
    Sale,
    Sold,
    Unreadable,
)
from apps.finance.payments.adapters.exchange import (
    GatewayTrouble,
    Refusing,
    kept,
    price_text,
    usable,
)
from apps.finance.payments.adapters.proof import check_any, same
from apps.finance.payments.adapters.strict import (
    check_text,
    money,
    read_form,
    read_json,
    texts,
)

_KEPT = ("ans", "transaction_id", "order_id", "trans_amount", "trans_currency", "event_datetime")
_client = Client(service="epoch")


def digest(fields: Mapping[str, str], *, secret: str) -> str:
    """HMAC-MD5 hex over name and value of all parameters but itself, sorted, nothing between.

    Values are raw, not URL-encoded. MD5 is Epoch's choice.
    """
    names = sorted(name for name in fields if name != "epoch_digest")
    text = "".join(name + fields[name] for name in names)
    return hmac.new(secret.encode(), text.encode("utf-8", "replace"), hashlib.md5).hexdigest()


def check_digest(fields: Mapping[str, str], *, secret: str) -> None:
    """:raises NotAuthentic: there is no digest, or a wrong one"""
    if not same(digest(fields, secret=secret), fields.get("epoch_digest", "").lower()):
        raise NotAuthentic("the digest is wrong: altered, or not made with our secret")


class Epoch(Refusing):
    """See ``base.Gateway``."""

    capabilities = Capabilities(
        currencies=frozenset({"USD", "EUR", "GBP"}),
        hosted_page=True,
        token_charge=True,
        rebill_by=RebillBy.EITHER,
        cancel_renewals=True,
        look_up=True,
        dispute_push=True,
        merchant_of_record=True,
    )
    needs = frozenset({"api_url", "secret", "webhook_networks"})

    def open_checkout(self, order: Order) -> Checkout:
        fields = {
            "api": "join",
            "pi_code": order.account.form_id,
            "reseller": order.account.subaccount or "a",
            "action": "authandclose",
            "auth_amount": price_text(order.amount),
            "currency": order.amount.currency,
            "pburl": order.webhook_url,
            "pi_returnurl": order.success_url,
            "no_userpass": "1",
            "email": order.buyer.email,
            "x_order": order.token,
        }
        return Checkout(_signed(order.account.config, fields))

    def charge(self, charge: Charge) -> Answered:
        if charge.one_time:
            raise NotOffered
        order, config = charge.order, charge.order.account.config
        fields = {
            "api": "camcharge",
            "action": "authandclose",
            "auth_amount": price_text(order.amount),
            "currency": order.amount.currency,
            "member_id": charge.token,
            "description": order.description or "Purchase",
            "pburl": order.webhook_url,
            "x_order": order.token,
        }
        answer = usable(_client.request("GET", _signed(config, fields)))
        return _charged(answer, order, kept(fields, ("api", "auth_amount", "x_order")))

    def cancel_renewals(self, sold: Sold, *, key: str) -> Answered:
        fields = self._search(
            sold,
            {"api_action": "cancel", "cancel_reason": _reason(sold.account)},
            retry=False,
        )
        said = texts(fields)
        done = said.get("status", "").lower() == "success"
        ended = "already" in said.get("message", "").lower()
        return Answered(
            Outcome.DONE if done or ended else Outcome.DECLINED,
            reference=sold.reference,
            code="" if done or ended else said.get("status", "")[:40],
            reason=said.get("message", "")[:200],
            sent={"api_action": "cancel", "member_id": sold.gateway_transaction},
            received=kept(said, ("status", "message")),
        )

    def look_up(self, sold: Sold) -> LookedUp:
        """By the member, which is all that the search takes and we may know."""
        fields = self._search(sold, {"api_action": "search"}, retry=True)
        members = fields.get("members")
        if not isinstance(members, list):
            raise GatewayTrouble(what="no list of members")
        rows = [row for member in members for row in _rows_of(member)]
        mine = [row for row in rows if _is_about(row, sold)]
        return _looked_up(mine)

    def read_webhook(self, delivery: Delivery, account: Account) -> list[Notice]:
        fields = _fields(delivery)
        if "ets_transaction_id" in fields or "mcs_or_idx" in fields:
            check_any(delivery, account.config)
        else:
            check_digest(fields, secret=account.config["secret"])
        return [epoch_news.read(fields, account.config)]

    def parse_return(self, params: Mapping[str, str], account: Account) -> Returned:
        check_text(params)
        answer = params.get("ans", "")
        if not params.get("x_order") or not answer:
            raise Unreadable("the return names no order or no outcome")
        check_digest(params, secret=account.config["secret"])
        return Returned(
            token=params["x_order"],
            approved=epoch_news.is_paid(answer, account.config),
            reference=params.get("transaction_id", "")[:40],
            code="" if answer.startswith("Y") else answer[:40],
        )

    def _search(self, sold: Sold, more: Mapping[str, str], *, retry: bool) -> dict[str, Any]:
        config = sold.account.config
        if not sold.gateway_transaction or not config.get("search_url"):
            raise GatewayTrouble(what="Epoch finds a sale only by its member")
        answer = _client.request(
            "GET",
            config["search_url"].rstrip("/") + "/index.json",
            params={
                "auth_user": config.get("auth_user", ""),
                "auth_pass": config.get("auth_pass", ""),
                "member_id": sold.gateway_transaction,
                **more,
            },
            retry=retry,
        )
        return told(answer)


def _signed(config: Mapping[str, str], fields: Mapping[str, str]) -> str:
    """Sign after every default is set; what is empty does not travel."""
    sent = {name: value for name, value in fields.items() if value}
    sent["epoch_digest"] = digest(sent, secret=config["secret"])
    return config["api_url"].rstrip("/") + "/?" + urlencode(sent)


def _reason(account: Account) -> str:
    return account.config.get("cancel_reason") or "wmapprvd"


def _fields(delivery: Delivery) -> dict[str, str]:
    body = delivery.body
    return texts(read_json(body)) if body.lstrip()[:1] == b"{" else read_form(body)


def _charged(body: bytes, order: Order, sent: Mapping[str, str]) -> Answered:
    """Take the answer's word only with its digest, and only about this order."""
    try:
        fields = read_form(body)
        check_digest(fields, secret=order.account.config["secret"])
        notice = epoch_news.read(fields, order.account.config)
    except (Unreadable, NotAuthentic) as error:
        raise OutcomeUnknown(service="epoch", what=str(error)) from error
    paid = epoch_news.is_paid(fields.get("ans", ""), order.account.config)
    if notice.token != order.token or (paid and notice.amount != order.amount):
        raise OutcomeUnknown(service="epoch", what="the answer is about another order")
    return Answered(
        Outcome.DONE if paid else Outcome.DECLINED,
        reference=notice.reference,
        gateway_transaction=notice.gateway_transaction,
        code=notice.code,
        reason=notice.reason,
        means=notice.means if paid else None,
        sent=sent,
        received=kept(fields, _KEPT),
    )


def _rows_of(member: object) -> list[dict[str, str]]:
    rows = member.get("transactions") if isinstance(member, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise GatewayTrouble(what="no list of transactions")
    return [texts(row) for row in rows]


def _is_about(row: Mapping[str, str], sold: Sold) -> bool:
    named = {row.get("transaction_id"), row.get("ref_trans_ids")}
    return (bool(sold.reference) and sold.reference in named) or row.get("x_order") == sold.token


def _looked_up(rows: list[dict[str, str]]) -> LookedUp:
    sales = [row for row in rows if row.get("type") in epoch_news.SALES]
    if not sales:
        return LookedUp(Sale.NOT_FOUND)
    undone = any(row.get("type") in epoch_news.BACK for row in rows)
    sale = sales[0]
    try:
        amount = money(sale.get("amount", ""), sale.get("currency", ""))
    except Unreadable as error:
        raise GatewayTrouble(what="price") from error
    return LookedUp(
        Sale.UNDONE if undone else Sale.PAID,
        token=sale.get("x_order", ""),
        reference=sale.get("transaction_id", "")[:40],
        amount=amount,
        facts=kept(sale, ("type", "date")),
    )
