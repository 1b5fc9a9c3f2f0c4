"""Rapyd: signed calls and webhooks, hosted checkout, payments, refunds, disputes.

Facts: Rapyd's own Python SDK and omnipay-rapyd [D, C]; shapes of payment and dispute objects,
names of event types and the 60 seconds of the clock are from memory [M].
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import JSONResponse, Response

from sandbox.cards import Outcome
from sandbox.config import Merchant
from sandbox.delivery import Message
from sandbox.peers import acts, money
from sandbox.peers.base import Desk, Handler, Peer, Reader
from sandbox.peers.call import Call, Refusal
from sandbox.state import Happening, Sale

V = "/rapyd/v1"
SKEW_SECONDS = 60
SALT_LENGTHS = range(8, 17)
EVENTS = {
    "pay": "PAYMENT_COMPLETED",
    "decline": "PAYMENT_FAILED",
    "expire": "PAYMENT_EXPIRED",
    "void": "PAYMENT_CANCELED",
    "refund": "REFUND_COMPLETED",
    "chargeback": "PAYMENT_DISPUTE_CREATED",
    "alert": "PAYMENT_DISPUTE_CREATED",
    "dispute_won": "PAYMENT_DISPUTE_UPDATED",
    "dispute_lost": "PAYMENT_DISPUTE_UPDATED",
}
DISPUTES = {"chargeback": "ACT", "alert": "PRA", "dispute_won": "WIN", "dispute_lost": "LOS"}
STATUS = {
    "paid": "CLO",
    "charged_back": "CLO",
    "open": "NEW",
    "pending": "ACT",
    "declined": "ERR",
    "voided": "CAN",
    "cancelled": "EXP",
    "authorised": "ACT",
}


def signature(secrets: dict[str, str], *, of: str, salt: str, timestamp: str, body: str) -> str:
    """Return base64 of the hex text of HMAC-SHA256; ``of`` is method and path, or the URL."""
    access, secret = secrets["access_key"], secrets["secret_key"]
    text = of + salt + timestamp + access + secret + ("" if body == "{}" else body)
    made = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return base64.b64encode(made.encode()).decode()


class Rapyd(Peer):
    """See the module."""

    name = "rapyd"
    descriptor = "RAPYD*FANZ"
    never = frozenset({"renew", "cancel", "part_pay", "fraud_report"})

    def calls(self) -> dict[str, Handler]:
        return {
            f"{V}/checkout": self._checkout,
            f"{V}/checkout/{{reference}}": self._show_checkout,
            f"{V}/payments": self._payments,
            f"{V}/payments/{{payment}}": self._one_payment,
            f"{V}/refunds": self._refund,
        }

    def pages(self) -> dict[str, Reader]:
        return {"/rapyd/pay/{reference}": lambda desk, call: desk.known(call.params["reference"])}

    def new_id(self, desk: Desk, kind: str) -> str:
        prefix = {"sale": "checkout", "transaction": "payment", "token": "card"}.get(kind, "wh")
        return f"{prefix}_{desk.new_hex()}"

    def refuse(self, problem: Refusal) -> Response:
        codes = {"credentials": "UNAUTHENTICATED_API_CALL", "not_found": "ERROR_GET_PAYMENT"}
        code = codes.get(problem.code, problem.code.upper())
        status = {"error_code": code, "status": "ERROR", "message": problem.text}
        return JSONResponse(
            {"status": {**status, "response_code": code, "operation_id": "0"}},
            status_code=problem.status,
        )

    def _caller(self, desk: Desk, call: Call) -> Merchant:
        head = call.headers
        salt, timestamp = head.get("salt", ""), head.get("timestamp", "")
        merchant = desk.merchant(access_key=head.get("access_key", ""))
        fresh = timestamp.isdigit() and (
            abs(int(timestamp) - desk.now.timestamp()) <= SKEW_SECONDS
        )
        if len(salt) not in SALT_LENGTHS or not fresh:
            raise Refusal("credentials", "The salt or the timestamp is not valid.", status=401)
        expected = signature(
            merchant.secrets,
            of=call.method.lower() + call.target,
            salt=salt,
            timestamp=timestamp,
            body=call.body.decode(),
        )
        if not hmac.compare_digest(expected, head.get("signature", "")):
            raise Refusal("credentials", "The signature is not valid.", status=401)
        return merchant

    def _opened(self, desk: Desk, call: Call, merchant: Merchant) -> Sale:
        currency = call.text("currency")
        if len(currency) != 3:  # noqa: PLR2004 (ISO 4217)
            raise Refusal("missing_fields-[currency]")
        return desk.open(
            merchant,
            order=call.text("merchant_reference_id"),
            amount=money.amount(call.text("amount"), currency),
            currency=currency,
            given={
                "success_url": call.text("complete_checkout_url"),
                "decline_url": call.text("cancel_checkout_url"),
                "customer": call.text("customer"),
            },
            again=False,
        )

    def _checkout(self, desk: Desk, call: Call) -> Response:
        merchant = self._caller(desk, call)
        if not call.text("country"):
            raise Refusal("missing_fields-[country]")

        def make() -> Response:
            sale = self._opened(desk, call, merchant)
            return _ok(desk, self._page_of(sale, call))

        return desk.once(merchant, call.headers.get("idempotency", ""), call, make)

    def _page_of(self, sale: Sale, call: Call) -> dict[str, Any]:
        paid = {"paid": "DON", "charged_back": "DON", "cancelled": "EXP"}
        return {
            "id": sale.reference,
            "status": paid.get(sale.status, "NEW"),
            "amount": money.number(sale.amount),
            "currency": sale.currency,
            "merchant_reference_id": sale.order,
            "redirect_url": f"{call.origin}/rapyd/pay/{sale.reference}",
            "payment": _payment(sale) if sale.transaction else {"id": None},
        }

    def _show_checkout(self, desk: Desk, call: Call) -> Response:
        sale = desk.sale(self._caller(desk, call), call.params["reference"])
        return _ok(desk, self._page_of(sale, call))

    def _payments(self, desk: Desk, call: Call) -> Response:
        merchant = self._caller(desk, call)
        if call.method == "GET":
            order = call.query.get("merchant_reference_id", "")
            found = [s for s in desk.sales(merchant=merchant.name) if s.transaction]
            return _ok(desk, [_payment(s) for s in found if not order or s.order == order])

        def make() -> Response:
            card = self._card(desk, call, merchant)
            sale = self._opened(desk, call, merchant)
            sale.card = card
            if call.at("payment_method_options", "3d_required") is True:
                # 3-D Secure, played by the page: who pays there has proved who they are.
                sale.transaction = desk.new_id("transaction")
                page = f"{call.origin}/rapyd/pay/{sale.reference}"
                return _ok(desk, {**_payment(sale), "status": "ACT", "redirect_url": page})
            declined = card["outcome"] not in {Outcome.APPROVE, Outcome.TIMEOUT}
            desk.act("decline" if declined else "pay", sale)
            if declined:
                raise Refusal("ERROR_PROCESSING_CARD - [51]", "Insufficient funds.")
            return _ok(desk, _payment(sale))

        return desk.once(merchant, call.headers.get("idempotency", ""), call, make)

    def _card(self, desk: Desk, call: Call, merchant: Merchant) -> dict[str, str]:
        method = call.at("payment_method")
        if isinstance(method, dict):
            fields = method.get("fields") or {}
            if "applepay" in str(method.get("type")) or "googlepay" in str(method.get("type")):
                # Where the wallet's token stands is not published: anywhere in the method.
                given = method.get("digital_wallet") or any(fields.values())
                fields = {"number": acts.GOOD_CARD} if given else {}
            number = str(fields.get("number", ""))
            card = acts.card_of(self, number, "12/40", str(fields.get("name", "")))
            if card is None:
                raise Refusal("INVALID_CARD_NUMBER", "The card number is not valid.")
            return card
        for sale in desk.sales(merchant=merchant.name, token=str(method)):
            if sale.card and call.text("customer") in {_customer(sale), ""}:
                late = sale.card.get("holder", "").upper().startswith("LATER DECLINED")
                return {**sale.card, **({"outcome": Outcome.DECLINE} if late else {})}
        raise Refusal("ERROR_GET_PAYMENT_METHOD", "The payment method does not exist.")

    def _one_payment(self, desk: Desk, call: Call) -> Response:
        sale = desk.sale(self._caller(desk, call), call.params["payment"])
        if call.method == "DELETE":
            if sale.status == "paid":  # only what is not closed yet can be cancelled
                raise Refusal("ERROR_CANCEL_PAYMENT", "The payment cannot be canceled.")
            try:
                desk.act("void", sale)
            except Refusal:
                raise Refusal("ERROR_CANCEL_PAYMENT", "The payment cannot be canceled.") from None
        return _ok(desk, _payment(sale))

    def _refund(self, desk: Desk, call: Call) -> Response:
        merchant = self._caller(desk, call)

        def make() -> Response:
            sale = desk.sale(merchant, call.text("payment"))
            try:
                happening = desk.act(
                    "refund", sale, amount=call.text("amount"), reason=call.text("reason")
                )
            except Refusal as problem:
                code = "REFUND_AMOUNT_BIGGER_THAN_PAYMENT"
                raise Refusal(code, problem.text) from None
            return _ok(desk, _refunded(sale, happening))

        return desk.once(merchant, call.headers.get("idempotency", ""), call, make)

    def news(self, desk: Desk, sale: Sale, happening: Happening) -> Sequence[Message]:
        kind = EVENTS.get(happening.act)
        if kind is None:
            return []
        merchant = desk.merchant_of(sale)
        if happening.act == "refund":
            data = _refunded(sale, happening)
        elif happening.act in DISPUTES:
            data = _dispute(sale, happening)
        else:
            data = _payment(sale)
        now = int(desk.now.timestamp())
        body = json.dumps(
            {
                "id": f"wh_{desk.new_hex()}",
                "type": kind,
                "data": data,
                "trigger_operation_id": desk.new_hex(),
                "status": "NEW",
                "created_at": now,
            },
            separators=(",", ":"),
        )
        salt, stamp = desk.new_hex(12), str(now)
        signed = signature(
            merchant.secrets, of=merchant.webhook_url, salt=salt, timestamp=stamp, body=body
        )
        head = {"salt": salt, "timestamp": stamp, "signature": signed}
        return [Message(kind, merchant.webhook_url, body, headers=head)]


def _ok(desk: Desk, data: object) -> Response:
    status = {"error_code": "", "status": "SUCCESS", "message": "", "response_code": ""}
    return JSONResponse({"status": {**status, "operation_id": desk.new_hex()}, "data": data})


def _customer(sale: Sale) -> str:
    own = sale.given.get("customer")
    return own or f"cus_{hashlib.sha256(sale.token.encode()).hexdigest()[:32]}"


def _payment(sale: Sale) -> dict[str, Any]:
    declined = sale.status == "declined"
    return {
        "id": sale.transaction or None,
        "amount": money.number(sale.amount),
        "original_amount": money.number(sale.amount),
        "currency_code": sale.currency,
        "status": STATUS[sale.status],
        "paid": sale.status in {"paid", "charged_back"},
        "captured": sale.status == "paid",
        "merchant_reference_id": sale.order,
        "checkout_id": sale.reference if sale.reference.startswith("checkout") else None,
        "customer_token": _customer(sale) if sale.token else None,
        "payment_method": sale.token or None,
        "payment_method_data": _method(sale),
        "refunded": sale.refunded != "0",
        "refunded_amount": money.number(sale.refunded),
        "failure_code": "ERROR_PROCESSING_CARD - [51]" if declined else "",
        "failure_message": "Insufficient funds." if declined else "",
        "created_at": _unix(sale.at),
    }


def _method(sale: Sale) -> dict[str, Any]:
    card = sale.card
    if not card:
        return {}
    return {
        "id": sale.token or None,
        "type": f"us_{card['brand'].lower()}_card",
        "category": "card",
        "last4": card["last4"],
        "expiration_month": card["month"],
        "expiration_year": card["year"][-2:],
        "fingerprint_token": f"ocfp_{card['fingerprint']}",
        "bin_details": {
            "brand": card["brand"],
            "bin_number": card["bin"],
            "country": card["country"],
        },
    }


def _refunded(sale: Sale, happening: Happening) -> dict[str, Any]:
    return {
        "id": f"refund_{happening.id.removeprefix('wh_')}",
        "amount": money.number(happening.amount),
        "currency": sale.currency,
        "payment": sale.transaction,
        "status": "Completed",
        "reason": happening.reason,
        "failure_reason": "",
        "merchant_reference_id": sale.order,
        "created_at": _unix(happening.at),
    }


def _dispute(sale: Sale, happening: Happening) -> dict[str, Any]:
    due = datetime.fromisoformat(happening.at) + timedelta(days=10)
    return {
        "id": f"dispute_{acts.case_of(sale, happening).removeprefix('wh_')}",
        "token": f"dispute_{acts.case_of(sale, happening).removeprefix('wh_')}",
        "status": DISPUTES[happening.act],
        "amount": money.number(happening.amount),
        "currency": sale.currency,
        "original_transaction_id": sale.transaction,
        "merchant_reference_id": sale.order,
        "dispute_category": "Fraud",
        "dispute_reason_description": happening.reason or "Fraudulent transaction",
        "due_date": int(due.timestamp()),
        "created_at": _unix(happening.at),
    }


def _unix(at: str) -> int:
    return int(datetime.fromisoformat(at).timestamp())
