"""Epoch: a hosted join page, camcharge, FlexPost and DataPlus, customer search.

Known from public code only [C]; [M] marks our choice: the shapes of the search's answers, the
answer to camcharge.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from sandbox.config import Merchant
from sandbox.delivery import Message, form
from sandbox.peers import money
from sandbox.peers.base import SEE_OTHER, Desk, Handler, Peer, Reader
from sandbox.peers.call import Call, Refusal
from sandbox.state import Happening, Sale

SUBTYPES = {"VISA": "VS", "MASTERCARD": "MC", "AMEX": "AX", "DISCOVER": "DS"}
#: DataPlus types; what a join or a decline is told by FlexPost.
DATA_PLUS = {
    "pay": "I",
    "renew": "N",
    "refund": "C",
    "void": "C",
    "chargeback": "D",
}


def digest(fields: Mapping[str, str], secret: str) -> str:
    """Return HMAC-MD5 over names and values in the order of the names, as they are."""
    text = "".join(f"{name}{fields[name]}" for name in sorted(fields) if name != "epoch_digest")
    return hmac.new(secret.encode(), text.encode(), hashlib.md5).hexdigest()


class Epoch(Peer):
    """See the module."""

    name = "epoch"
    descriptor = "EPOCH.COM *FANZ"

    def calls(self) -> dict[str, Handler]:
        return {"/epoch/services/customer_search/index.json": self._search}

    def pages(self) -> dict[str, Reader]:
        return {"/epoch/secure/services/": self._join, "/epoch/secure/services": self._join}

    def charged(self, desk: Desk, call: Call) -> Response | None:
        return self._camcharge(desk, call) if call.fields.get("api") == "camcharge" else None

    def _signed(self, desk: Desk, asked: dict[str, str]) -> list[Merchant]:
        """
        Return whose secret the request is signed with.

        :raises Refusal: nobody's
        """
        given = asked.get("epoch_digest", "")
        found = [
            each
            for each in desk.merchants
            if hmac.compare_digest(digest(asked, each.secrets["secret"]), given.lower())
        ]
        if not found:
            raise Refusal("digest", "The digest is invalid.")
        return found

    def _join(self, desk: Desk, call: Call) -> Sale:
        asked = call.asked
        [merchant, *_] = self._signed(desk, asked)
        if asked.get("api") != "join" or not asked.get("pi_code"):
            raise Refusal("fields", "api=join and pi_code are required.")
        currency = asked.get("currency", "USD")
        return desk.open(
            merchant,
            order=asked.get("x_order", ""),
            amount=money.strict(asked.get("auth_amount", ""), currency),
            currency=currency,
            given=asked,
        )

    def _camcharge(self, desk: Desk, call: Call) -> Response:
        asked = call.asked
        [merchant, *_] = self._signed(desk, asked)
        if asked.get("action") != "authandclose" or not asked.get("auth_amount"):
            raise Refusal("fields", "action and auth_amount are required.")
        member = next(
            (s for s in desk.sales(merchant=merchant.name) if s.token == asked.get("member_id")),
            None,
        )
        if member is None:
            return PlainTextResponse("ans=NUNKNOWN MEMBER")
        currency = asked.get("currency", member.currency)
        sale = desk.open(
            merchant,
            order=asked.get("x_order", ""),
            amount=money.strict(asked["auth_amount"], currency),
            currency=currency,
            given=asked,
            again=False,
        )
        sale.card, sale.token = dict(member.card), member.token
        declined = member.card.get("holder", "").upper().startswith("LATER DECLINED")
        desk.act("decline" if declined else "pay", sale)
        told = self._flex_post(desk, sale)
        if url := asked.get("returnurl"):
            return RedirectResponse(_joined(url, told), status_code=SEE_OTHER)
        return PlainTextResponse(urlencode(told))

    def back(self, desk: Desk, sale: Sale, *, approved: bool) -> str:
        url = sale.given.get("pi_returnurl", "")
        return _joined(url, self._flex_post(desk, sale)) if url else ""

    def news(self, desk: Desk, sale: Sale, happening: Happening) -> Sequence[Message]:
        merchant = desk.merchant_of(sale)
        if happening.act in {"pay", "decline"}:
            url = sale.given.get("pburl") or merchant.webhook_url
            kind = f"flexpost.{'Y' if happening.act == 'pay' else 'N'}"
            told = [form(kind, url, self._flex_post(desk, sale), expected="OK")]
            return told + self._data_plus(desk, sale, happening)
        if happening.act == "cancel":
            return [form("cancel", merchant.webhook_url, _cancelled(merchant, sale, happening))]
        return self._data_plus(desk, sale, happening)

    def _flex_post(self, desk: Desk, sale: Sale) -> dict[str, str]:
        merchant = desk.merchant_of(sale)
        approved = sale.status != "declined"
        at = datetime.fromisoformat(sale.at)
        fields = {
            **{name: value for name, value in sale.given.items() if name.startswith("x_")},
            "ans": "YGOODTEST" if approved else "NDECLINED",
            "member_id": sale.token or "",
            "transaction_id": sale.transaction,
            "order_id": sale.reference,
            "pi_code": sale.given.get("pi_code", ""),
            "co_code": merchant.number,
            "reseller": sale.given.get("reseller", "a"),
            "trans_amount": sale.amount,
            "amount": sale.amount,
            "localamount": sale.amount,
            "trans_currency": sale.currency,
            "currency": sale.currency,
            "payment_type": "CC",
            "payment_subtype": SUBTYPES.get(sale.card.get("brand", ""), "VS"),
            "name": sale.card.get("holder", ""),
            "email": sale.given.get("email", ""),
            "country": sale.card.get("country", ""),
            "submit_count": "1",
            "event_datetime": f"{at:%Y-%m-%d %H:%M:%S}",
        }
        return {**fields, "epoch_digest": digest(fields, merchant.secrets["secret"])}

    def _data_plus(self, desk: Desk, sale: Sale, happening: Happening) -> list[Message]:
        kind = DATA_PLUS.get(happening.act)
        if kind is None:
            return []
        merchant = desk.merchant_of(sale)
        first = happening.act in {"pay", "renew"}
        if sale.given.get("api") == "camcharge" and kind == "I":
            kind = "O"
        at = datetime.fromisoformat(happening.at)
        fields = {
            "ets_transaction_id": sale.transaction if first else happening.id,
            "ets_member_idx": sale.token,
            "ets_transaction_date": f"{at:%Y-%m-%d %H:%M:%S}",
            "ets_transaction_type": kind,
            "ets_co_code": merchant.number,
            "ets_pi_code": sale.given.get("pi_code", ""),
            "ets_reseller_code": sale.given.get("reseller", "a"),
            "ets_transaction_amount": f"{'' if first else '-'}{happening.amount}",
            "ets_currency": sale.currency,
            "ets_payment_type": "A",
            "ets_username": sale.given.get("username", ""),
            "ets_email": sale.given.get("email", ""),
            "ets_ref_trans_ids": "" if first else sale.transaction,
            "ets_country": sale.card.get("country", ""),
            "ets_x_order": sale.order,
        }
        return [form(f"dataplus.{kind}", merchant.webhook_url, fields, expected="OK")]

    def _search(self, desk: Desk, call: Call) -> Response:
        asked = call.fields
        merchant = desk.merchant(
            auth_user=asked.get("auth_user", ""), auth_pass=asked.get("auth_pass", "")
        )
        member = asked.get("member_id", "")
        sales = [
            each
            for each in desk.sales(merchant=merchant.name)
            if each.transaction
            and (member == each.token or _named(each, asked, ("email", "username")))
        ]
        if asked.get("api_action") == "cancel":
            if not sales or not member or not asked.get("cancel_reason"):
                raise Refusal("not_found", "member not found")
            desk.act("cancel", sales[0])
            return JSONResponse({"status": "success", "member_id": member})
        members = {each.token: each for each in reversed(sales)}
        return JSONResponse(
            {
                "status": "success",
                "members": [_member(each, sales, merchant) for each in members.values()],
            }
        )

    def refuse(self, problem: Refusal) -> Response:
        says = "already cancelled" if problem.code == "already" else problem.text
        status = 401 if problem.code == "credentials" else 200
        return JSONResponse({"status": "error", "message": says}, status_code=status)


def _member(sale: Sale, sales: list[Sale], merchant: Merchant) -> dict[str, object]:
    return {
        "member_id": sale.token,
        "co_code": merchant.number,
        "status": "cancelled" if sale.cancelled_at else "active",
        "transactions": [
            {
                "transaction_id": each.transaction,
                "type": "D" if each.status == "charged_back" else "I",
                "amount": each.amount,
                "currency": each.currency,
                "refunded": each.refunded,
                "date": each.at,
                "x_order": each.order,
            }
            for each in sales
            if each.token == sale.token and each.status != "declined"
        ],
    }


def _named(sale: Sale, asked: Mapping[str, str], names: Sequence[str]) -> bool:
    return any(asked.get(name) and sale.given.get(name) == asked[name] for name in names)


def _cancelled(merchant: Merchant, sale: Sale, happening: Happening) -> dict[str, str]:
    at = datetime.fromisoformat(happening.at)
    return {
        "mcs_or_idx": sale.token,
        "mcs_canceldate": f"{at:%Y-%m-%d %H:%M:%S}",
        "mcs_signupdate": f"{datetime.fromisoformat(sale.at):%Y-%m-%d %H:%M:%S}",
        "mcs_cocode": merchant.number,
        "mcs_picode": sale.given.get("pi_code", ""),
        "mcs_reseller": sale.given.get("reseller", "a"),
        "mcs_reason": happening.reason or "wmapprvd",
        "mcs_email": sale.given.get("email", ""),
    }


def _joined(url: str, fields: Mapping[str, str]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(fields)}"
