"""Adyen: Checkout API, hosted links, asynchronous modifications, signed standard webhooks.

Facts: Adyen's own Python library [D]. From memory and so our choice [M]: the answers' shapes,
the refusal by a holder's name, which event follows which act.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from starlette.responses import JSONResponse, Response

from sandbox.cards import Card, Outcome
from sandbox.config import Merchant
from sandbox.delivery import Message
from sandbox.peers import acts, money
from sandbox.peers.base import Desk, Handler, Peer, Reader
from sandbox.peers.call import Call, Refusal
from sandbox.state import Happening, Sale

V = "/adyen/v71"
LONGEST_KEY = 64
WALLETS = {"applepay": "applePayToken", "googlepay": "googlePayToken"}
EVENTS = {
    "pay": "AUTHORISATION",
    "decline": "AUTHORISATION",
    "expire": "OFFER_CLOSED",
    "refund": "REFUND",
    "void": "CANCELLATION",
    "alert": "NOTIFICATION_OF_CHARGEBACK",
    "chargeback": "CHARGEBACK",
    "dispute_won": "CHARGEBACK_REVERSED",
    "dispute_lost": "DISPUTE_DEFENSE_PERIOD_ENDED",
    "fraud_report": "NOTIFICATION_OF_FRAUD",
}
DISPUTE = {
    "alert": "Undefended",
    "chargeback": "Undefended",
    "dispute_won": "Won",
    "dispute_lost": "Lost",
}
#: Card tests by holder name, as at Adyen.
REASONS = {"NOT_ENOUGH_BALANCE": "Not enough balance", "CARD_EXPIRED": "Expired Card"}
LINK_STATUS = {"open": "active", "pending": "paymentPending", "cancelled": "expired"}


def signature(item: Mapping[str, Any], key: str) -> str:
    """Return base64 of HMAC-SHA256 over the eight values, joined with colons, unescaped."""
    amount = item["amount"]
    values = (
        item["pspReference"],
        item.get("originalReference", ""),
        item["merchantAccountCode"],
        item["merchantReference"],
        str(amount["value"]),
        amount["currency"],
        item["eventCode"],
        item["success"],
    )
    made = hmac.new(bytes.fromhex(key), ":".join(values).encode(), hashlib.sha256)
    return base64.b64encode(made.digest()).decode()


class Adyen(Peer):
    """See the module."""

    name = "adyen"
    descriptor = "ADYEN*FANZ"
    cards = (Card("5555444433331111", Outcome.APPROVE, "Approved (Mastercard)"),)
    #: We charge renewals ourselves; there is nothing to cancel.
    never = frozenset({"renew", "cancel", "part_pay"})

    def calls(self) -> dict[str, Handler]:
        return {
            f"{V}/paymentLinks": self._link,
            f"{V}/paymentLinks/{{reference}}": self._show_link,
            f"{V}/sessions": self._link,
            f"{V}/sessions/{{reference}}": self._show_link,
            f"{V}/payments": self._payment,
            f"{V}/payments/{{psp}}/{{change}}": self._modify,
            f"{V}/paymentMethods": self._methods,
        }

    def pages(self) -> dict[str, Reader]:
        return {"/adyen/pay/{reference}": lambda desk, call: desk.known(call.params["reference"])}

    def new_id(self, desk: Desk, kind: str) -> str:
        if kind == "sale":
            return f"PL{desk.new_hex(16).upper()}"
        return desk.new_hex(16).upper()

    def refuse(self, problem: Refusal) -> Response:
        known = {
            "credentials": (401, "000", "security", "HTTP Status Response - Unauthorized"),
            "account": (403, "901", "security", "Invalid Merchant Account"),
            "idempotency": (422, "704", "validation", "request already processed or in progress"),
            "not_found": (422, "167", "validation", "Original pspReference required"),
        }
        status, code, kind, text = known.get(
            problem.code, (422, "130", "validation", problem.text)
        )
        return JSONResponse(
            {"status": status, "errorCode": code, "message": text, "errorType": kind},
            status_code=status,
        )

    def _caller(self, desk: Desk, call: Call) -> Merchant:
        merchant = desk.merchant(api_key=call.headers.get("x-api-key", ""))
        if call.method == "POST" and call.text("merchantAccount") != merchant.number:
            raise Refusal("account")
        if len(call.headers.get("idempotency-key", "")) > LONGEST_KEY:
            raise Refusal("idempotency-key", "The idempotency key is too long.")
        return merchant

    def _key(self, call: Call) -> str:
        return call.headers.get("idempotency-key", "")

    def _opened(self, desk: Desk, call: Call, merchant: Merchant) -> Sale:
        currency, order = call.text("amount", "currency"), call.text("reference")
        if len(currency) != 3 or not order:  # noqa: PLR2004 (ISO 4217)
            raise Refusal("fields", "Required field 'reference' or 'amount' is not provided.")
        return desk.open(
            merchant,
            order=order,
            amount=money.from_minor(call.at("amount", "value"), currency),
            currency=currency,
            given={
                "success_url": call.text("returnUrl"),
                "decline_url": call.text("returnUrl"),
                "shopper": call.text("shopperReference"),
                "keep": call.text("storePaymentMethod") or call.text("storePaymentMethodMode"),
            },
            again=False,
        )

    def _link(self, desk: Desk, call: Call) -> Response:
        merchant = self._caller(desk, call)

        def make() -> Response:
            sale = self._opened(desk, call, merchant)
            body = {
                "id": sale.reference,
                "amount": call.at("amount"),
                "merchantAccount": merchant.number,
                "reference": sale.order,
                "returnUrl": call.text("returnUrl"),
                "expiresAt": (desk.now + timedelta(hours=24)).isoformat(),
                "url": f"{call.origin}/adyen/pay/{sale.reference}",
            }
            if call.path.endswith("/sessions"):
                body |= {"mode": "hosted", "sessionData": desk.new_hex(64)}
            else:
                body["status"] = "active"
            return JSONResponse(body, status_code=201)

        return desk.once(merchant, self._key(call), call, make)

    def _show_link(self, desk: Desk, call: Call) -> Response:
        merchant = self._caller(desk, call)
        sale = desk.sale(merchant, call.params["reference"])
        status = LINK_STATUS.get(sale.status, "completed")
        if sale.status == "declined":
            status = "active"
        return JSONResponse(
            {
                "id": sale.reference,
                "reference": sale.order,
                "merchantAccount": merchant.number,
                "amount": {
                    "value": money.minor(sale.amount, sale.currency),
                    "currency": sale.currency,
                },
                "status": status,
            }
        )

    def back(self, desk: Desk, sale: Sale, *, approved: bool) -> str:
        url = super().back(desk, sale, approved=approved)
        joint = "&" if "?" in url else "?"
        return f"{url}{joint}redirectResult={desk.new_hex(24)}" if url else ""

    def _methods(self, desk: Desk, call: Call) -> Response:
        self._caller(desk, call)
        kinds = [{"type": name, "name": name} for name in ("scheme", *WALLETS)]
        return JSONResponse({"paymentMethods": kinds})

    def _payment(self, desk: Desk, call: Call) -> Response:
        merchant = self._caller(desk, call)

        def make() -> Response:
            sale = self._opened(desk, call, merchant)
            sale.card = self._card(desk, call, merchant)
            if call.text("authenticationData", "attemptAuthentication") == "always":
                return self._asks_first(desk, call, sale)
            declined = sale.card["outcome"] not in {Outcome.APPROVE, Outcome.TIMEOUT}
            desk.act("decline" if declined else "pay", sale)
            body = {
                "pspReference": sale.transaction,
                "resultCode": "Refused" if declined else "Authorised",
                "merchantReference": sale.order,
                "amount": call.at("amount"),
                "additionalData": _card_data(sale),
            }
            if declined:
                body |= {"refusalReason": _reason(sale), "refusalReasonCode": "2"}
            return JSONResponse(body)

        return desk.once(merchant, self._key(call), call, make)

    def _asks_first(self, desk: Desk, call: Call, sale: Sale) -> Response:
        """3-D Secure, played by the page: who pays there has proved who they are."""
        sale.transaction = desk.new_id("transaction")
        return JSONResponse(
            {
                "pspReference": sale.transaction,
                "resultCode": "RedirectShopper",
                "merchantReference": sale.order,
                "action": {
                    "type": "redirect",
                    "method": "GET",
                    "url": f"{call.origin}/adyen/pay/{sale.reference}",
                },
            }
        )

    def _card(self, desk: Desk, call: Call, merchant: Merchant) -> dict[str, str]:
        """Return the card behind a stored token, an encrypted number or a wallet's token."""
        method = call.at("paymentMethod") or {}
        kind = str(method.get("type", ""))
        stored = method.get("storedPaymentMethodId") or method.get("recurringDetailReference")
        if stored:
            if not call.text("shopperReference"):
                raise Refusal("shopper", "Required field 'shopperReference' is not provided.")
            for sale in desk.sales(merchant=merchant.name, token=str(stored)):
                if sale.card:
                    return _later(sale.card)
            raise Refusal("token", "Invalid stored payment method.")
        if kind in WALLETS and method.get(WALLETS[kind]):
            card = acts.card_of(self, acts.GOOD_CARD, "12/40", "")
        else:
            number = str(method.get("encryptedCardNumber", "")).removeprefix("test_")
            expiry = str(method.get("encryptedExpiryMonth", "")).removeprefix("test_")
            year = str(method.get("encryptedExpiryYear", "")).removeprefix("test_")
            card = acts.card_of(
                self, number, f"{expiry}/{year}", str(method.get("holderName", ""))
            )
        if card is None:
            raise Refusal("card", "Invalid card number")
        return card

    def _modify(self, desk: Desk, call: Call) -> Response:
        merchant, change = self._caller(desk, call), call.params["change"]
        act = {"refunds": "refund", "cancels": "void", "reversals": "void"}.get(change)
        if act is None:
            raise Refusal("change", "Unknown modification")

        def make() -> Response:
            sale = desk.sale(merchant, call.params["psp"])
            amount = ""
            if act == "refund":
                if call.text("amount", "currency") != sale.currency:
                    raise Refusal("currency", "The currency is not that of the payment.")
                amount = money.from_minor(call.at("amount", "value"), sale.currency)
            psp = self._asked(desk, sale, act, amount, call.text("reference"))
            body = {
                "paymentPspReference": sale.transaction,
                "pspReference": psp,
                "reference": call.text("reference"),
                "merchantAccount": merchant.number,
                "status": "received",
            }
            return JSONResponse(body, status_code=201)

        return desk.once(merchant, self._key(call), call, make)

    def _asked(self, desk: Desk, sale: Sale, act: str, amount: str, reference: str) -> str:
        """Do a modification, or tell later that it failed; return its own pspReference."""
        try:
            return desk.act(act, sale, amount=amount, reason=reference).id
        except Refusal as problem:
            failed = Happening(
                desk.new_id("event"), act, amount or sale.amount, desk.now.isoformat(), reference
            )
            item = self._item(desk, sale, failed)
            reason = "Insufficient balance on payment" if act == "refund" else problem.text
            desk.tell(
                sale, [self._signed(desk, sale, item | {"success": "false", "reason": reason})]
            )
            return failed.id

    def news(self, desk: Desk, sale: Sale, happening: Happening) -> Sequence[Message]:
        if happening.act not in EVENTS:
            return []
        return [self._signed(desk, sale, self._item(desk, sale, happening))]

    def _item(self, desk: Desk, sale: Sale, happening: Happening) -> dict[str, Any]:
        own = happening.act not in {"pay", "decline"}
        reason = happening.reason
        if happening.act == "pay":
            reason = f"123456:{sale.card.get('last4', '')}:12/2040"
        elif happening.act == "decline":
            reason = _reason(sale)
        return {
            "additionalData": _card_data(sale) | _dispute_data(desk, sale, happening),
            "amount": {
                "currency": sale.currency,
                "value": money.minor(happening.amount, sale.currency),
            },
            "eventCode": EVENTS[happening.act],
            "eventDate": happening.at,
            "merchantAccountCode": desk.merchant_of(sale).number,
            "merchantReference": sale.order,
            "originalReference": sale.transaction if own else "",
            "paymentMethod": sale.card.get("brand", "visa").lower(),
            "pspReference": _case(sale, happening) if own else sale.transaction,
            "reason": reason,
            "success": "false" if happening.act == "decline" else "true",
        }

    def _signed(self, desk: Desk, sale: Sale, item: dict[str, Any]) -> Message:
        merchant = desk.merchant_of(sale)
        if not item["originalReference"]:
            del item["originalReference"]
        signed = signature(item, merchant.secrets["hmac_key"])
        item["additionalData"] = {**item["additionalData"], "hmacSignature": signed}
        body = {"live": "false", "notificationItems": [{"NotificationRequestItem": item}]}
        login = f"{merchant.secrets['webhook_username']}:{merchant.secrets['webhook_password']}"
        return Message(
            item["eventCode"],
            merchant.webhook_url,
            json.dumps(body),
            headers={"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"},
        )


