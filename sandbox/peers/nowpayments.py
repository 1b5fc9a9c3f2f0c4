"""NOWPayments: invoices in coins, IPN signed over sorted JSON. Facts: its own Node SDK [D]."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from sandbox.config import Merchant
from sandbox.delivery import Message
from sandbox.peers import money
from sandbox.peers.base import NEVER_WITH_COINS, Desk, Handler, Peer, Reader
from sandbox.peers.call import Call, Refusal
from sandbox.state import Happening, Sale

V = "/nowpayments/v1"
#: payment_status in the order the IPNs come.
STATUSES = {
    "pay": ("confirming", "confirmed", "sending", "finished"),
    "part_pay": ("partially_paid",),
    "expire": ("expired",),
    "decline": ("failed",),
    "refund": ("refunded",),
}
NOW = {
    "open": "waiting",
    "pending": "partially_paid",
    "paid": "finished",
    "cancelled": "expired",
    "declined": "failed",
}


class Nowpayments(Peer):
    """See the module."""

    name = "nowpayments"
    title = "NOWPayments"
    never = NEVER_WITH_COINS
    buttons = (
        ("pay", "Pay the invoice"),
        ("part_pay", "Pay a part"),
        ("expire", "Let it expire"),
        ("decline", "Pay with a coin that fails"),
    )

    def calls(self) -> dict[str, Handler]:
        return {
            f"{V}/status": lambda desk, call: JSONResponse({"message": "OK"}),
            f"{V}/auth": self._auth,
            f"{V}/invoice": self._invoice,
            f"{V}/payment": self._list,
            f"{V}/payment/": self._list,
            f"{V}/payment/{{payment}}": self._payment,
        }

    def pages(self) -> dict[str, Reader]:
        return {
            "/nowpayments/payment/{reference}": lambda desk, call: desk.known(
                call.params["reference"]
            )
        }

    def new_id(self, desk: Desk, kind: str) -> str:
        first = {"sale": 6_060_000_000, "transaction": 5_170_000_000}.get(kind, 4_910_000_000)
        return str(first + desk.state.next_serial())

    def refuse(self, problem: Refusal) -> Response:
        codes = {"credentials": (403, "INVALID_API_KEY"), "not_found": (404, "PAYMENT_NOT_FOUND")}
        status, code = codes.get(problem.code, (400, "BAD_REQUEST"))
        body = {"status": False, "statusCode": status, "code": code, "message": problem.text}
        return JSONResponse(body, status_code=status)

    def _caller(self, desk: Desk, call: Call) -> Merchant:
        return desk.merchant(api_key=call.headers.get("x-api-key", ""))

    def _auth(self, desk: Desk, call: Call) -> Response:
        merchant = desk.merchant(email=call.text("email"), password=call.text("password"))
        token = desk.new_hex(48)
        desk.state.notes[f"nowpayments:bearer:{token}"] = merchant.name
        return JSONResponse({"token": token})

    def _invoice(self, desk: Desk, call: Call) -> Response:
        merchant = self._caller(desk, call)
        currency = call.text("price_currency").upper()
        if not currency:
            raise Refusal("fields", "price_currency is required")
        sale = desk.open(
            merchant,
            order=call.text("order_id"),
            amount=money.amount(call.text("price_amount"), currency),
            currency=currency,
            given={
                "success_url": call.text("success_url"),
                "decline_url": call.text("cancel_url"),
                "ipn": call.text("ipn_callback_url"),
                "description": call.text("order_description"),
                "pay_currency": call.text("pay_currency") or "btc",
            },
            again=False,
        )
        return JSONResponse(
            {
                "id": sale.reference,
                "token_id": desk.new_id("event"),
                "order_id": sale.order,
                "order_description": sale.given["description"],
                "price_amount": sale.amount,
                "price_currency": currency,
                "pay_currency": None,
                "ipn_callback_url": sale.given["ipn"],
                "invoice_url": f"{call.origin}/nowpayments/payment/{sale.reference}",
                "success_url": sale.given["success_url"],
                "cancel_url": sale.given["decline_url"],
                "created_at": sale.at,
                "updated_at": sale.at,
            }
        )

    def _list(self, desk: Desk, call: Call) -> Response:
        merchant = self._caller(desk, call)
        kind, _, bearer = call.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or (
            desk.state.notes.get(f"nowpayments:bearer:{bearer}") != merchant.name
        ):
            body = {"status": False, "statusCode": 401, "code": "AUTH_REQUIRED"}
            return JSONResponse({**body, "message": "Bearer token required"}, status_code=401)
        invoice, order = (call.query.get(name, "") for name in ("invoiceId", "orderId"))
        found = [
            _payment(sale)
            for sale in desk.sales(merchant=merchant.name)
            if sale.transaction and invoice in {"", sale.reference} and order in {"", sale.order}
        ]
        limit, page = int(call.query.get("limit", "10")), int(call.query.get("page", "0"))
        rows = found[page * limit : (page + 1) * limit]
        return JSONResponse({"data": rows, "limit": limit, "page": page, "total": len(found)})

    def _payment(self, desk: Desk, call: Call) -> Response:
        sale = desk.sale(self._caller(desk, call), call.params["payment"])
        if call.params["payment"] != sale.transaction:
            raise Refusal("not_found", "Payment not found")
        return JSONResponse(_payment(sale))

    def news(self, desk: Desk, sale: Sale, happening: Happening) -> Sequence[Message]:
        sale.given.setdefault("purchase", desk.new_id("event"))
        return [self._ipn(desk, sale, status) for status in STATUSES.get(happening.act, ())]

    def _ipn(self, desk: Desk, sale: Sale, status: str) -> Message:
        merchant = desk.merchant_of(sale)
        told = {**_payment(sale), "payment_status": status}
        told["updated_at"] = int(desk.now.timestamp() * 1000)
        canonical = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        secret = merchant.secrets["ipn_secret"].strip().encode()
        signed = hmac.new(secret, canonical.encode(), hashlib.sha512).hexdigest()
        body = json.dumps(told, separators=(",", ":"), ensure_ascii=False)
        url = sale.given["ipn"] or merchant.webhook_url
        return Message(f"ipn.{status}", url, body, headers={"x-nowpayments-sig": signed})


def _payment(sale: Sale) -> dict[str, Any]:
    price = money.number(sale.amount)
    paid = {"paid": price, "pending": price / 2}.get(sale.status, 0)
    at = int(datetime.fromisoformat(sale.at).timestamp() * 1000)
    return {
        "actually_paid": paid,
        "actually_paid_at_fiat": paid,
        "fee": {"currency": "btc", "depositFee": 0.01, "serviceFee": 0.00385, "withdrawalFee": 0},
        "invoice_id": int(sale.reference),
        "order_description": sale.given["description"] or None,
        "order_id": sale.order,
        "outcome_amount": 0.76615,
        "outcome_currency": "btc",
        "parent_payment_id": None,
        "pay_address": "bc1qvyq0cc6rahyvsazfdje0twl7ez82ndmuac2lhv",
        "pay_amount": price,
        "pay_currency": sale.given["pay_currency"],
        "payin_extra_id": None,
        "payment_extra_ids": None,
        "payment_id": int(sale.transaction),
        "payment_status": NOW.get(sale.status, "finished"),
        "price_amount": price,
        "price_currency": sale.currency.lower(),
        "purchase_id": sale.given.get("purchase", ""),
        "created_at": at,
        "updated_at": at,
    }
