"""NMI (Host Merchant Services): Direct Post with its vault, Query API, signed webhooks.

Facts: ActiveMerchant, NMI's support pages, public projects [C]; the Query API's elements and
response codes are from memory [M]. One-time tokens come from the stand-in for Collect.js
(``collect``), or from the control API (``make``).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from xml.etree import ElementTree as ET

from starlette.responses import Response

from sandbox.cards import Outcome
from sandbox.config import Merchant
from sandbox.delivery import Message
from sandbox.peers import acts, collect, money
from sandbox.peers.base import Desk, Handler, Peer
from sandbox.peers.call import Call, Refusal
from sandbox.state import Happening, Sale

APPROVED, DECLINED, ERROR = ("1", "100"), ("2", "200"), ("3", "300")
TYPES = {"pay": "sale", "decline": "sale", "authorise": "auth", "refund": "refund", "void": "void"}
#: What issuers say of stored cards at the moment: a response code, or nothing.
ISSUERS = "nmi:issuers"
CONDITIONS = {
    "paid": "pendingsettlement",
    "authorised": "pending",
    "declined": "failed",
    "voided": "canceled",
    "charged_back": "complete",
}
Form = Mapping[str, str]


class Nmi(Peer):
    """See the module."""

    name = "nmi"
    never = frozenset({"renew", "cancel", "part_pay", "expire", "alert", "fraud_report"}) | {
        "dispute_won",
        "dispute_lost",
    }

    def calls(self) -> dict[str, Handler]:
        return {
            "/nmi/api/transact.php": self._transact,
            "/nmi/api/query.php": self._query,
            **collect.calls(),
        }

    def new_id(self, desk: Desk, kind: str) -> str:
        return str(9_876_000_000 + desk.state.next_serial())

    def refuse(self, problem: Refusal) -> Response:
        code = "430" if problem.code == "duplicate" else "300"
        return _said({"response": "3", "responsetext": problem.text, "response_code": code})

    def make(self, desk: Desk, what: str, given: Form) -> dict[str, str]:
        """Give a one-time token for {"card", "name"}, as Collect.js or a wallet would; or have
        the issuers decline stored cards with {"code"} from now on ("": approve them again)."""
        if what == "issuer":
            desk.state.notes[ISSUERS] = given.get("code", "")
            return {"issuers": given.get("code", "") or "approve"}
        if what != "token":
            return {}
        card = acts.card_of(
            self, given.get("card", acts.GOOD_CARD), "12/40", given.get("name", "")
        )
        if card is None:
            raise Refusal("card", "No test card.", status=422)
        token = str(UUID(desk.new_hex()))
        desk.state.notes[f"nmi:token:{token}"] = json.dumps(card)
        return {"token": token}

    def _transact(self, desk: Desk, call: Call) -> Response:
        asked = call.asked
        try:
            merchant = desk.merchant(security_key=asked.get("security_key", ""))
        except Refusal:
            raise Refusal("key", "Authentication Failed") from None
        kind = asked.get("type", "sale")
        kinds: dict[str, Callable[[Desk, Merchant, Form], Response]] = {
            "sale": self._sell,
            "auth": self._sell,
            "refund": self._undo,
            "void": self._undo,
        }
        if kind not in kinds:
            raise Refusal("type", f"Invalid transaction type {kind}")
        return kinds[kind](desk, merchant, asked)

    def _sell(self, desk: Desk, merchant: Merchant, asked: Form) -> Response:
        card, vault = self._card(desk, merchant, asked)
        currency = asked.get("currency", "USD")
        sale = desk.open(
            merchant,
            order=asked.get("orderid", ""),
            amount=money.amount(asked.get("amount", ""), currency),
            currency=currency,
            given={
                name: asked.get(name, "")
                for name in ("processor_id", "orderdescription", "dup_seconds", "initiated_by")
            },
            again=False,
            reference=self._unless_repeated(desk, merchant, asked, card),
        )
        sale.card, sale.transaction = card, sale.reference
        sale.token = vault or (
            desk.new_id("token") if asked.get("customer_vault") == "add_customer" else "-"
        )
        said = desk.state.notes.get(ISSUERS, "") if vault else ""
        declined = bool(said) or card["outcome"] not in {Outcome.APPROVE, Outcome.TIMEOUT}
        if declined or Decimal(sale.amount) < 1:
            refusal = ("2", said) if said else DECLINED
            return self._told(sale, desk.act("decline", sale), refusal, "DECLINE")
        act = "authorise" if asked.get("type") == "auth" else "pay"
        return self._told(sale, desk.act(act, sale), APPROVED, "SUCCESS")

    def _unless_repeated(
        self, desk: Desk, merchant: Merchant, asked: Form, card: dict[str, str]
    ) -> str:
        """
        Return a new transaction id.

        :raises Refusal: the same card, order and amount within ``dup_seconds``
        """
        window = int(asked.get("dup_seconds") or "0")
        for sale in desk.sales(merchant=merchant.name, order=asked.get("orderid", "")):
            age = (desk.now - datetime.fromisoformat(sale.at)).total_seconds()
            same = sale.card.get("fingerprint") == card["fingerprint"] and sale.status == "paid"
            if same and age < window and Decimal(sale.amount) == Decimal(asked["amount"]):
                raise Refusal("duplicate", f"Duplicate transaction REFID:{sale.transaction}")
        return desk.new_id("transaction")

    def _card(self, desk: Desk, merchant: Merchant, asked: Form) -> tuple[dict[str, str], str]:
        """Return the card and, for a stored one, its name in the vault."""
        vault, token = asked.get("customer_vault_id", ""), asked.get("payment_token", "")
        if vault:
            for sale in desk.sales(merchant=merchant.name, token=vault):
                late = sale.card.get("holder", "").upper().startswith("LATER DECLINED")
                return {**sale.card, **({"outcome": Outcome.DECLINE} if late else {})}, vault
            raise Refusal("vault", "Invalid Customer Vault Id REFID:0")
        kept = desk.state.notes.pop(f"nmi:token:{token}", "")
        if kept:
            card: dict[str, str] = json.loads(kept)
            return card, ""
        raise Refusal("token", "Payment Token does not exist REFID:0")

    def _undo(self, desk: Desk, merchant: Merchant, asked: Form) -> Response:
        kind = asked["type"]
        try:
            sale = desk.sale(merchant, asked.get("transactionid", ""))
        except Refusal:
            raise Refusal("missing", "Transaction not found REFID:0") from None
        try:
            happening = desk.act(kind, sale, amount=asked.get("amount", ""))
        except Refusal:
            text = (
                "Only transactions pending settlement can be voided"
                if kind == "void"
                else "Refund amount may not exceed the transaction balance"
            )
            raise Refusal("state", f"{text} REFID:{sale.transaction}") from None
        return self._told(sale, happening, APPROVED, "SUCCESS")

    def _told(
        self, sale: Sale, happening: Happening, outcome: tuple[str, str], says: str
    ) -> Response:
        return _said(
            {
                "response": outcome[0],
                "responsetext": says,
                "authcode": "123456" if outcome == APPROVED else "",
                "transactionid": _number(sale, happening),
                "avsresponse": "Y",
                "cvvresponse": "M",
                "orderid": sale.order,
                "type": TYPES[happening.act],
                "response_code": outcome[1],
                "customer_vault_id": sale.token.removeprefix("-"),
                "cc_type": sale.card.get("brand", "").lower(),
                "cc_number": _masked(sale),
            }
        )

    def _query(self, desk: Desk, call: Call) -> Response:
        asked = call.asked
        root = ET.Element("nm_response")
        try:
            merchant = desk.merchant(security_key=asked.get("security_key", ""))
        except Refusal:
            ET.SubElement(root, "error_response").text = "Invalid Username"
            return Response(ET.tostring(root), media_type="text/xml")
        number, order = asked.get("transaction_id", ""), asked.get("order_id", "")
        for sale in desk.sales(merchant=merchant.name):
            if not sale.happenings or order not in {"", sale.order}:
                continue
            if number and number not in {sale.transaction, *(h.id for h in sale.happenings)}:
                continue
            _transaction(ET.SubElement(root, "transaction"), sale)
        return Response(ET.tostring(root), media_type="text/xml")

    def news(self, desk: Desk, sale: Sale, happening: Happening) -> Sequence[Message]:
        if happening.act == "chargeback":
            return [self._chargebacks(desk, sale, happening)]
        kind = TYPES.get(happening.act)
        if kind is None:
            return []
        declined = happening.act == "decline"
        event = f"transaction.{kind}.{'failure' if declined else 'success'}"
        merchant = desk.merchant_of(sale)
        told = _event(sale, happening, declined=declined)
        who = {"merchant_id": merchant.number, "gateway_id": "12345", "id": merchant.number}
        return [
            self._signed(desk, merchant, event, {"merchant": who, **told, "transaction": told})
        ]

    def _chargebacks(self, desk: Desk, sale: Sale, happening: Happening) -> Message:
        """A batch of chargebacks names no transaction: card, amount and day must do."""
        merchant = desk.merchant_of(sale)
        one = {
            "id": happening.id,
            "date": f"{datetime.fromisoformat(happening.at):%Y-%m-%d}",
            "customer_name": sale.card.get("holder", ""),
            "cc_number": _masked(sale),
            "amount": happening.amount,
            "reason": happening.reason or "Fraudulent Transaction",
        }
        who = {"merchant_id": merchant.number, "gateway_id": "12345", "id": merchant.number}
        body = {"merchant": who, "chargebacks": [one]}
        return self._signed(desk, merchant, "chargeback.batch.complete", body)

    def _signed(self, desk: Desk, merchant: Merchant, event: str, told: dict[str, Any]) -> Message:
        number = str(UUID(desk.new_hex()))
        body = json.dumps({"event_id": number, "event_type": event, "event_body": told})
        nonce = desk.new_hex(16)
        key = merchant.secrets["signing_key"].encode()
        signed = hmac.new(key, f"{nonce}.{body}".encode(), hashlib.sha256).hexdigest()
        head = {"Webhook-Signature": f"t={nonce},s={signed}"}
        return Message(event, merchant.webhook_url, body, headers=head)


def _number(sale: Sale, happening: Happening) -> str:
    """Return the transaction's id: a refund is one of its own, a void is not."""
    return happening.id if happening.act == "refund" else sale.transaction