def _case(sale: Sale, happening: Happening) -> str:
    return acts.case_of(sale, happening) if happening.act in DISPUTE else happening.id


def _later(card: Mapping[str, str]) -> dict[str, str]:
    """Return a stored card as it is charged later: some names decline only then."""
    late = card.get("holder", "").upper().startswith("LATER DECLINED")
    return {**card, "outcome": Outcome.DECLINE if late else card["outcome"]}


def _reason(sale: Sale) -> str:
    return REASONS.get(sale.card.get("holder", "").upper(), "Refused")


def _card_data(sale: Sale) -> dict[str, str]:
    card = sale.card
    if not card:
        return {}
    data = {
        "cardSummary": card["last4"],
        "cardBin": card["bin"],
        "expiryDate": f"{card['month']}/{card['year']}",
        "paymentMethod": card["brand"].lower(),
        "alias": card["fingerprint"][:16].upper(),
        "cardIssuingCountry": card["country"],
    }
    if sale.token and sale.given.get("shopper"):
        data["recurring.recurringDetailReference"] = sale.token
        data["recurring.shopperReference"] = sale.given["shopper"]
    return data


def _dispute_data(desk: Desk, sale: Sale, happening: Happening) -> dict[str, str]:
    if happening.act not in DISPUTE:
        return {}
    due = datetime.fromisoformat(happening.at) + timedelta(days=14)
    left = Decimal(sale.amount) - Decimal(sale.refunded)
    return {
        "disputeStatus": DISPUTE[happening.act],
        "chargebackReasonCode": "10.4",
        "chargebackSchemeCode": "visa",
        "defensePeriodEndsAt": due.isoformat(),
        "modificationMerchantReferences": sale.order if left else "",
    }
