"""BTCPay Server, Greenfield API: invoices, a page with buttons, signed webhooks, pull payments.

Facts: BTCPay Server's own API description and PHP client [D].
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from starlette.responses import JSONResponse, Response

from sandbox.config import Merchant
from sandbox.delivery import Message
from sandbox.peers import money
from sandbox.peers.base import NEVER_WITH_COINS, Desk, Handler, Peer, Reader
from sandbox.peers.call import Call, Refusal
from sandbox.state import Happening, Sale

STORE = "/btcpay/api/v1/stores/{store}"
MINUTES = 15
#: Dollars for a bitcoin here, its smallest part, and an address of the test vectors (BIP-173).
RATE, SATOSHI = Decimal(64_000), Decimal("0.00000001")
ADDRESS_OF_NOBODY = "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"
STATUS = {
    "open": "New",
    "pending": "New",
    "paid": "Settled",
    "cancelled": "Expired",
    "declined": "Invalid",
}
#: Webhook types in the order they come, with their own fields.
TYPES: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "pay": (
        ("InvoiceReceivedPayment", {"afterExpiration": False, "paymentMethodId": "BTC-CHAIN"}),
        ("InvoiceProcessing", {"overPaid": False}),
        ("InvoiceSettled", {"manuallyMarked": False, "overPaid": False}),
    ),
    "part_pay": (
        ("InvoiceReceivedPayment", {"afterExpiration": False, "paymentMethodId": "BTC-CHAIN"}),
    ),
    "expire": (("InvoiceExpired", {"partiallyPaid": False}),),
    "decline": (("InvoiceInvalid", {"manuallyMarked": False}),),
}


class Btcpay(Peer):
    """See the module."""

    name = "btcpay"
    title = "BTCPay"
    never = NEVER_WITH_COINS
    buttons = (
        ("pay", "Pay the invoice"),
        ("part_pay", "Pay a part"),
        ("expire", "Let it expire"),
        ("decline", "Pay with a coin that turns out invalid"),
    )

    def calls(self) -> dict[str, Handler]:
        return {
            f"{STORE}/invoices": self._invoices,
            f"{STORE}/invoices/{{invoice}}": self._invoice,
            f"{STORE}/invoices/{{invoice}}/payment-methods": self._methods,
            f"{STORE}/invoices/{{invoice}}/refund": self._refund,
            f"{STORE}/invoices/{{invoice}}/status": self._mark,
        }

    def pages(self) -> dict[str, Reader]:
        return {"/btcpay/i/{reference}": lambda desk, call: desk.known(call.params["reference"])}

    def new_id(self, desk: Desk, kind: str) -> str:
        return desk.new_hex(22)

    def refuse(self, problem: Refusal) -> Response:
        if problem.code == "amount":
            problem = Refusal("validation", problem.text, status=422)
        if problem.status == 422:  # noqa: PLR2004
            return JSONResponse([{"path": problem.code, "message": problem.text}], status_code=422)
        codes = {"credentials": "unauthenticated", "not_found": "invoice-not-found"}
        return JSONResponse(
            {"code": codes.get(problem.code, problem.code), "message": problem.text},
            status_code=problem.status,
        )

    def _caller(self, desk: Desk, call: Call) -> Merchant:
        kind, _, key = call.headers.get("authorization", "").partition(" ")
        if kind.lower() != "token":
            raise Refusal("credentials", "Authentication is required.", status=401)
        merchant = desk.merchant(api_key=key)
        if merchant.number != call.params["store"]:
            raise Refusal("missing-permission", "Insufficient API permissions.", status=403)
        return merchant

    def _invoices(self, desk: Desk, call: Call) -> Response:
        merchant = self._caller(desk, call)
        if call.method == "GET":
            order = call.query.get("orderId", "")
            found = desk.sales(merchant=merchant.name, **({"order": order} if order else {}))
            return JSONResponse([self._shown(sale, merchant, call) for sale in found])
        currency = call.text("currency") or "USD"
        sale = desk.open(
            merchant,
            order=call.text("metadata", "orderId"),
            amount=money.amount(call.text("amount"), currency),
            currency=currency,
            given={
                "success_url": call.text("checkout", "redirectURL"),
                "decline_url": call.text("checkout", "redirectURL"),
                "metadata": json.dumps(call.at("metadata") or {}, default=str),
                "minutes": call.text("checkout", "expirationMinutes") or str(MINUTES),
            },
            again=False,
        )
        desk.tell(sale, [self._message(desk, sale, "InvoiceCreated", {})])
        return JSONResponse(self._shown(sale, merchant, call))

    def _invoice(self, desk: Desk, call: Call) -> Response:
        merchant = self._caller(desk, call)
        sale = desk.sale(merchant, call.params["invoice"])
        return JSONResponse(self._shown(sale, merchant, call))

    def _methods(self, desk: Desk, call: Call) -> Response:
        """One coin for a page of the shop's own: names are from memory [M]."""
        sale = desk.sale(self._caller(desk, call), call.params["invoice"])
        coins = (Decimal(sale.amount) / RATE).quantize(SATOSHI)
        paid = coins if sale.status == "paid" else Decimal(0)
        address = ADDRESS_OF_NOBODY
        return JSONResponse(
            [
                {
                    "activated": True,
                    "paymentMethodId": "BTC-CHAIN",
                    "currency": "BTC",
                    "destination": address,
                    "paymentLink": f"bitcoin:{address}?amount={coins}",
                    "rate": str(RATE),
                    "amount": str(coins),
                    "totalPaid": str(paid),
                    "due": str(coins - paid),
                }
            ]
        )

    def _mark(self, desk: Desk, call: Call) -> Response:
        merchant = self._caller(desk, call)
        sale = desk.sale(merchant, call.params["invoice"])
        wanted = {"Invalid": "decline", "Settled": "pay"}.get(call.text("status"))
        if wanted is None or sale.status == "paid":
            raise Refusal("status", "Status can only be marked to invalid or settled.", status=422)
        desk.act(wanted, sale)
        return JSONResponse(self._shown(sale, merchant, call))

    def _refund(self, desk: Desk, call: Call) -> Response:
        merchant = self._caller(desk, call)
        sale = desk.sale(merchant, call.params["invoice"])
        variant = call.text("refundVariant")
        if variant not in {"CurrentRate", "RateThen", "Fiat", "Custom", "OverpaidAmount"}:
            raise Refusal("refundVariant", "The refund variant is not valid.", status=422)
        amount = call.text("customAmount") if variant == "Custom" else ""
        if variant == "Custom" and call.text("customCurrency") != sale.currency:
            raise Refusal("customCurrency", "The currency is not supported here.", status=422)
        try:
            happening = desk.act("refund", sale, amount=amount)
        except Refusal as problem:
            raise Refusal("non-refundable", problem.text, status=400) from None
        return JSONResponse(
            {
                "id": happening.id,
                "name": call.text("name") or f"Refund {sale.reference}",
                "currency": sale.currency,
                "amount": happening.amount,
                "viewLink": f"{call.origin}/btcpay/pull-payments/{happening.id}",
                "archived": False,
            }
        )

    def _shown(self, sale: Sale, merchant: Merchant, call: Call) -> dict[str, Any]:
        at = datetime.fromisoformat(sale.at)
        ends = at + timedelta(minutes=int(sale.given["minutes"]))
        partly = any(each.act == "part_pay" for each in sale.happenings)
        return {
            "id": sale.reference,
            "storeId": merchant.number,
            "amount": sale.amount,
            "currency": sale.currency,
            "type": "Standard",
            "checkoutLink": f"{call.origin}/btcpay/i/{sale.reference}",
            "createdTime": int(at.timestamp()),
            "expirationTime": int(ends.timestamp()),
            "status": STATUS.get(sale.status, "Settled"),
            "additionalStatus": "PaidPartial" if partly and sale.status != "paid" else "None",
            "metadata": json.loads(sale.given["metadata"]),
        }

    def back(self, desk: Desk, sale: Sale, *, approved: bool) -> str:
        return sale.given.get("success_url", "")

    def news(self, desk: Desk, sale: Sale, happening: Happening) -> Sequence[Message]:
        told = TYPES.get(happening.act, ())
        if happening.act == "expire" and any(h.act == "part_pay" for h in sale.happenings):
            told = (("InvoiceExpired", {"partiallyPaid": True}),)
        return [self._message(desk, sale, kind, more) for kind, more in told]

    def _message(self, desk: Desk, sale: Sale, kind: str, more: dict[str, Any]) -> Message:
        merchant = desk.merchant_of(sale)
        number = desk.new_hex(22)
        body = json.dumps(
            {
                **more,
                "deliveryId": number,
                "webhookId": hashlib.sha256(merchant.name.encode()).hexdigest()[:22],
                "originalDeliveryId": number,
                "isRedelivery": False,
                "type": kind,
                "timestamp": int(desk.now.timestamp()),
                "storeId": merchant.number,
                "invoiceId": sale.reference,
                "metadata": json.loads(sale.given["metadata"]),
            }
        )
        secret = merchant.secrets["webhook_secret"].encode()
        signed = hmac.new(secret, body.encode(), hashlib.sha256).hexdigest()
        return Message(
            kind, merchant.webhook_url, body, headers={"BTCPay-Sig": f"sha256={signed}"}
        )
