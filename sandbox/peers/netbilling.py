"""NETbilling: hosted membership form, Direct Mode 3 with getid and poll, reports.

Facts: NETbilling's own WooCommerce plug-in, ActiveMerchant, a captured postback [C]; [M] marks
our choice: the postback's own address, the report's columns, names in a member update.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote, urlencode, urlsplit

from starlette.responses import PlainTextResponse, Response

from sandbox.config import Merchant
from sandbox.delivery import Message, form
from sandbox.peers import acts, money
from sandbox.peers.base import Desk, Handler, Peer, Reader
from sandbox.peers.call import Call, Refusal
from sandbox.state import Happening, Sale

ACCOUNT, HASHED = "Ecom_Ezic_AccountAndSitetag", "Ecom_Ezic_Security_HashFields"
SIGNATURE = "Ecom_Ezic_Security_HashValue_MD5"
RETURN, GIVE_UP, POSTBACK = (
    f"Ecom_Ezic_Fulfillment_{name}" for name in ("ReturnURL", "GiveUpURL", "PostbackURL")
)
#: What must be among the hashed fields: otherwise a buyer could set his own price.
MUST_BE_HASHED = frozenset({ACCOUNT, "Ecom_Cost_Total"})
TYPES = {"pay": "S", "authorise": "A", "renew": "S", "refund": "R", "void": "V", "decline": "S"}
CURRENCY = "USD"
#: An amount on a stored card that the bank refuses.
REFUSED_AMOUNT = "666.00"


def md5(*texts: str) -> str:
    """Return the hexadecimal MD5 of texts joined."""
    return hashlib.md5("".join(texts).encode(), usedforsecurity=False).hexdigest()


class Netbilling(Peer):
    """See the module."""

    name = "netbilling"
    title = "NETbilling"
    descriptor = "NETBILLING*FANZ"

    def calls(self) -> dict[str, Handler]:
        gateway = "/netbilling/gw"
        return {
            f"{gateway}/sas/direct3.2": self._direct,
            f"{gateway}/native/getid1.0": self._get_id,
            f"{gateway}/native/poll1.0": self._poll,
            f"{gateway}/native/mupdate1.1": self._update,
            f"{gateway}/reports/transaction1.5": self._report,
        }

    def pages(self) -> dict[str, Reader]:
        return {"/netbilling/gw/native/interactive2.2": self._order}

    def new_id(self, desk: Desk, kind: str) -> str:
        return str(114_260_000_000 + desk.state.next_serial())

    def refuse(self, problem: Refusal) -> Response:
        """Errors are plain text with a code of their own before them."""
        return PlainTextResponse(f"{problem.text}\n", status_code=problem.status)

    def _order(self, desk: Desk, call: Call) -> Sale:
        asked = call.asked
        number, colon, tag = asked.get(ACCOUNT, "").partition(":")
        if not colon or not tag:
            raise Refusal("account", "The account and site tag are missing.")
        merchant = desk.merchant(number=number)
        names = asked.get(HASHED, "").split()
        if not set(names) >= MUST_BE_HASHED:
            raise Refusal("hash", "The price is not protected by the hash.")
        expected = md5(merchant.secrets["integrity_key"], *(asked.get(name, "") for name in names))
        if not hmac.compare_digest(expected, asked.get(SIGNATURE, "").lower()):
            raise Refusal("hash", "The security hash does not match.")
        return desk.open(
            merchant,
            order=asked.get("order", ""),
            amount=money.strict(asked["Ecom_Cost_Total"], CURRENCY),
            currency=CURRENCY,
            given={**asked, "recurring_amount": asked.get("Ecom_Ezic_Recurring_Amount", "")},
        )

    def back(self, desk: Desk, sale: Sale, *, approved: bool) -> str:
        url = sale.given.get(RETURN if approved else GIVE_UP, "")
        if not url:
            return ""
        query = urlencode(_told(desk.merchant_of(sale), sale))
        return f"{url}{'&' if urlsplit(url).query else '?'}{query}"

    def news(self, desk: Desk, sale: Sale, happening: Happening) -> Sequence[Message]:
        """Only what the form sold is told; the rest is in the reports."""
        if happening.act not in {"pay", "decline", "renew"} or SIGNATURE not in sale.given:
            return []
        merchant = desk.merchant_of(sale)
        url = sale.given.get(POSTBACK) or merchant.webhook_url
        return [form(happening.act, url, _told(merchant, sale))]

    def _account(self, desk: Desk, call: Call) -> Merchant:
        if call.method != "POST":
            raise Refusal("method", "601 POST expected", status=400)
        try:
            merchant = desk.merchant(number=call.form.get("account_id", ""))
        except Refusal:
            raise Refusal("account", "603 Unknown account", status=400) from None
        if not call.form.get("site_tag"):
            raise Refusal("site", "604 Unknown site tag", status=400)
        return merchant

    def _get_id(self, desk: Desk, call: Call) -> Response:
        merchant, number = self._account(desk, call), desk.new_id("transaction")
        desk.state.notes[f"netbilling:{number}"] = merchant.name
        return PlainTextResponse(f"trans_id={number}")

    def _poll(self, desk: Desk, call: Call) -> Response:
        merchant, number = self._account(desk, call), call.form.get("trans_id", "")
        for sale in desk.sales(merchant=merchant.name):
            for each in sale.happenings:
                if number and number in {each.id, sale.transaction} and each.act in TYPES:
                    own = each.act in {"refund", "void"}
                    if own == (number == each.id and number != sale.transaction):
                        return _result(sale, each)
        return _form({"status_code": "-", "trans_id": number, "auth_msg": "NOT FOUND"})

    def _direct(self, desk: Desk, call: Call) -> Response:
        merchant, asked = self._account(desk, call), call.form
        kinds = {"S": self._sell, "A": self._sell, "R": self._send_back, "V": self._take_back}
        act = kinds.get(asked.get("tran_type", ""))
        if act is None or asked.get("pay_type") not in {"C", "K"}:
            raise Refusal("type", "606 Invalid transaction type", status=400)
        reserved = asked.get("trans_id", "")
        if reserved:
            if desk.state.notes.get(f"netbilling:{reserved}") != merchant.name:
                raise Refusal("id", "607 Invalid transaction id", status=400)
            if any(
                reserved in {s.transaction, *(h.id for h in s.happenings)} for s in desk.sales()
            ):
                return self._poll(desk, call)
        return act(desk, merchant, asked, reserved)

    def _sell(
        self, desk: Desk, merchant: Merchant, asked: Mapping[str, str], reserved: str
    ) -> Response:
        number = asked.get("card_number", "")
        stored = re.fullmatch(r"CS:(\d+)", number)
        first = None
        if stored:
            try:
                first = desk.sale(merchant, stored[1])
            except Refusal:
                raise Refusal("card", "608 Unknown stored card", status=400) from None
        card = first.card if first else acts.card_of(self, number, "", asked.get("bill_name1", ""))
        if not card:
            raise Refusal("card", "609 Invalid card number", status=400)
        sale = desk.open(
            merchant,
            order=asked.get("user_data") or asked.get("description", ""),
            amount=money.strict(asked.get("amount", ""), CURRENCY),
            currency=CURRENCY,
            given=dict(asked) | {"card_number": ""},
            again=False,
        )
        sale.card, sale.transaction = dict(card), reserved
        refused = card["outcome"] not in {"approve", "timeout"} or sale.amount == REFUSED_AMOUNT
        approve = "authorise" if asked["tran_type"] == "A" else "pay"
        return _result(sale, desk.act("decline" if refused else approve, sale))

    def _send_back(
        self, desk: Desk, merchant: Merchant, asked: Mapping[str, str], reserved: str
    ) -> Response:
        try:
            sale = desk.sale(merchant, asked.get("orig_id", ""))
            happening = desk.act("refund", sale, amount=asked.get("amount", ""))
        except Refusal as problem:
            return _form({"status_code": "0", "trans_id": reserved, "auth_msg": problem.text})
        happening.id = reserved or happening.id
        return _result(sale, happening)

    def _take_back(
        self, desk: Desk, merchant: Merchant, asked: Mapping[str, str], reserved: str
    ) -> Response:
        try:
            sale = desk.sale(merchant, asked.get("orig_id", ""))
            happening = desk.act("void", sale)
        except Refusal as problem:
            return _form({"status_code": "0", "trans_id": reserved, "auth_msg": problem.text})
        happening.id = reserved or happening.id
        return _result(sale, happening)

    def _update(self, desk: Desk, call: Call) -> Response:
        if not re.match(r"[\w.-]+/[\w.-]+", call.headers.get("user-agent", "")):
            raise Refusal("agent", "605 A proper User-Agent is required", status=400)
        number = call.form.get("C_ACCOUNT", "").partition(":")[0]
        keyword = call.form.get("C_CONTROL_KEYWORD", "")
        try:
            merchant = desk.merchant(number=number, control_keyword=keyword)
        except Refusal:
            raise Refusal("keyword", "602 Access denied", status=400) from None
        member = call.form.get("C_MEMBER_ID", "")
        sale = next((s for s in desk.sales(merchant=merchant.name) if s.reference == member), None)
        if sale is None:
            raise Refusal("member", "610 Unknown member", status=400)
        if call.form.get("C_COMMAND") == "SET" and not sale.cancelled_at:
            desk.act("cancel", sale)
        standing = "CANCELLED" if sale.cancelled_at else "ACTIVE"
        return _form({"C_STATUS": "OK", "C_MEMBER_ID": member, "C_RECURRING_STATUS": standing})

    def _report(self, desk: Desk, call: Call) -> Response:
        keyword = call.form.get("authorization", "")
        try:
            merchant = desk.merchant(
                number=call.form.get("account_id", ""), retrieval_keyword=keyword
            )
        except Refusal:
            raise Refusal("keyword", "602 Access denied", status=400) from None
        after = call.form.get("transactions_after", "")
        before = call.form.get("transactions_before", "") or "9999"
        lines = ["TRANS_ID,ORIG_ID,TRANS_TYPE,TRANS_STATUS,AMOUNT,TRANS_DATE,USER_DATA"]
        for sale in desk.sales(merchant=merchant.name):
            for each in sale.happenings:
                at = _stamp(each.at)
                if (kind := TYPES.get(each.act)) and after <= at <= before:
                    lines.append(",".join(_row(sale, each, kind, at)))
        return PlainTextResponse("\n".join(lines) + "\n", media_type="text/csv")


def _told(merchant: Merchant, sale: Sale) -> dict[str, str]:
    """Return the form's own fields and the answer, proved by the integrity key."""
    code = "0" if sale.status == "declined" else "1"
    names = sale.given.get(HASHED, "").split()
    total = {"Ecom_Cost_Total": sale.amount}
    echoed = {
        name: value for name, value in sale.given.items() if name != "recurring_amount"
    } | total
    proof = md5(
        merchant.secrets["integrity_key"],
        sale.transaction,
        code,
        *(echoed.get(name, "") for name in names),
    )
    told = {
        "TransactionID": sale.transaction,
        "StatusCode": code,
        "StatusSubCode": code,
        "AuthCode": "" if code == "0" else "999999",
        "AuthMessage": "A/DECLINED" if code == "0" else "TEST APPROVED",
        "IssueDate": _stamp(sale.at),
        "Card_AVSCode": "X",
        "Card_VerificationCode": "M",
    }
    if sale.parent:
        told["Type"] = "rebill"
    return {
        **echoed,
        **{f"Ecom_Ezic_Response_{name}": value for name, value in told.items()},
        "Ecom_Ezic_TransactionId": sale.transaction,
        "Ecom_Ezic_TransactionStatus": code,
        "Ecom_Ezic_Membership_ID": sale.parent or sale.reference,
        "Ecom_Ezic_Recurring_ID": sale.parent or sale.reference,
        "Ecom_Ezic_ProofOfPurchase_MD5": proof.upper(),
    }


def _result(sale: Sale, each: Happening) -> Response:
    declined = each.act == "decline"
    own = each.act in {"refund", "void"}
    return _form(
        {
            "status_code": "0" if declined else "T" if each.act == "authorise" else "1",
            "trans_id": each.id if own else sale.transaction,
            "orig_id": sale.transaction if own else "",
            "amount": each.amount,
            "user_data": sale.order,
            "auth_code": "" if declined else "999999",
            "auth_msg": "A/DECLINED" if declined else "TEST APPROVED",
            "avs_code": "X",
            "cvv_code": "M",
            "reason_code2": "1" if declined else "",
        }
    )


def _row(sale: Sale, each: Happening, kind: str, at: str) -> list[str]:
    own = each.act in {"refund", "void"}
    number, of = (each.id, sale.transaction) if own else (sale.transaction, "")
    status = "0" if each.act == "decline" else "1"
    return [number, of, kind, status, each.amount, at, sale.order]


def _stamp(at: str) -> str:
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M:%S}"


def _form(fields: Mapping[str, str]) -> Response:
    """Write an answer: a form with %20 for spaces."""
    return Response(
        urlencode(fields, quote_via=quote), media_type="application/x-www-form-urlencoded"
    )
