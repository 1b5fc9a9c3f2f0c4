"""Examples of the processors that sign their webhooks, and of coins."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from apps.finance.payments.adapters import (
    adyen_webhooks,
    commercegate_callbacks,
    nmi_webhooks,
)
from apps.finance.payments.adapters import (
    btcpay as btcpay_adapter,
)
from apps.finance.payments.adapters import (
    nowpayments as nowpayments_adapter,
)
from apps.finance.payments.adapters import (
    rapyd as rapyd_adapter,
)
from apps.finance.payments.adapters.strict import Number
from apps.ops.services.vectors.entry import Entry, NotUnderstood, compact, text_of


def adyen(entry: Entry) -> list[Any]:
    """An item's signature, or the one over a whole body."""
    given = entry.input
    if isinstance(given, Mapping) and isinstance(given.get("body"), str):
        given = given["body"]
    if isinstance(given, str):
        over_item = entry.says("pspreference:") and not entry.says("raw body")
        item = _item(_json(given)) if over_item else None
        if item is None:
            signed = adyen_webhooks.body_signature(given.encode(), key=entry.secret)
            return _said(entry, signed, _given(entry))
    else:
        item = _item(given)
    if item is None:
        raise NotUnderstood("no notification in it")
    more = item.get("additionalData")
    inside = more.get("hmacSignature", "") if isinstance(more, Mapping) else ""
    signed = adyen_webhooks.item_signature(_plain(item), key=entry.secret)
    return _said(entry, signed, str(inside or _given(entry)))


def rapyd(entry: Entry) -> list[Any]:
    """A request's signature, or a webhook's: without a method, over the whole address."""
    fields = dict(entry.input) if isinstance(entry.input, Mapping) else {}
    body = fields.get("body", "")
    url = fields.get("url") or ""
    method, path = str(fields.get("method") or ""), str(fields.get("path") or "")
    webhook = bool(url) and not path
    if not (url or path):
        raise NotUnderstood("neither a path nor an address")
    return _said(
        entry,
        rapyd_adapter.signature(
            method="" if webhook else method.lower(),
            path=str(url) if webhook else path,
            salt=text_of(fields.get("salt", "")),
            timestamp=text_of(fields.get("timestamp", "")),
            access_key=text_of(fields.get("access_key", "")),
            secret_key=entry.secret,
            body=body if isinstance(body, str) else compact(body or {}),
        ),
        str(fields.get("signature", "")),
    )


def nmi(entry: Entry) -> list[Any]:
    """``Webhook-Signature`` with its nonce; the bare digest fits as well."""
    fields = entry.input if isinstance(entry.input, Mapping) else {}
    nonce = str(entry.more.get("nonce") or fields.get("nonce") or "")
    if not nonce:
        raise NotUnderstood("no nonce")
    signed = nmi_webhooks.signature(nonce=nonce, body=entry.body.encode(), key=entry.secret)
    bare = isinstance(entry.expected, str) and "=" not in entry.expected
    return _said(entry, signed.partition("s=")[2] if bare else signed, _given(entry))


def btcpay(entry: Entry) -> list[Any]:
    """``BTCPay-Sig``; the bare digest fits as well."""
    signed = btcpay_adapter.signature(entry.body.encode(), secret=entry.secret)
    bare = isinstance(entry.expected, str) and not entry.expected.startswith("sha256=")
    return _said(entry, signed.removeprefix("sha256=") if bare else signed, _given(entry))


def nowpayments(entry: Entry) -> list[Any]:
    """The signature over the body with its names sorted, however deep."""
    body = _json(entry.input) if isinstance(entry.input, str) else entry.input
    if not isinstance(body, Mapping):
        raise NotUnderstood("the input is no object")
    canonical = entry.more.get("canonical")
    if isinstance(canonical, str) and canonical != nowpayments_adapter.canonical(body):
        return [nowpayments_adapter.canonical(body)]
    return _said(
        entry, nowpayments_adapter.ipn_signature(body, secret=entry.secret), _given(entry)
    )


def coinbase(entry: Entry) -> list[Any]:
    """``X-CC-Webhook-Signature``: HMAC-SHA256 hex over the bytes of the body."""
    mac = hmac.new(entry.secret.encode(), entry.body.encode(), hashlib.sha256)
    return _said(entry, mac.hexdigest(), _given(entry))


def commercegate(entry: Entry) -> list[Any]:
    """What the decrypted signature of a callback must equal: MD5 of the body."""
    return _said(entry, commercegate_callbacks.body_digest(entry.body.encode()), _given(entry))


def _said(entry: Entry, computed: str, given: str) -> list[Any]:
    """Where the example only says whether a signature is right, say the same."""
    if isinstance(entry.expected, bool):
        return [computed == given]
    return [computed]


def _given(entry: Entry) -> str:
    given = entry.more.get("signature") or entry.more.get("header")
    if not given and isinstance(entry.input, Mapping):
        given = entry.input.get("signature")
    return str(given or "")


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_int=Number, parse_float=Number)
    except (ValueError, RecursionError) as error:
        raise NotUnderstood("no JSON") from error


def _item(loaded: Any) -> dict[str, Any] | None:
    """Find the item, with or without what a delivery wraps it in."""
    if not isinstance(loaded, Mapping):
        return None
    items = loaded.get("notificationItems")
    if isinstance(items, list) and items:
        return _item(items[0])
    inner = loaded.get("NotificationRequestItem")
    if isinstance(inner, Mapping):
        return _item(inner)
    return dict(loaded) if "eventCode" in loaded or "pspReference" in loaded else None


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: text_of(value) if isinstance(value, bool) else value for name, value in item.items()
    }
