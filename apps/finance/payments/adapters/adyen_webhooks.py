"""Adyen's webhooks: every item of a notification is signed by itself, and each is news.

Sources: the official Python library and its tests for both signatures (which checks only the
first item; here all are). Event codes and what they mean for money are from memory.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from apps.core.money import MOST_MINOR, SCALES, Money
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
from apps.finance.payments.adapters.proof import check_basic, header, same

#: More than Adyen sends at once; each item costs a signature.
MOST_ITEMS: Final = 100
#: Between the eight texts that are signed. Nothing is escaped, so with more of them the same
#: signature fits other fields too; our own references have none.
COLONS: Final = 7
#: What an event means when it succeeded, and when it did not.
_TOLD: Final = {
    "AUTHORISATION": (Told.PAID, Told.DECLINED),
    "CAPTURE": (Told.NOTHING, Told.NEEDS_STAFF),
    "CANCELLATION": (Told.VOIDED, Told.NEEDS_STAFF),
    "TECHNICAL_CANCEL": (Told.VOIDED, Told.NEEDS_STAFF),
    "REFUND": (Told.REFUNDED, Told.REFUND_FAILED),
    "REFUND_FAILED": (Told.REFUND_FAILED, Told.NEEDS_STAFF),
    "REFUNDED_REVERSED": (Told.REFUND_FAILED, Told.NEEDS_STAFF),
    "NOTIFICATION_OF_FRAUD": (Told.FRAUD_REPORT, Told.NEEDS_STAFF),
    "REQUEST_FOR_INFORMATION": (Told.INQUIRY, Told.NEEDS_STAFF),
    "NOTIFICATION_OF_CHARGEBACK": (Told.ALERT, Told.NEEDS_STAFF),
    "CHARGEBACK": (Told.CHARGEBACK, Told.NEEDS_STAFF),
    "SECOND_CHARGEBACK": (Told.CHARGEBACK, Told.NEEDS_STAFF),
    "CHARGEBACK_REVERSED": (Told.CHARGEBACK_WON, Told.NEEDS_STAFF),
    "PREARBITRATION_WON": (Told.CHARGEBACK_WON, Told.NEEDS_STAFF),
    "PREARBITRATION_LOST": (Told.CHARGEBACK_LOST, Told.NEEDS_STAFF),
    "OFFER_CLOSED": (Told.CANCELLED, Told.NEEDS_STAFF),
    "RECURRING_CONTRACT": (Told.NOTHING, Told.NOTHING),
    "REPORT_AVAILABLE": (Told.NOTHING, Told.NOTHING),
}  # fmt: skip
_DISPUTES: Final = frozenset(
    {Told.FRAUD_REPORT, Told.INQUIRY, Told.ALERT, Told.CHARGEBACK, Told.CHARGEBACK_WON,
     Told.CHARGEBACK_LOST}
)  # fmt: skip
_REVERSALS: Final = {"cancel": Told.VOIDED, "refund": Told.REFUNDED}
#: States of a dispute that nobody can defend any more.
_LOST: Final = frozenset({"Lost", "Accepted", "Expired"})
_TOKENS: Final = {
    "recurring.token.created": Told.NOTHING,
    "recurring.token.alreadyExisting": Told.NOTHING,
    "recurring.token.updated": Told.MEANS_CHANGED,
    "recurring.token.disabled": Told.MEANS_CHANGED,
}
_FACTS: Final = (
    "disputeStatus", "chargebackSchemeCode", "modificationMerchantReferences", "paymentMethod",
    "authCode", "issuerCountry", "modification.action",
)  # fmt: skip


def item_signature(item: Mapping[str, Any], *, key: str) -> str:
    """
    ``additionalData.hmacSignature``: base64 of HMAC-SHA256 over eight texts with ``:`` between,
    none of them escaped. ``key`` is hex.

    :raises Unreadable: the key is not hex, or an item without its amount
    """
    return body_signature(signed_text(item).encode(), key=key)


def signed_text(item: Mapping[str, Any]) -> str:
    """
    Return what an item's signature is over.

    :raises Unreadable: its amount is not an object
    """
    amount = strict.part(item, "amount")
    texts = [
        *(item.get(name) for name in ("pspReference", "originalReference",
                                      "merchantAccountCode", "merchantReference")),
        *(amount.get(name) for name in ("value", "currency")),
        *(item.get(name) for name in ("eventCode", "success")),
    ]  # fmt: skip
    return ":".join("" if text is None else str(text) for text in texts)


def body_signature(body: bytes, *, key: str) -> str:
    """The header ``hmacsignature`` of platform webhooks: over the bytes of the body.

    :raises Unreadable: the key is not hex
    """
    try:
        secret = bytes.fromhex(key)
    except ValueError as error:
        raise Unreadable("the configured hmac_key is not hex") from error
    return base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()


def read(delivery: Delivery, account: Account) -> list[Notice]:
    """
    Read a delivery; one item that is not proved spoils it whole.

    :raises NotAuthentic: password, or a signature, is wrong
    :raises Unreadable: its form is not understood
    """
    config = account.config
    if config.get("webhook_password"):
        check_basic(
            delivery.headers,
            username=config.get("webhook_username", ""),
            password=config["webhook_password"],
        )
    body = strict.read_json(delivery.body)
    if "notificationItems" not in body:
        expected = body_signature(delivery.body, key=config["hmac_key"])
        _check(expected, header(delivery.headers, "hmacsignature"))
        return [_platform(body, delivery.body)]
    items = body["notificationItems"]
    if not isinstance(items, list) or not 0 < len(items) <= MOST_ITEMS:
        raise Unreadable("no list of items")
    inner = [_inner(item) for item in items]
    for item in inner:
        given = strict.texts(strict.part(item, "additionalData")).get("hmacSignature", "")
        _check(item_signature(item, key=config["hmac_key"]), given)
    return [_notice(item, config.get("capture_mode", "immediate")) for item in inner]


def read_amount(fields: Mapping[str, Any]) -> Money | None:
    """
    Read ``{"currency", "value"}``, a count of the smallest unit.

    :raises Unreadable: not a whole number, or not a currency of ours
    """
    value, currency = str(fields.get("value", "")), str(fields.get("currency", ""))
    if not value and not currency:
        return None
    if not value.isascii() or not value.isdecimal() or len(value) > len(str(MOST_MINOR)):
        raise Unreadable("the amount is no whole number")
    if currency not in SCALES or int(value) > MOST_MINOR:
        raise Unreadable("the amount is not one we know")
    return Money(int(value), currency)


def means_of(extra: Mapping[str, str]) -> Means | None:
    """Return the stored card an answer or webhook names, if it does. ``expiryDate`` is MM/YYYY."""
    token = (
        extra.get("recurring.recurringDetailReference")
        or extra.get("tokenization.storedPaymentMethodId")
        or ""
    )
    if not token:
        return None
    month, _, year = extra.get("expiryDate", "").partition("/")
    fits = len(year) == len("2030") and month.isdecimal() and year.isdecimal()
    return Means(
        token=token[:80],
        brand=extra.get("paymentMethod", "")[:20],
        last4=extra.get("cardSummary", "")[-4:],
        expires=f"{year}-{int(month):02d}" if fits else "",
        country=extra.get("cardIssuingCountry", extra.get("issuerCountry", ""))[:2],
        bin=extra.get("cardBin", "")[:8],
        fingerprint=extra.get("alias", "")[:80],
    )


def time_of(text: str) -> datetime | None:
    """Read ISO 8601 with its zone; None when there is no such time in it."""
    try:
        read = datetime.fromisoformat(text)
        return read.astimezone(UTC) if read.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _check(expected: str, given: str) -> None:
    if not same(expected, given):
        raise NotAuthentic("a signature is wrong: altered, or not made with our key")


def _inner(item: object) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise Unreadable("an item is not an object")
    return strict.part(item, "NotificationRequestItem")


def _told(event: str, *, succeeded: bool, manual: bool, extra: Mapping[str, str]) -> Told:
    if event == "CANCEL_OR_REFUND" and succeeded:
        return _REVERSALS.get(extra.get("modification.action", ""), Told.NEEDS_STAFF)
    if event == "DISPUTE_DEFENSE_PERIOD_ENDED" and extra.get("disputeStatus") in _LOST:
        return Told.CHARGEBACK_LOST
    if manual and succeeded and event in {"AUTHORISATION", "CAPTURE"}:
        return Told.AUTHORISED if event == "AUTHORISATION" else Told.PAID
    good, bad = _TOLD.get(event, (Told.NEEDS_STAFF, Told.NEEDS_STAFF))
    return good if succeeded else bad


def _notice(item: Mapping[str, Any], capture_mode: str) -> Notice:
    fields = strict.texts(item)
    extra = strict.texts(strict.part(item, "additionalData"))
    event, own = fields.get("eventCode", ""), fields.get("pspReference", "")
    original, success = fields.get("originalReference", ""), fields.get("success", "")
    if not event or not own or success not in {"true", "false"}:
        raise Unreadable("an item without its event, reference or success")
    told = _told(event, succeeded=success == "true", manual=capture_mode == "manual", extra=extra)
    if signed_text(item).count(":") != COLONS:
        told = Told.NEEDS_STAFF
    reason = fields.get("reason", "")
    return Notice(
        event_type=event[:40],
        told=told,
        dedupe_key=f"{event}:{own}:{success}:{original}"[:120],
        account=Account(fields.get("merchantAccountCode", "")),
        token=fields.get("merchantReference", ""),
        reference=(original or own)[:80],
        gateway_transaction=own[:40],
        amount=read_amount(strict.part(item, "amount")),
        occurred_at=time_of(fields.get("eventDate", "")),
        code=extra.get("refusalReasonCode", reason if told is Told.DECLINED else "")[:40],
        reason=reason[:200],
        means=means_of(extra),
        dispute=_dispute(event, own, reason, extra) if told in _DISPUTES else None,
        facts={name: extra[name][:80] for name in _FACTS if extra.get(name)},
    )


def _dispute(event: str, reference: str, reason: str, extra: Mapping[str, str]) -> Disputed:
    return Disputed(
        reference=reference[:80],
        reason_code=extra.get("chargebackReasonCode", "")[:40],
        reason=reason[:200],
        due_at=time_of(extra.get("defensePeriodEndsAt", "")),
        again=event == "SECOND_CHARGEBACK",
    )


def _platform(body: Mapping[str, Any], raw: bytes) -> Notice:
    """News of accounts and tokens, without an order."""
    fields, data = strict.texts(body), strict.texts(strict.part(body, "data"))
    event = fields.get("type", "")
    if not event:
        raise Unreadable("no type is named")
    told = _TOKENS.get(event, Told.NEEDS_STAFF)
    token = data.get("storedPaymentMethodId", "")
    identity = fields.get("eventId") or hashlib.sha256(raw).hexdigest()
    return Notice(
        event_type=event[:40],
        told=told if token else Told.NEEDS_STAFF,
        dedupe_key=f"{event}:{identity}"[:120],
        account=Account(data.get("merchantAccount", "")),
        occurred_at=time_of(fields.get("createdAt", "")),
        means=_stored(token, data, event) if token else None,
        facts={"shopper": data["shopperReference"][:80]} if data.get("shopperReference") else {},
    )


def _stored(token: str, data: Mapping[str, str], event: str) -> Means:
    """Such news names a stored card and its network, no more."""
    return Means(
        token[:80],
        brand=data.get("type", "")[:20],
        is_closed=event == "recurring.token.disabled",
    )
