"""CommerceGate: REST payment forms with encrypted callback signatures, the legacy refund and
the legacy ``#`` callback.

The public record is thin [C, one source each]; names in callbacks, reports and errors, and that
the signature comes in headers, are our choice [M].
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from starlette.responses import JSONResponse, Response

from sandbox.config import Merchant
from sandbox.delivery import Message, form
from sandbox.peers import money
from sandbox.peers.base import Desk, Handler, Peer, Reader
from sandbox.peers.call import Call, Refusal
from sandbox.state import Happening, Sale

API = "/commercegate/v1/api"
#: type, status and the callback's address of what is told by REST callbacks.
CALLBACKS = {
    "pay": ("SALE", "SUCCESS", "onSuccessUrl"),
    "decline": ("SALE", "FAILED", "onFailUrl"),
    "renew": ("REBILL", "SUCCESS", "onSubscriptionRecurringSuccessUrl"),
    "renew_failed": ("REBILL", "FAILED", "onSubscriptionRecurringFailUrl"),
    "cancel": ("CANCEL", "SUCCESS", "onSubscriptionCanceledUrl"),
}
LEGACY = {"refund": "REFUND", "void": "REFUND", "chargeback": "CHARGEBACK"}
STATUS = {
    "open": "PENDING",
    "pending": "PENDING",
    "paid": "APPROVED",
    "declined": "DECLINED",
    "voided": "REFUNDED",
    "charged_back": "CHARGEBACK",
}


def seal(body: str, key: str, vector: bytes) -> str:
    """Return AES-256-CBC of the MD5 hex text of the body, as hexadecimal digits."""
    text = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest().encode()
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(bytes.fromhex(key)), modes.CBC(vector)).encryptor()
    return (encryptor.update(padder.update(text) + padder.finalize())).hex()


class Commercegate(Peer):
    """See the module."""

    name = "commercegate"
    title = "CommerceGate"
    descriptor = "CGBILL.COM*FANZ"
    never = frozenset({"part_pay", "alert", "fraud_report", "dispute_won", "dispute_lost"})

    def calls(self) -> dict[str, Handler]:
        return {
            "/commercegate/v1/token": self._token,
            f"{API}/payment_form/configure": self._configure,
            f"{API}/signature": self._signature,
            f"{API}/subscription/{{order}}": self._cancel,
            f"{API}/reporting/order/{{order}}": self._order,
            f"{API}/reporting/orderByPaymentFormId/{{order}}": self._order,
            "/commercegate/legacy/api/customer/v2/refund": self._refund,
        }

    def pages(self) -> dict[str, Reader]:
        return {"/commercegate/form/{form}": self._page_of}

    def refuse(self, problem: Refusal) -> Response:
        return JSONResponse(
            {"status": "ERROR", "code": problem.code, "message": problem.text},
            status_code=problem.status,
        )

    def _token(self, desk: Desk, call: Call) -> Response:
        merchant = desk.merchant(login=call.text("login"), password=call.text("password"))
        token = desk.new_hex(40)
        desk.state.notes[f"commercegate:token:{token}"] = merchant.name
        return JSONResponse({"token": token, "expiresIn": 3600})

    def _caller(self, desk: Desk, call: Call) -> Merchant:
        kind, _, token = call.headers.get("authorization", "").partition(" ")
        name = desk.state.notes.get(f"commercegate:token:{token}", "")
        merchant = next((each for each in desk.merchants if each.name == name), None)
        if kind != "Bearer" or merchant is None:
            raise Refusal("credentials", "Unauthorized", status=401)
        given = call.text("MerchantInfo", "merchantId")
        if given and given != merchant.number:
            raise Refusal("merchant", "Unknown merchantId", status=403)
        return merchant

    def _configure(self, desk: Desk, call: Call) -> Response:
        merchant = self._caller(desk, call)
        currency = call.text("TransactionInfo", "currency")
        order = call.text("MerchantInfo", "externalId")
        site = call.text("MerchantInfo", "merchantWebsiteId")
        if not (currency and order and site and call.text("MerchantInfo", "merchantId")):
            raise Refusal("fields", "MerchantInfo and TransactionInfo are required.")
        recurring = call.at("TransactionInfo", "amountRecurring")
        sale = desk.open(
            merchant,
            order=order,
            amount=money.from_minor(call.at("TransactionInfo", "amount"), currency),
            currency=currency,
            given={
                "form": f"pf{desk.new_hex(20)}",
                "site": site,
                "success_url": call.text("ThreeDInfo", "redirectUrl"),
                "decline_url": call.text("ThreeDInfo", "redirectUrl"),
                "recurring_amount": money.from_minor(recurring, currency) if recurring else "",
                **{
                    name: call.text("Callbacks", name)
                    for _, _, name in CALLBACKS.values()
                    if call.text("Callbacks", name)
                },
            },
            again=False,
        )
        return JSONResponse(
            {
                "forwardUrl": f"{call.origin}/commercegate/form/{sale.given['form']}",
                "paymentFormId": sale.given["form"],
                "orderId": sale.reference,
                "qrUrl": "",
                "status": "CONFIGURED",
            }
        )

    def _page_of(self, desk: Desk, call: Call) -> Sale:
        for sale in desk.sales():
            if sale.given.get("form") == call.params["form"] and not sale.parent:
                return sale
        raise Refusal("not_found", "This page does not exist.", status=404)

    def back(self, desk: Desk, sale: Sale, *, approved: bool) -> str:
        url = super().back(desk, sale, approved=approved)
        joint = "&" if "?" in url else "?"
        status = "APPROVED" if approved else "DECLINED"
        return f"{url}{joint}orderId={sale.reference}&status={status}" if url else ""

    def _signature(self, desk: Desk, call: Call) -> Response:
        return JSONResponse({"securityKey": self._caller(desk, call).secrets["security_key"]})

    def _named(self, desk: Desk, call: Call) -> Sale:
        merchant, name = self._caller(desk, call), call.params["order"]
        for sale in desk.sales(merchant=merchant.name):
            if name in {sale.reference, sale.given.get("form")}:
                return sale
        raise Refusal("not_found", "Order not found", status=404)

    def _cancel(self, desk: Desk, call: Call) -> Response:
        sale = self._named(desk, call)
        try:
            desk.act("cancel", sale, reason=call.text("cancellationReason"))
        except Refusal:
            raise Refusal("already", "Subscription is already canceled", status=409) from None
        return JSONResponse({"orderId": sale.reference, "status": "CANCELED"})

    def _order(self, desk: Desk, call: Call) -> Response:
        sale = self._named(desk, call)
        return JSONResponse(
            {
                "orderId": sale.reference,
                "paymentFormId": sale.given["form"],
                "externalId": sale.order,
                "status": STATUS.get(sale.status, "PENDING"),
                "amount": money.minor(sale.amount, sale.currency),
                "currency": sale.currency,
                "refundedAmount": money.minor(sale.refunded, sale.currency),
                "transactions": [
                    {
                        "transactionId": each.id if each.act in LEGACY else sale.transaction,
                        "type": LEGACY.get(each.act) or CALLBACKS[each.act][0],
                        "status": "FAILED" if each.act == "decline" else "SUCCESS",
                        "amount": money.minor(each.amount, sale.currency),
                        "date": each.at,
                    }
                    for each in sale.happenings
                    if each.act in LEGACY or each.act in CALLBACKS
                ],
            }
        )

    def _refund(self, desk: Desk, call: Call) -> Response:
        asked = call.form
        try:
            merchant = desk.merchant(
                customer_id=asked.get("customerId", ""),
                customer_password=asked.get("password", ""),
            )
            sale = desk.sale(merchant, asked.get("transactionId", ""))
            happening = desk.act("refund", sale, amount=asked.get("amount", ""))
        except Refusal as problem:
            return JSONResponse({"status": "ERROR", "message": problem.text})
        return JSONResponse({"status": "OK", "transactionId": happening.id})

    def news(self, desk: Desk, sale: Sale, happening: Happening) -> Sequence[Message]:
        if happening.act in LEGACY:
            return [_legacy(desk.merchant_of(sale), sale, happening)]
        if happening.act not in CALLBACKS:
            return []
        merchant = desk.merchant_of(sale)
        kind, status, address = CALLBACKS[happening.act]
        own = happening.act in {"renew_failed", "cancel"}
        failed = status == "FAILED"
        told: dict[str, Any] = {
            "type": kind,
            "status": status,
            "orderId": sale.parent or sale.reference,
            "paymentFormId": sale.given["form"],
            "transactionId": happening.id if own else sale.transaction,
            "externalId": sale.order,
            "merchantId": merchant.number,
            "merchantWebsiteId": sale.given["site"],
            "amount": money.minor(happening.amount, sale.currency),
            "currency": sale.currency,
            "errorCode": "51" if failed else "",
            "errorMessage": "Insufficient funds" if failed else "",
            "date": happening.at,
        }
        body = json.dumps(told)
        vector = bytes.fromhex(desk.new_hex(32))
        head = {
            "signature": seal(body, merchant.secrets["security_key"], vector),
            "signatureInitVector": vector.hex(),
        }
        url = sale.given.get(address) or merchant.webhook_url
        return [Message(f"{kind}.{status}", url, body, headers=head, expected="success")]


def _legacy(merchant: Merchant, sale: Sale, happening: Happening) -> Message:
    """Word a refund or a chargeback as the callback of type "String": nineteen fields."""
    kind = LEGACY[happening.act]
    fields = (
        *(kind, happening.id, sale.transaction, "offer", "1", happening.amount, sale.currency),
        *("user", "", "", "", sale.card.get("country", ""), "", merchant.number),
        *(sale.given["site"], sale.order, sale.parent or sale.reference, "", ""),
    )
    return form(kind, merchant.webhook_url, {"message": "#".join(fields)}, expected="success")
