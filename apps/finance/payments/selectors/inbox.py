"""Which addresses webhooks come to, and whose secrets must prove what comes there."""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from django.conf import settings

from apps.finance.payments.selectors.merchants import of_gateway


def set_of_address(gateway: str, token: str) -> str | None:
    """Return which credentials set of a gateway an address belongs to; None for no address.

    The gateway's own set is ``""``. Every set is compared, each in constant time.
    """
    given = token.encode()
    found = None
    for name, expected in _tokens(gateway):
        if hmac.compare_digest(given, expected.encode()):
            found = name
    return found


def _tokens(gateway: str) -> Iterator[tuple[str, str]]:
    """Yield the sets of a gateway: ``epoch`` itself, and those like ``epoch-boyfanz``."""
    if gateway == "ccbill" and (token := settings.CCBILL["webhook_token"]):
        yield "", token
    for name, given in settings.GATEWAY_CREDENTIALS.items():
        if (name == gateway or name.startswith(f"{gateway}-")) and given.get("webhook_token"):
            yield "" if name == gateway else name, given["webhook_token"]


def webhook_address(gateway: str, credentials: str = "") -> str:
    """Return the address a gateway calls with these secrets; empty where none is configured."""
    config = of_gateway(gateway, credentials).config
    origin = config.get("webhook_origin") or settings.WEBHOOK_ORIGIN
    token = config.get("webhook_token")
    return f"{origin.rstrip('/')}/webhooks/{gateway}/{token}/" if origin and token else ""
