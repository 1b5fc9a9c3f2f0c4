"""Segpay: a hosted page with dynamic prices, unsigned postbacks by GET, SRS web services.

Marks: [D] documented in Segpay's own guides, [C] seen in public code, [M] our choice where
nothing is published: names of the XML answers' elements.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from xml.etree import ElementTree as ET

from starlette.responses import Response

from sandbox.cards import Card, Outcome
from sandbox.config import Merchant
from sandbox.delivery import Message
from sandbox.peers import money
from sandbox.peers.base import Desk, Handler, Peer, Reader
from sandbox.peers.call import Call, Refusal
from sandbox.state import Happening, Sale

CURRENCIES = frozenset(
    ["USD", "EUR", "GBP", "AUD", "CAD", "CHF", "DKK", "HKD", "JPY", "NOK", "SEK"]
)
REFERENCES = tuple(f"REF{number}" for number in range(1, 11))
SERIALIZATION = "http://schemas.microsoft.com/2003/10/Serialization/"
#: Rows of a list longer than a day [D].
ROWS = 250
SALE = {"trantype": "sale", "action": "auth", "approved": "yes"}

#: trantype, action, stage, approved of what happened [D].
TRANSACTIONS = {
    "pay": {**SALE, "stage": "initial"},
    "decline": {**SALE, "stage": "initial", "approved": "no"},
    "renew": {**SALE, "stage": "rebill"},
    "renew_failed": {**SALE, "stage": "rebill", "approved": "no"},
    "void": {**SALE, "action": "void", "stage": "initial"},
    "refund": {**SALE, "trantype": "credit", "stage": "initial"},
    "chargeback": {**SALE, "trantype": "charge", "stage": "initial"},
}
NEW_TRANSACTION = frozenset({"void", "refund", "chargeback", "renew_failed"})


class Segpay(Peer):
    """See the module."""

    name = "segpay"
    descriptor = "SEGPAYEU.COM*FANZ"
    cards = (
        Card("4444333322221111", Outcome.APPROVE, "Approved (Segpay's test card)"),
        Card("4444444444444455", Outcome.DECLINE, "Declined (Segpay's test card)"),
    )

    def calls(self) -> dict[str, Handler]:
        srs, one_click = "/segpay/srs", "/segpay/service/OneClickSales.asmx"
        return {
            f"{srs}/PricingHash/PricingHash.svc/GetDynamicTrans": self._price_hash,
            f"{srs}/MerchantServices/DynamicRecurring": self._recurring_id,
            f"{srs}/ADM.asmx/{{action}}": self._manage,
            f"{srs}/MWS.asmx/{{report}}": self._report,
            f"{one_click}/SalesService": self._one_click,
            f"{one_click}/SalesServiceDynamic": self._one_click,
        }

    def pages(self) -> dict[str, Reader]:
        return {"/segpay/billing/poset.cgi": self._order}

    def refuse(self, problem: Refusal) -> Response:
        return _string(problem.text)

    def _price_hash(self, desk: Desk, call: Call) -> Response:
        call.need("value")
        digest = hashlib.sha256(f"segpay {call.fields['value']}".encode()).hexdigest()[:40]
        desk.state.notes[f"segpay:price:{digest}"] = call.fields["value"]
        return _string(digest, namespace=SERIALIZATION)

    def _recurring_id(self, desk: Desk, call: Call) -> Response:
        names = ("InitialAmount", "InitialLength", "RecurringAmount", "RecurringLength")
        call.need("MerchantID", *names)
        login = _basic(call)
        merchant = desk.merchant(
            number=call.fields["MerchantID"], user_id=login[0], access_key=login[1]
        )
        number = desk.new_id("event")
        amounts = f"{call.fields['InitialAmount']}/{call.fields['RecurringAmount']}"
        desk.state.notes[f"segpay:recurring:{number}"] = f"{merchant.number}/{amounts}"
        return Response(f'"{number}"', media_type="application/json")

    def _order(self, desk: Desk, call: Call) -> Sale:
        asked = call.asked
        package, colon, price_point = asked.get("x-eticketid", "").partition(":")
        if not (colon and package and price_point):
            raise Refusal("eticket", "The e-ticket is invalid.")
        currency = asked.get("DMCURRENCY", "USD")
        if currency not in CURRENCIES:
            raise Refusal("currency", "The currency is not supported.")
        amounts = {"amount": asked.get("amount", "")}
        if number := asked.get("DynamicPricingID"):
            whose, initial, recurring = self._recurring(desk, number)
            amounts = {"amount": initial, "recurring_amount": recurring, "whose": whose}
        else:
            _check_price(desk, asked)
        return desk.open(
            self._seller(desk, asked, amounts),
            order=asked.get("REF1", "") or asked.get("order", ""),
            amount=money.amount(amounts["amount"], currency),
            currency=currency,
            given={
                **asked,
                "success_url": asked.get("x-auth-link", ""),
                "decline_url": asked.get("x-decl-link", ""),
                "recurring_amount": amounts.get("recurring_amount", ""),
            },
        )

    def _recurring(self, desk: Desk, number: str) -> list[str]:
        known = desk.state.notes.get(f"segpay:recurring:{number}")
        if known is None:
            raise Refusal("pricing", "The dynamic pricing id is unknown.")
        return known.split("/")

    def _seller(self, desk: Desk, asked: dict[str, str], amounts: dict[str, str]) -> Merchant:
        """Return whose package the e-ticket names."""
        if whose := amounts.get("whose"):
            return desk.merchant(number=whose)
        try:
            return desk.merchant(package=asked["x-eticketid"].partition(":")[0])
        except Refusal:
            raise Refusal("eticket", "The e-ticket is unknown.") from None

    def _one_click(self, desk: Desk, call: Call) -> Response:
        call.need("eticketid", "octoken", "amount")
        asked = call.asked
        if "dynamictrans" in asked:
            _check_price(desk, asked)
        first = next((each for each in desk.sales() if each.reference == asked["octoken"]), None)
        if first is None or first.status != "paid":
            raise Refusal("octoken", "Invalid OCToken")
        sale = desk.open(
            desk.merchant_of(first),
            order=asked.get("REF1", "") or asked.get("order", ""),
            amount=money.amount(asked["amount"], first.currency),
            currency=first.currency,
            given=asked,
            again=False,
        )
        sale.card, sale.parent = dict(first.card), first.reference
        declined = first.card.get("holder", "").upper().startswith("LATER DECLINED")
        desk.act("decline" if declined else "pay", sale)
        return _tree(
            "TransReturn",
            {
                "TransID": sale.transaction,
                "PurchaseID": first.reference,
                "Approved": "No" if declined else "Yes",
                "AuthCode": "" if declined else "0:OK",
                "DeclineReason": "Insufficient funds" if declined else "",
            },
        )

    def _manage(self, desk: Desk, call: Call) -> Response:
        """Cancel or refund. All parameters must be there, even if empty [D]."""
        action = call.params["action"]
        named = {"RefundTransaction": ("TransID", "RefundReason")}.get(
            action, ("PurchaseID", "CancelReason")
        )
        if action not in {"CancelMembership", "ExpireMembership", "RefundTransaction"}:
            return _string("Failed")
        for name in ("Userid", "UserAccessKey", *named):
            if name not in call.fields:
                return _string(f"Missing parameter: {name}.")
        merchant = self._logged_in(desk, call)
        try:
            sale = desk.sale(merchant, call.fields[named[0]])
        except Refusal:
            return _string("PurchaseID/MerchantID mismatch")
        try:
            desk.act("refund" if action == "RefundTransaction" else "cancel", sale)
        except Refusal:
            refund = action == "RefundTransaction"
            return _string("Failed" if refund else "Subscription not active, cancel failed")
        return _string("Successful")

    def _logged_in(self, desk: Desk, call: Call) -> Merchant:
        try:
            return desk.merchant(
                user_id=call.fields.get("Userid", ""),
                access_key=call.fields.get("UserAccessKey", ""),
            )
        except Refusal:
            raise Refusal("credentials", "Invalid Merchant") from None

    def _report(self, desk: Desk, call: Call) -> Response:
        merchant = self._logged_in(desk, call)
        report, asked = call.params["report"], call.fields
        sales = desk.sales(merchant=merchant.name)
        if report == "TransactionByPurchaseID":
            call.need("PurchaseID")
            sales = [
                each for each in sales if asked["PurchaseID"] in {each.reference, each.parent}
            ]
        elif report == "TransactionByTransID":
            call.need("TransID")
            sales = [each for each in sales if each.transaction == asked["TransID"]]
        elif report == "TransactionsList":
            sales = _between(sales, asked)
        else:
            raise Refusal("report", "Failed")
        rows = [row for sale in sales for row in _rows(sale)]
        root = ET.Element("Transactions")
        for row in rows[:ROWS]:
            _fill(ET.SubElement(root, "Transaction"), row)
        return Response(ET.tostring(root), media_type="text/xml")

    def news(self, desk: Desk, sale: Sale, happening: Happening) -> Sequence[Message]:
        merchant = desk.merchant_of(sale)
        told = TRANSACTIONS.get(happening.act)
        if happening.act == "cancel":
            return [self._post(merchant, sale, happening, {"action": "cancel", "stage": ""})]
        return [self._post(merchant, sale, happening, told)] if told else []

    def _post(
        self, merchant: Merchant, sale: Sale, happening: Happening, told: dict[str, str]
    ) -> Message:
        own = happening.act in NEW_TRANSACTION
        if sale.parent and told.get("trantype") == "sale":
            told = {**told, "stage": "rebill"}  # a one-click sale too: same purchase [D]
        login = f"{merchant.secrets['postback_username']}:{merchant.secrets['postback_password']}"
        at = datetime.fromisoformat(happening.at)
        hour = at.strftime("%I").lstrip("0")
        stamp = f"{at.month}/{at.day}/{at.year} {hour}:{at:%M:%S %p} (GMT STANDARD TIME)"
        declined = told.get("approved") == "no"
        fields = {
            **{name: value for name, value in sale.given.items() if not _ours(name)},
            **{name.lower(): sale.given.get(name, "") for name in REFERENCES},
            **told,
            "purchaseid": sale.parent or sale.reference,
            "tranid": happening.id if own else sale.transaction,
            "relatedtranid": sale.transaction if own else "",
            "price": happening.amount,
            "currencycode": sale.currency,
            "eticketid": sale.given.get("x-eticketid") or sale.given.get("eticketid", ""),
            "desc": sale.given.get("dynamicdesc", ""),
            "transtime": stamp,
            "transguid": hashlib.md5(sale.reference.encode(), usedforsecurity=False).hexdigest(),
            "standin": "0",
            "ccfirst6": sale.card.get("bin", ""),
            "cclast4": sale.card.get("last4", ""),
            "cardtype": sale.card.get("brand", ""),
            "ccbincountry": sale.card.get("country", ""),
            "authcode": "DECLINED" if declined else "0:OK",
            "billemail": sale.given.get("x-billemail", ""),
            "merchantid": merchant.number,
            "octoken": sale.parent or sale.reference,
            "cancelreasoncode": happening.reason,
        }
        return Message(
            f"{told.get('trantype', 'member')}.{told['action']}",
            merchant.webhook_url,
            method="GET",
            query=fields,
            headers={"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"},
            expected="OK" if told["action"] == "cancel" else "",
        )


def _ours(name: str) -> bool:
    """Say whether a parameter is the page's own, and not one that is echoed."""
    return (
        name.startswith(("x-", "REF", "dynamic", "success_url", "decline_url"))
        or name in {"amount", "DMCURRENCY", "DynamicPricingID", "recurring_amount", "CrossSaleOff"}
        or name in {"octoken", "eticketid", "paypagelanguage", "username", "password"}
    )


