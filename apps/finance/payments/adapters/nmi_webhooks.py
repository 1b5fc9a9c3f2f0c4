"""NMI's webhooks. The signature's ``t`` is a nonce, no time: only ``event_id`` stops repeats.

Sources: public test code and payload notes of NMI-compatible projects, and the gateway's page
on webhooks. A settlement's or chargeback's batch names no order of ours.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, Final

from apps.core.money import Money
from apps.finance.payments.adapters import nmi_query, strict
from apps.finance.payments.adapters.base import (
    Account,
    Delivery,
    Disputed,
    Means,
    NotAuthentic,
    Notice,
    Told,
    Unreadable,
)
from apps.finance.payments.adapters.proof import header, same

MOST_CHARGEBACKS: Final = 500
_TOLD: Final = {
    "transaction.sale.success": Told.PAID,
    "transaction.sale.failure": Told.DECLINED,
    # The outcome is not known at the gateway either: asked for, never taken for a failure.
    "transaction.sale.unknown": Told.PENDING,
    "transaction.auth.success": Told.AUTHORISED,
    "transaction.auth.failure": Told.DECLINED,
    "transaction.auth.unknown": Told.PENDING,
    "transaction.capture.success": Told.PAID,
    "transaction.void.success": Told.VOIDED,
    "transaction.refund.success": Told.REFUNDED,
    "transaction.refund.failure": Told.REFUND_FAILED,
    "transaction.validate.success": Told.NOTHING,
    "transaction.validate.failure": Told.NOTHING,
    "transaction.validate.unknown": Told.NOTHING,
    "transaction.check.status.settle": Told.NOTHING,
    "settlement.batch.complete": Told.NOTHING,
    "acu.summary.automaticallyupdated": Told.NOTHING,
}
_SIGNED: Final = re.compile(r"t=([^,]*),s=([0-9a-fA-F]{64})", re.ASCII)


def signature(*, nonce: str, body: bytes, key: str) -> str:
    """``Webhook-Signature``: ``t=<nonce>,s=<HMAC-SHA256 hex of nonce, full stop and body>``."""
    digest = hmac.new(key.encode(), nonce.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={nonce},s={digest}"


def read(delivery: Delivery, account: Account) -> list[Notice]:
    """
    Authenticate and read a delivery; a chargeback batch is one piece of news for each case.

    :raises NotAuthentic: unsigned, altered, or signed with another key
    :raises Unreadable: its form is not understood
    """
    given = header(delivery.headers, "Webhook-Signature").strip()
    parts = _SIGNED.fullmatch(given)
    if parts is None:
        raise NotAuthentic("no signature that can be read")
    nonce, digest = parts.groups()
    expected = signature(nonce=nonce, body=delivery.body, key=account.config["signing_key"])
    if not same(expected, f"t={nonce},s={digest.lower()}"):
        raise NotAuthentic("the signature is wrong: altered, or not made with our key")
    event = strict.read_json(delivery.body)
    fields, body = strict.texts(event), strict.part(event, "event_body")
    kind, identity = fields.get("event_type", ""), fields.get("event_id", "")
    if not kind or not identity:
        raise Unreadable("no event_type or no event_id")
    number = strict.texts(strict.part(body, "merchant")).get("id", "")
    number = number or strict.texts(strict.part(body, "merchant")).get("merchant_id", "")
    if kind == "chargeback.batch.complete":
        return _chargebacks(kind, identity, number, body)
    if kind.startswith("transaction.") and not kind.startswith("transaction.check."):
        return [_transaction(kind, identity, number, body)]
    return [
        Notice(
            event_type=kind[:40],
            told=_TOLD.get(kind, Told.NEEDS_STAFF),
            dedupe_key=identity[:120],
            account=Account(number),
            reason="" if kind in _TOLD else f"{kind} is not acted on"[:200],
            facts=_batch_facts(body),
        )
    ]


def _transaction(kind: str, identity: str, number: str, body: Mapping[str, Any]) -> Notice:
    # Published events are flat; some carry the same a level deeper.
    inner = {**body, **strict.part(body, "transaction")}
    fields = strict.texts(inner)
    action = strict.texts(strict.part(inner, "action"))
    told, own = _TOLD.get(kind, Told.NEEDS_STAFF), fields.get("transaction_id", "")
    amount = _amount(action.get("amount") or fields.get("amount", ""), fields)
    if told is Told.PAID and (amount is None or not own):
        raise Unreadable("a sale without its transaction, amount or currency")
    # A refund is a transaction of its own and need not name the sale: the order does.
    back = told in {Told.REFUNDED, Told.REFUND_FAILED}
    original = fields.get("original_transaction_id", "") if back else own
    return Notice(
        event_type=kind[:40],
        told=told,
        dedupe_key=identity[:120],
        account=Account(number, fields.get("processor_id", "")),
        token=fields.get("order_id", ""),
        reference=original[:80],
        gateway_transaction=own[:40],
        amount=amount,
        occurred_at=nmi_query.time_of(action.get("date", "")),
        code=action.get("response_code", "")[:40] if told is Told.DECLINED else "",
        reason=(action.get("response_text", "") if told is not Told.PAID else "")[:200],
        means=_means(fields, own, inner) if told is Told.PAID else None,
        facts={"condition": fields.get("condition", "")[:80]},
    )


def _amount(text: str, fields: Mapping[str, str]) -> Money | None:
    """Events of some gateways name no currency; a MID there has one, US dollars."""
    if not text:
        return None
    return strict.money(text.lstrip("-"), fields.get("currency") or "USD")


def _means(fields: Mapping[str, str], own: str, inner: Mapping[str, Any]) -> Means | None:
    vault = fields.get("customer_vault_id", "")
    if not vault:
        return None
    card = strict.texts(strict.part(inner, "card"))
    expiry = card.get("cc_exp", "")
    fits = expiry.isascii() and expiry.isdecimal() and len(expiry) == len("MMYY")
    return Means(
        token=f"{vault}:{own}"[:160],
        brand=card.get("cc_type", "")[:20],
        last4=card.get("cc_number", "")[-4:],
        expires=f"20{expiry[2:]}-{expiry[:2]}" if fits else "",
        bin=card.get("cc_bin", "")[:8],
    )


def _chargebacks(kind: str, identity: str, number: str, body: Mapping[str, Any]) -> list[Notice]:
    """No transaction is named: staff match last four digits, amount and date."""
    cases = body.get("chargebacks")
    if not isinstance(cases, list) or len(cases) > MOST_CHARGEBACKS:
        raise Unreadable("no list of chargebacks")
    return [_chargeback(kind, identity, number, each, n) for n, each in enumerate(cases, 1)]


def _chargeback(kind: str, identity: str, number: str, each: object, n: int) -> Notice:
    if not isinstance(each, dict):
        raise Unreadable("a chargeback is not an object")
    fields = strict.texts(each)
    case, reason = fields.get("id", ""), fields.get("reason", "")
    return Notice(
        event_type=kind[:40],
        told=Told.NEEDS_STAFF,
        # By the case where it has a name: the same case may come in another batch.
        dedupe_key=(f"chargeback:{case}" if case else f"{identity}:{n}")[:120],
        account=Account(number),
        reason=f"A chargeback without its sale: {reason}"[:200],
        dispute=Disputed(reference=(case or f"{identity}:{n}")[:80], reason=reason[:200]),
        facts={
            "date": fields.get("date", "")[:40],
            "last4": fields.get("cc_number", "")[-4:],
            "amount": fields.get("amount", "")[:40],
        },
    )


def _batch_facts(body: Mapping[str, Any]) -> dict[str, str]:
    wanted = ("batch_id", "date", "count", "amount", "processor_id")
    fields = strict.texts(body) | strict.texts(strict.part(body, "batch"))
    return {name: fields[name][:80] for name in wanted if fields.get(name)}
