"""Vendo: signed links, the S2S gateway, reconciliation. Facts: Vendo's own PHP SDK [D].

What a postback carries is in private papers; the fields here are our choice [M].
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.etree import ElementTree as ET

from starlette.responses import JSONResponse, Response

from sandbox.config import Merchant
from sandbox.delivery import Message
from sandbox.peers import money
from sandbox.peers.base import Desk, Handler, Peer, Reader
from sandbox.peers.call import Call, Refusal
from sandbox.state import Happening, Sale

CURRENCIES = frozenset({"USD", "EUR", "GBP", "JPY", "MXN", "BRL"})
LINK_CURRENCIES = frozenset({"USD", "EUR", "GBP"})
#: type of a postback by what happened [M].
TYPES = {
    "pay": "sale",
    "decline": "decline",
    "renew": "rebill",
    "renew_failed": "rebill_decline",
    "refund": "refund",
    "chargeback": "chargeback",
    "cancel": "cancel",
}
#: Numbers of transaction types in the reconciliation: 10 and 30 are seen in fixtures [D].
NUMBERS = {"pay": "10", "renew": "102", "refund": "30", "chargeback": "40"}
#: Validation, bad credentials, bad JSON (constants of public modules) [C].
CODES = {"credentials": "8103", "invalid_json": "8102"}


def signature(target: str, secret: str) -> str:
    """Return HMAC-SHA1 of path and re-encoded query without ``signature``, as base64url."""
    parts = urlsplit(target)
    query = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name != "signature"
    ]
    text = f"{parts.path}?{urlencode(query)}"
    made = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


class Vendo(Peer):
    """See the module."""

    name = "vendo"
    descriptor = "VENDO.COM*FANZ"

    def calls(self) -> dict[str, Handler]:
        return {
            "/vendo/api/gateway/payment": self._payment,
            "/vendo/api/gateway/refund": self._refund,
            "/vendo/api/gateway/cancel-subscription": self._cancel,
            "/vendo/api/reconciliation": self._reconciliation,
        }

    def pages(self) -> dict[str, Reader]:
        return {f"/vendo/v/{page}": self._link for page in ("custom-offer", "signup", "oneclick")}

    def refuse(self, problem: Refusal) -> Response:
        code = CODES.get(problem.code, "8105")
        return JSONResponse({"status": 0, "error": {"code": code, "message": problem.text}})

    def _signed(self, desk: Desk, call: Call) -> Merchant:
        given = call.query.get("signature", "")
        for each in desk.merchants:
            expected = signature(call.target, each.secrets["shared_secret"])
            if hmac.compare_digest(expected.encode(), given.encode()):
                return each
        raise Refusal("0006", "AuthToken or Signature is incorrect")

    def _link(self, desk: Desk, call: Call) -> Sale:
        merchant, asked = self._signed(desk, call), dict(call.query)
        missing = [name for name in ("site", "ref", "initial_amount") if not asked.get(name)]
        if missing:
            raise Refusal("fields", f"Missing: {', '.join(missing)}.")
        expires = asked.get("expires", "")
        if expires and (not expires.isdigit() or int(expires) < desk.now.timestamp()):
            raise Refusal("expired", "The link has expired.")
        currency = asked.get("billing_currency", "USD")
        if currency not in LINK_CURRENCIES:
            raise Refusal("currency", "The billing currency is not supported.")
        return desk.open(
            merchant,
            order=asked["ref"],
            amount=money.amount(asked["initial_amount"], currency),
            currency=currency,
            given={name: value for name, value in asked.items() if name != "signature"},
        )

    def back(self, desk: Desk, sale: Sale, *, approved: bool) -> str:
        url = super().back(desk, sale, approved=approved)
        if not url:
            return ""
        parts = urlsplit(url)
        fields = {
            **dict(parse_qsl(parts.query, keep_blank_values=True)),
            "ref": sale.order,
            "transaction_id": sale.transaction,
            "status": "1" if approved else "0",
        }
        secret = desk.merchant_of(sale).secrets["shared_secret"]
        query = urlencode(fields)
        signed = signature(f"{parts.path}?{query}", secret)
        return f"{parts.scheme}://{parts.netloc}{parts.path}?{query}&signature={signed}"

    def _caller(self, desk: Desk, call: Call) -> Merchant:
        return desk.merchant(number=call.text("merchant_id"), api_secret=call.text("api_secret"))

    def _payment(self, desk: Desk, call: Call) -> Response:
        merchant = self._caller(desk, call)
        token, currency = call.text("payment_details", "token"), call.text("currency")
        order = call.text("external_references", "transaction_reference")
        if currency not in CURRENCIES or not order or not call.text("site_id"):
            raise Refusal("fields", "currency, site_id and transaction_reference are required")
        known = [each for each in desk.sales(merchant=merchant.name) if each.token == token]
        if not token or not known:
            raise Refusal("token", "payment_details: the token is unknown")
        sale = desk.open(
            merchant,
            order=order,
            amount=money.amount(call.text("amount"), currency),
            currency=currency,
            given={"site": call.text("site_id"), "mit": call.text("mit")},
            again=False,
        )
        sale.card, sale.token = dict(known[0].card), token
        holder = sale.card.get("holder", "").upper()
        if holder.startswith("VERIFY") and call.text("mit").lower() not in {"true", "1"}:
            return JSONResponse(self._verification(sale, call))
        if holder.startswith("LATER DECLINED"):
            desk.act("decline", sale)
            error = {"code": "5102", "message": "Insufficient funds"}
            return JSONResponse({**_answer(sale, call, status=0), "error": error})
        desk.act("pay", sale)
        return JSONResponse(_answer(sale, call, status=1))

    def _verification(self, sale: Sale, call: Call) -> dict[str, Any]:
        sale.status = "pending"
        result = {
            "code": "6307",
            "message": "Verification required",
            "verification_url": call.text("success_url"),
            "verification_id": sale.reference,
        }
        return {**_answer(sale, call, status=2), "result": result}

    def _refund(self, desk: Desk, call: Call) -> Response:
        sale = desk.sale(self._caller(desk, call), call.text("transaction_id"))
        amount = call.text("partial_amount")
        wrong = call.text("currency") not in {"", sale.currency}
        if wrong:
            raise Refusal("currency", "currency: does not match the transaction")
        happening = desk.act("refund", sale, amount=amount)
        answer = _answer(sale, call, status=1)
        answer["transaction"] = {
            "id": happening.id,
            "amount": happening.amount,
            "currency": sale.currency,
            "datetime": happening.at,
        }
        return JSONResponse(answer)

    def _cancel(self, desk: Desk, call: Call) -> Response:
        sale = desk.sale(self._caller(desk, call), call.text("subscription_id"))
        desk.act("cancel", sale, reason=call.text("reason"))
        return JSONResponse(_answer(sale, call, status=1))

    def news(self, desk: Desk, sale: Sale, happening: Happening) -> Sequence[Message]:
        kind = TYPES.get(happening.act)
        if kind is None:
            return []
        merchant = desk.merchant_of(sale)
        url = urlsplit(merchant.webhook_url)
        fields = {**_postback(merchant, sale, happening), "type": kind}
        signed = signature(f"{url.path}?{urlencode(fields)}", merchant.secrets["shared_secret"])
        return [
            Message(
                kind,
                merchant.webhook_url,
                method="GET",
                query={**fields, "signature": signed},
                expected="ok",
            )
        ]

    def _reconciliation(self, desk: Desk, call: Call) -> Response:
        try:
            merchant = self._signed(desk, call)
        except Refusal as problem:
            return Response(
                f'<error code="{problem.code}">{problem.text}</error>', media_type="text/xml"
            )
        call.need("merchantID", "siteIDs", "startDate", "endDate")
        root, first, last = ET.Element("reconciliation"), *_days(call)
        header, body = ET.SubElement(root, "header"), ET.SubElement(root, "body")
        rows = [
            (sale, each)
            for sale in desk.sales(merchant=merchant.name)
            for each in sale.happenings
            if each.act in NUMBERS and first <= each.at[:10] <= last
        ]
        ET.SubElement(header, "transactionCount").text = str(len(rows))
        row = ET.SubElement(body, "row")
        for sale, each in rows:
            _transaction(ET.SubElement(row, "transaction"), sale, each)
        return Response(ET.tostring(root), media_type="text/xml")


def _answer(sale: Sale, call: Call, *, status: int) -> dict[str, Any]:
    return {
        "status": status,
        "request_id": sale.reference,
        "external_references": call.at("external_references") or {},
        "transaction": {
            "id": sale.transaction,
            "amount": sale.amount,
            "currency": sale.currency,
            "datetime": sale.at,
        },
        "card": {"auth_code": "123456"} if sale.transaction else {},
        "payment_details_token": sale.token,
        "result": {"code": "1", "message": "OK"} if status == 1 else {},
    }


def _postback(merchant: Merchant, sale: Sale, happening: Happening) -> dict[str, str]:
    own = happening.act in {"refund", "chargeback", "renew_failed", "cancel"}
    declined = happening.act in {"decline", "renew_failed"}
    return {
        "transaction_id": happening.id if own else sale.transaction,
        "original_transaction_id": sale.transaction if own else "",
        "subscription_id": sale.parent or sale.reference,
        "merchant_reference": sale.order,
        "amount": happening.amount,
        "currency": sale.currency,
        "merchant_id": merchant.number,
        "site_id": sale.given.get("site", ""),
        "date_time": f"{datetime.fromisoformat(happening.at):%Y-%m-%d %H:%M:%S}",
        "payment_details_token": sale.token,
        "card_brand": sale.card.get("brand", ""),
        "bin": sale.card.get("bin", ""),
        "last_four": sale.card.get("last4", ""),
        "error_code": "5102" if declined else "",
        "error_message": "Declined by issuer" if declined else happening.reason,
    }


def _days(call: Call) -> tuple[str, str]:
    return call.query["startDate"], call.query["endDate"]


def _transaction(row: ET.Element, sale: Sale, each: Happening) -> None:
    own = each.act in {"refund", "chargeback"}
    row.set("id", each.id if own else sale.transaction)
    values: Mapping[str, str] = {
        "dateTime": each.at,
        "type": NUMBERS[each.act],
        "isNegative": "1" if own else "0",
        "isTest": "1",
        "siteID": sale.given.get("site", ""),
        "paymentMethodID": "1",
        "bin": sale.card.get("bin", ""),
        "lastFour": sale.card.get("last4", ""),
        "merchantReference": sale.order,
        "originalTransactionID": sale.transaction if own else "",
        "refundReason": each.reason,
    }
    for name, value in values.items():
        ET.SubElement(row, name).text = value
    for name in ("invoice", "displayed"):
        part = ET.SubElement(row, name)
        ET.SubElement(part, "amount").text = each.amount
        ET.SubElement(part, "currency").text = sale.currency