def _check_price(desk: Desk, asked: dict[str, str]) -> None:
    """
    Hold the amount against the hash that was given out for it [C].

    :raises Refusal: there is none for this amount
    """
    hashed = desk.state.notes.get(f"segpay:price:{asked.get('dynamictrans', '')}")
    amount = asked.get("amount", "")
    if hashed is None or not amount or Decimal(hashed) != Decimal(amount):
        raise Refusal("price", "The price does not match its hash.")


def _between(sales: list[Sale], asked: dict[str, str]) -> list[Sale]:
    """Narrow to days as ``mmddyyyy``, both included [D]."""
    try:
        first, last = (datetime.strptime(asked[name], "%m%d%Y") for name in ("BegDate", "EndDate"))  # noqa: DTZ007 (days)
    except (KeyError, ValueError) as problem:
        raise Refusal("date", "Missing parameter: BegDate.") from problem
    return [
        each
        for each in sales
        if first.date() <= datetime.fromisoformat(each.at).date() <= last.date()
    ]


def _rows(sale: Sale) -> list[dict[str, str]]:
    """Return one row for each money event of a sale."""
    return [
        {
            "TransID": each.id if each.act in NEW_TRANSACTION else sale.transaction,
            "PurchaseID": sale.parent or sale.reference,
            "RelatedTransID": sale.transaction if each.act in NEW_TRANSACTION else "",
            "TranType": told["trantype"],
            "Action": told["action"],
            "Stage": told["stage"],
            "Approved": told["approved"],
            "Price": each.amount,
            "CurrencyCode": sale.currency,
            "TransTime": each.at,
            "CCLast4": sale.card.get("last4", ""),
            **{name: sale.given.get(name, "") for name in REFERENCES},
            "order": sale.given.get("order", ""),
        }
        for each in sale.happenings
        if (told := TRANSACTIONS.get(each.act))
    ]


def _basic(call: Call) -> tuple[str, str]:
    kind, _, coded = call.headers.get("authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(coded).decode().partition(":")
    except ValueError:
        kind = ""
    if kind.lower() != "basic":
        raise Refusal("credentials", "Invalid Merchant", status=401)
    return user, password


def _string(text: str, *, namespace: str = "http://srs.segpay.com/") -> Response:
    root = ET.Element("string", {"xmlns": namespace})
    root.text = text
    return Response(ET.tostring(root), media_type="text/xml")


def _tree(name: str, fields: dict[str, str]) -> Response:
    root = ET.Element(name)
    _fill(root, fields)
    return Response(ET.tostring(root), media_type="text/xml")


def _fill(element: ET.Element, fields: dict[str, str]) -> None:
    for name, value in fields.items():
        ET.SubElement(element, name).text = value