def _masked(sale: Sale) -> str:
    return f"{sale.card.get('bin', '')}******{sale.card.get('last4', '')}"


def _event(sale: Sale, happening: Happening, *, declined: bool) -> dict[str, Any]:
    own = happening.act == "refund"
    return {
        "transaction_id": _number(sale, happening),
        "original_transaction_id": sale.transaction if own else "",
        "transaction_type": "cc",
        "condition": CONDITIONS.get(sale.status, "pendingsettlement"),
        "processor_id": sale.given.get("processor_id", ""),
        "order_id": sale.order,
        "order_description": sale.given.get("orderdescription", ""),
        "currency": sale.currency,
        "amount": happening.amount,
        "customer_vault_id": sale.token.removeprefix("-"),
        "card": {
            "cc_number": _masked(sale),
            "cc_exp": f"{sale.card['month']}{sale.card['year'][-2:]}",
            "cc_type": sale.card["brand"].lower(),
            "cc_bin": sale.card["bin"],
        },
        "action": {
            "amount": happening.amount,
            "action_type": TYPES[happening.act],
            "date": f"{datetime.fromisoformat(happening.at):%Y%m%d%H%M%S}",
            "success": "0" if declined else "1",
            "response_text": "DECLINE" if declined else "SUCCESS",
            "response_code": "200" if declined else "100",
        },
    }


