"""Rapyd's webhooks: signed over the address they are registered under, with salt and time.

Sources: public code that checks them (omnipay-rapyd). Types and statuses are from memory.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from apps.core.money import Money
from apps.finance.payments.adapters import strict
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

#: Seconds by which a message's time and ours may differ; ``webhook_skew_seconds`` changes it.
SKEW_SECONDS: Final = 60
TIME_DIGITS: Final = 10
LATEST_TIME: Final = 253402300799  # the last second of year 9999
_PAYMENTS: Final = {
    "PAYMENT_COMPLETED": Told.PAID,
    "PAYMENT_SUCCEEDED": Told.PAID,
    "PAYMENT_FAILED": Told.DECLINED,
    "PAYMENT_EXPIRED": Told.CANCELLED,
    "PAYMENT_CANCELED": Told.CANCELLED,
}
_REFUNDS: Final = {
    "REFUND_COMPLETED": Told.REFUNDED,
    "PAYMENT_REFUND_COMPLETED": Told.REFUNDED,
    "REFUND_FAILED": Told.REFUND_FAILED,
    "PAYMENT_REFUND_FAILED": Told.REFUND_FAILED,
}
_DISPUTES: Final = frozenset({"PAYMENT_DISPUTE_CREATED", "PAYMENT_DISPUTE_UPDATED"})
#: Active, in review, lost, won, before arbitration, reversed.
_CASES: Final = {
    "ACT": Told.CHARGEBACK,
    "RVW": Told.NOTHING,
    "LOS": Told.CHARGEBACK_LOST,
    "WIN": Told.CHARGEBACK_WON,
    "REV": Told.CHARGEBACK_WON,
}
_FACTS: Final = ("status", "failure_code", "payment_method_type", "country_code", "paid_at",
                 "dispute_category", "error_code")  # fmt: skip


def signature(
    *, where: str, salt: str, timestamp: str, access_key: str, secret_key: str, body: str
) -> str:
    """See ``rapyd.signature``; ``where`` is the address, after the method if there is one."""
    signed = f"{where}{salt}{timestamp}{access_key}{secret_key}{'' if body == '{}' else body}"
    digest = hmac.new(secret_key.encode(), signed.encode(), hashlib.sha256).hexdigest()
    return base64.b64encode(digest.encode()).decode()


def read(delivery: Delivery, account: Account) -> Notice:
    """
    Authenticate and read a delivery.

    :raises NotAuthentic: another key, address, time or text than was signed
    :raises Unreadable: its form is not understood
    """
    _check(delivery, account)
    event = strict.read_json(delivery.body)
    fields, data = strict.texts(event), strict.part(event, "data")
    kind, identity = fields.get("type", ""), fields.get("id", "")
    if not kind or not identity:
        raise Unreadable("no type or no id")
    if kind in _PAYMENTS:
        return _payment(kind, data, fields)
    if kind in _REFUNDS:
        return _refund(kind, data, fields)
    if kind in _DISPUTES:
        return _dispute(kind, data, fields)
    inner = strict.texts(data)
    return Notice(
        event_type=kind[:40],
        told=Told.NEEDS_STAFF,
        dedupe_key=f"event:{identity}"[:120],
        account=Account(""),
        occurred_at=time_of(fields.get("created_at", "")),
        reason=f"{kind} is not acted on"[:200],
        facts=_facts(inner) | {"id": inner.get("id", "")[:80]},
    )


def read_amount(fields: Mapping[str, str]) -> Money | None:
    """
    Read amount and currency of a payment, refund or dispute.

    :raises Unreadable: not an amount we know
    """
    currency = fields.get("currency_code") or fields.get("currency", "")
    if not fields.get("amount") or not currency:
        return None
    return strict.money(fields["amount"], currency)


def means_of(payment: Mapping[str, Any]) -> Means | None:
    """
    Return the stored card of a payment: customer and payment method, both are needed to charge.

    :raises Unreadable: its parts are not objects
    """
    fields = strict.texts(payment)
    customer, method = fields.get("customer_token", ""), fields.get("payment_method", "")
    if not customer or not method:
        return None
    card = strict.texts(strict.part(payment, "payment_method_data"))
    bank = strict.texts(strict.part(payment, "payment_method_data", "bin_details"))
    month, year = card.get("expiration_month", ""), card.get("expiration_year", "")
    fits = month.isdecimal() and year.isdecimal() and month.isascii() and year.isascii()
    return Means(
        token=f"{customer}:{method}"[:160],
        brand=bank.get("brand", card.get("type", ""))[:20],
        last4=card.get("last4", "")[-4:],
        expires=f"20{year[-2:]}-{int(month[:2]):02d}" if fits else "",
        country=bank.get("country", "")[:2],
        bin=bank.get("bin_number", "")[:8],
        fingerprint=card.get("fingerprint_token", "")[:80],
    )


def time_of(text: str) -> datetime | None:
    """Read seconds since 1970; None when it is no such number."""
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(LATEST_TIME)):
        return None
    return datetime.fromtimestamp(int(text), tz=UTC) if int(text) <= LATEST_TIME else None


def _check(delivery: Delivery, account: Account) -> None:
    config = account.config
    timestamp = header(delivery.headers, "timestamp")
    try:
        text = delivery.body.decode()
    except UnicodeDecodeError as error:
        raise Unreadable("the body is not UTF-8") from error
    expected = signature(
        where=delivery.url,
        salt=header(delivery.headers, "salt"),
        timestamp=timestamp,
        access_key=config["access_key"],
        secret_key=config["secret_key"],
        body=text,
    )
    if not same(expected, header(delivery.headers, "signature").strip()):
        raise NotAuthentic("the signature is wrong: altered, sent elsewhere, or not with our keys")
    sent = time_of(timestamp)
    # Of one length always: nothing stands between salt and time in the signed text.
    if len(timestamp) != TIME_DIGITS or sent is None or delivery.received_at is None:
        raise NotAuthentic("no time says when it was sent, or when it came")
    skew = abs((delivery.received_at - sent).total_seconds())
    if skew > int(config.get("webhook_skew_seconds", SKEW_SECONDS)):
        raise NotAuthentic("it was signed too long before it came: sent again by somebody?")


def _payment(kind: str, data: Mapping[str, Any], event: Mapping[str, str]) -> Notice:
    fields = strict.texts(data)
    told = _PAYMENTS[kind]
    reference, amount = fields.get("id", ""), read_amount(fields)
    if not reference:
        raise Unreadable("a payment without an id")
    if told is Told.PAID and fields.get("status") != "CLO":
        told = Told.PENDING
    if told is Told.PAID and amount is None:
        raise Unreadable("a completed payment without an amount")
    # Completed and succeeded are one piece of news: the same payment was paid once.
    return Notice(
        event_type=kind[:40],
        told=told,
        dedupe_key=f"{told.name}:{reference}"[:120],
        account=Account(""),
        token=fields.get("merchant_reference_id", ""),
        reference=reference[:80],
        amount=amount,
        occurred_at=time_of(event.get("created_at", "")),
        code=fields.get("failure_code", "")[:40],
        reason=fields.get("failure_message", "")[:200],
        means=means_of(data),
        facts=_facts(fields),
    )


def _refund(kind: str, data: Mapping[str, Any], event: Mapping[str, str]) -> Notice:
    fields = strict.texts(data)
    told, refund, payment = _REFUNDS[kind], fields.get("id", ""), fields.get("payment", "")
    if not refund or not payment:
        raise Unreadable("a refund without an id or a payment")
    return Notice(
        event_type=kind[:40],
        told=told,
        dedupe_key=f"{told.name}:{refund}"[:120],
        account=Account(""),
        reference=payment[:80],
        gateway_transaction=refund[:40],
        amount=read_amount(fields),
        occurred_at=time_of(event.get("created_at", "")),
        reason=fields.get("failure_reason", fields.get("reason", ""))[:200],
        facts=_facts(fields),
    )


def _dispute(kind: str, data: Mapping[str, Any], event: Mapping[str, str]) -> Notice:
    fields = strict.texts(data)
    case, payment = fields.get("id", ""), fields.get("original_transaction_id", "")
    status = fields.get("status", "")
    if not case or not payment:
        raise Unreadable("a dispute without an id or a payment")
    told = _CASES.get(status, Told.NEEDS_STAFF)
    if kind == "PAYMENT_DISPUTE_UPDATED" and told is Told.CHARGEBACK:
        told = Told.NOTHING  # still active
    reason = fields.get("dispute_reason_description", "")
    return Notice(
        event_type=kind[:40],
        told=told,
        dedupe_key=f"{kind}:{case}:{status}"[:120],
        account=Account(""),
        reference=payment[:80],
        gateway_transaction=case[:40],
        amount=read_amount(fields),
        occurred_at=time_of(event.get("created_at", "")),
        reason=reason[:200],
        dispute=Disputed(
            reference=case[:80],
            reason_code=fields.get("dispute_category", "")[:40],
            reason=reason[:200],
            due_at=time_of(fields.get("due_date", "")),
        ),
        facts=_facts(fields),
    )


def _facts(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: fields[name][:80] for name in _FACTS if fields.get(name)}
