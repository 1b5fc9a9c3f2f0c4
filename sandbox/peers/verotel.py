"""Verotel FlexPay: signed order page, signed postbacks by GET, status as YAML, Control Center API.

Facts: Verotel's own PHP and Java clients [D]; ``sale/{id}/credit`` and the names in its answer
are [M].
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.config import Merchant
from sandbox.delivery import Message
from sandbox.peers import money
from sandbox.peers.base import Desk, Handler, Peer, Reader
from sandbox.peers.call import Call, Refusal
from sandbox.state import Happening, Sale

CURRENCIES = frozenset({"USD", "EUR", "GBP", "AUD", "CAD", "CHF", "DKK", "NOK", "SEK"})
#: The parameters a request is signed over [D]; ``email`` is not among them.
SIGNED = frozenset(
    (
        *("version", "shopID", "type", "priceAmount", "priceCurrency", "paymentMethod"),
        *("description", "name", "referenceID", "saleID", "custom1", "custom2", "custom3"),
        *("subscriptionType", "period", "trialAmount", "trialPeriod", "cancelDiscountPercentage"),
        *("successURL", "declineURL", "backURL", "precedingSaleID", "upgradeOption"),
        *("oneClickToken", "mcc", "subCreditorID", "subCreditorName", "subCreditorCountry"),
    )
)
PERIOD = re.compile(r"P(\d+)([DMY])")
EVENTS = {
    "renew": "rebill",
    "cancel": "cancel",
    "refund": "credit",
    "chargeback": "chargeback",
    "expire": "expiry",
}


def signature(fields: Mapping[str, str], secret: str, *, request: bool) -> str:
    """Return SHA-256 of ``secret:k=v:k=v``, sorted; of a request only what is to be signed."""
    named = sorted(
        name for name in fields if name != "signature" and (not request or name in SIGNED)
    )
    text = ":".join([secret, *(f"{name}={fields[name]}" for name in named)])
    return hashlib.sha256(text.encode()).hexdigest()


class Verotel(Peer):
    """See the module."""

    name = "verotel"
    descriptor = "VTSUP.COM*FANZ"

    def calls(self) -> dict[str, Handler]:
        return {
            "/verotel/salestatus": self._status,
            "/verotel/api/sale/{sale}/cancel": self._cancel,
            "/verotel/api/sale/{sale}/credit": self._credit,
        }

    def pages(self) -> dict[str, Reader]:
        return {"/verotel/startorder": self._order}

    def new_id(self, desk: Desk, kind: str) -> str:
        return str(433_000_000 + desk.state.next_serial())

    def refuse(self, problem: Refusal) -> Response:
        body = {"is_success": False, "error": {"code": problem.code, "title": problem.text}}
        return JSONResponse(body, status_code=problem.status)

    def _signed(self, desk: Desk, call: Call) -> Merchant:
        merchant = desk.merchant(number=call.query.get("shopID", ""))
        expected = signature(call.asked, merchant.secrets["secret"], request=True)
        if not hmac.compare_digest(expected, call.query.get("signature", "").lower()):
            raise Refusal("signature", "Invalid signature.")
        return merchant

    def _order(self, desk: Desk, call: Call) -> Sale:
        merchant, asked = self._signed(desk, call), call.asked
        _check(asked)
        return desk.open(
            merchant,
            order=asked.get("referenceID", ""),
            amount=money.strict(asked.get("priceAmount", ""), asked["priceCurrency"]),
            currency=asked["priceCurrency"],
            given=asked,
        )

    def back(self, desk: Desk, sale: Sale, *, approved: bool) -> str:
        url = sale.given.get("successURL" if approved else "declineURL", "")
        if not url:
            return ""
        merchant = desk.merchant_of(sale)
        fields = (
            _sold(merchant, sale)
            if approved
            else {"referenceID": sale.order, "shopID": merchant.number}
        )
        fields |= {"signature": signature(fields, merchant.secrets["secret"], request=False)}
        return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(fields)}"

    def news(self, desk: Desk, sale: Sale, happening: Happening) -> Sequence[Message]:
        merchant = desk.merchant_of(sale)
        if happening.act == "pay":
            fields = _sold(merchant, sale)
        elif event := EVENTS.get(happening.act):
            fields = _later(merchant, sale, happening, event)
        else:
            return []
        fields |= {"signature": signature(fields, merchant.secrets["secret"], request=False)}
        kind = fields.get("event") or fields["type"]
        return [Message(kind, merchant.webhook_url, method="GET", query=fields, expected="OK")]

    def _status(self, desk: Desk, call: Call) -> Response:
        try:
            merchant = self._signed(desk, call)
        except Refusal as problem:
            return PlainTextResponse(
                f"response: ERROR\nerror: {problem.text}\n", status_code=problem.status
            )
        asked = call.query
        found = [
            each
            for each in desk.sales(merchant=merchant.name)
            if each.transaction
            and (asked.get("saleID") == each.reference or asked.get("referenceID") == each.order)
        ]
        if not found:
            return PlainTextResponse("response: NOTFOUND\n")
        best = next((each for each in found if each.status != "declined"), found[0])
        lines = "".join(f"{name}: {value}\n" for name, value in _standing(merchant, best).items())
        return PlainTextResponse(f"response: FOUND\n{lines}")

    def _logged_in(self, desk: Desk, call: Call) -> Merchant:
        kind, _, coded = call.headers.get("authorization", "").partition(" ")
        user, _, password = base64.b64decode(coded or "").decode().partition(":")
        if kind.lower() != "basic" or call.method != "POST":
            raise Refusal("credentials", "Unauthorized", status=401)
        if not re.search(r"version=\d+\.\d+\.\d+", call.headers.get("accept", "")):
            raise Refusal("version", "The Accept header names no version.", status=406)
        return desk.merchant(api_username=user, api_password=password)

    def _cancel(self, desk: Desk, call: Call) -> Response:
        sale = desk.sale(self._logged_in(desk, call), call.params["sale"])
        desk.act("cancel", sale, reason="merchant")
        return JSONResponse({"is_success": True})

    def _credit(self, desk: Desk, call: Call) -> Response:
        sale = desk.sale(self._logged_in(desk, call), call.params["sale"])
        if call.text("currency") not in {"", sale.currency}:
            raise Refusal("currency", "The currency is not the sale's.", status=422)
        happening = desk.act("refund", sale, amount=call.text("amount"))
        return JSONResponse({"is_success": True, "transactionID": happening.id})


def _check(asked: Mapping[str, str]) -> None:
    """
    Hold an order against what is documented.

    :raises Refusal: a field is missing, or a value is not among those allowed
    """
    kind = asked.get("type", "")
    names: dict[str, tuple[str, ...]] = {
        "purchase": ("description",),
        "subscription": ("name", "subscriptionType", "period"),
    }
    if kind not in names or asked.get("version") != "4":
        raise Refusal("type", "The type or version is not supported.")
    missing = [name for name in ("priceAmount", *names[kind]) if not asked.get(name)]
    if missing:
        raise Refusal("fields", f"Missing: {', '.join(missing)}.")
    if asked.get("priceCurrency") not in CURRENCIES:
        raise Refusal("currency", "The currency is not supported.")
    if any(len(asked.get(f"custom{number}", "")) > 255 for number in (1, 2, 3)):  # noqa: PLR2004
        raise Refusal("custom", "A custom value is too long.")
    if kind == "subscription" and not PERIOD.fullmatch(asked["period"]):
        raise Refusal("period", "The period is no ISO 8601 duration.")


def _sold(merchant: Merchant, sale: Sale) -> dict[str, str]:
    kind = sale.given.get("type", "purchase")
    fields: dict[str, str] = {
        "shopID": merchant.number,
        "saleID": sale.reference,
        "referenceID": sale.order,
        "type": kind,
        "priceAmount": sale.amount,
        "priceCurrency": sale.currency,
        "amount": sale.amount,
        "currency": sale.currency,
        "transactionID": sale.transaction,
        "paymentMethod": "CC",
        "CCBrand": sale.card.get("brand", ""),
        "truncatedPAN": sale.card.get("last4", ""),
        **{
            name: sale.given[name]
            for name in ("custom1", "custom2", "custom3")
            if name in sale.given
        },
    }
    if kind == "subscription":
        fields |= {
            "event": "initial",
            "subscriptionType": sale.given["subscriptionType"],
            "subscriptionPhase": "normal",
            "period": sale.given["period"],
        }
    return fields


def _later(merchant: Merchant, sale: Sale, happening: Happening, event: str) -> dict[str, str]:
    fields = {
        "event": event,
        "type": sale.given.get("type", "purchase"),
        "shopID": merchant.number,
        "saleID": sale.parent or sale.reference,
        "referenceID": sale.order,
        "subscriptionPhase": "normal",
    }
    if event in {"cancel", "expiry"}:
        by = "user" if happening.reason != "merchant" else "merchant"
        until = f"{datetime.fromisoformat(sale.at):%Y-%m-%d}"
        return {**fields, "cancelledBy": by, "expiresOn": until}
    if event in {"credit", "chargeback"}:
        fields |= {"parentID": sale.transaction, "subscriptionPhase": "terminated"}
    return {
        **fields,
        "transactionID": sale.transaction if event == "rebill" else happening.id,
        "amount": happening.amount,
        "currency": sale.currency,
        "priceAmount": happening.amount,
        "priceCurrency": sale.currency,
        "paymentMethod": "CC",
    }


def _standing(merchant: Merchant, sale: Sale) -> dict[str, str]:
    approved = sale.status != "declined"
    ended = sale.cancelled_at or sale.status in {"charged_back", "voided"}
    return {
        "saleID": sale.reference,
        "referenceID": sale.order,
        "shopID": merchant.number,
        "saleResult": "APPROVED" if approved else "DECLINED",
        "status": "cancelled" if ended else "active",
        "type": sale.given.get("type", "purchase"),
        "priceAmount": f"'{sale.amount}'",
        "priceCurrency": sale.currency,
        "transactionID": sale.transaction,
        "createdOn": f"{datetime.fromisoformat(sale.at):%Y-%m-%d %H:%M:%S}",
        "credited": f"'{sale.refunded}'",
        "chargedback": "yes" if sale.status == "charged_back" else "no",
    }