def _transaction(row: ET.Element, sale: Sale) -> None:
    values = {
        "transaction_id": sale.transaction,
        "transaction_type": "cc",
        "condition": CONDITIONS.get(sale.status, "pendingsettlement"),
        "order_id": sale.order,
        "order_description": sale.given.get("orderdescription", ""),
        "processor_id": sale.given.get("processor_id", ""),
        "currency": sale.currency,
        "cc_number": _masked(sale),
        "cc_exp": f"{sale.card['month']}{sale.card['year'][-2:]}",
        "cc_bin": sale.card["bin"],
        "customervaultid": sale.token.removeprefix("-"),
    }
    for name, value in values.items():
        ET.SubElement(row, name).text = value
    for each in sale.happenings:
        if each.act not in TYPES:
            continue
        action = ET.SubElement(row, "action")
        declined = each.act == "decline"
        sign = "-" if each.act == "refund" else ""
        parts = {
            "amount": f"{sign}{each.amount}",
            "action_type": TYPES[each.act],
            "date": f"{datetime.fromisoformat(each.at):%Y%m%d%H%M%S}",
            "success": "0" if declined else "1",
            "response_text": "DECLINE" if declined else "SUCCESS",
            "response_code": "200" if declined else "100",
            "batch_id": "0",
        }
        for name, value in parts.items():
            ET.SubElement(action, name).text = value


def _said(fields: Mapping[str, str]) -> Response:
    return Response(urlencode(fields), media_type="text/html")
