"""Prove a stored delivery and read what it tells: pure of the database and of the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cryptography.fernet import InvalidToken

from apps.core.sealing import seal, unseal
from apps.finance.payments.adapters import gateway_for, strict
from apps.finance.payments.adapters.base import Delivery, NotAuthentic, Notice, Unreadable
from apps.finance.payments.models import WebhookEvent
from apps.finance.payments.models.webhook import KEY_LENGTH
from apps.finance.payments.selectors.inbox import webhook_address
from apps.finance.payments.selectors.merchants import of_gateway
from apps.finance.payments.services.sealed import opened

#: A password that comes with every call is kept as a secret of ours is: sealed.
_SEALED = "authorization"
_DROPPED = frozenset({"cookie", "proxy-authorization"})
_PURPOSE = "payments.webhook"
_MOST_HEADERS, _LONGEST_HEADER = 60, 4_000
#: More than any gateway's batch has; each is a piece of news with a transaction of its own.
MOST_NOTICES = 500


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers as they are stored."""
    kept = {}
    for name, value in list(headers.items())[:_MOST_HEADERS]:
        lower = name.lower()
        if lower in _DROPPED or len(value) > _LONGEST_HEADER:
            continue
        kept[name] = seal(value, purpose=_PURPOSE) if lower == _SEALED else value
    return kept


def read_delivery(webhook: WebhookEvent) -> Sequence[Notice]:
    """
    Prove a delivery with the secrets of its address, and read it.

    :raises NotAuthentic: it does not prove its sender, was altered, or has no single meaning
    :raises Unreadable: its form is not understood
    """
    account = of_gateway(webhook.gateway, webhook.credentials)
    gateway = gateway_for(webhook.gateway)
    missing = sorted(gateway.needs - account.config.keys())
    if missing:
        raise Unreadable(f"not configured: {', '.join(missing)}")
    sent = opened(webhook)
    delivery = Delivery(
        query=sent.query,
        raw_query=sent.raw_query,
        headers=_unsealed(sent.headers),
        body=sent.body,
        remote_ip=webhook.remote_ip or "",
        method=webhook.method,
        url=webhook_address(webhook.gateway, webhook.credentials),
        received_at=webhook.received_at,
    )
    try:
        notices = gateway.read_webhook(delivery, account)
    except Unreadable:
        _refuse_ambiguous(delivery.body)
        raise
    if not notices:
        raise Unreadable("it tells nothing")
    if len(notices) > MOST_NOTICES:
        raise Unreadable(f"it tells more than {MOST_NOTICES} things")
    if any(not 0 < len(notice.dedupe_key) <= KEY_LENGTH for notice in notices):
        raise Unreadable("nothing tells its news from others")
    return notices


def _unsealed(headers: Mapping[str, str]) -> dict[str, str]:
    opened = dict(headers)
    for name, value in headers.items():
        if name.lower() == _SEALED:
            try:
                opened[name] = unseal(value, purpose=_PURPOSE)
            except InvalidToken:  # by a key that is no longer configured
                del opened[name]
    return opened


def _refuse_ambiguous(body: bytes) -> None:
    """Refuse JSON that cannot be read in one way: no gateway sends it, and no time mends it.

    Names that stand twice, NaN, nesting without end, bytes that are no text.

    :raises NotAuthentic: it is such
    """
    if body.lstrip()[:1] in {b"{", b"["}:
        try:
            strict.read_json(body if body.lstrip()[:1] == b"{" else b'{"list":' + body + b"}")
        except Unreadable as error:
            raise NotAuthentic(f"{error}: no gateway writes so") from error
