"""Vendo's signature of addresses: HMAC-SHA1 over path and query, base64url without padding.

Source: the official SDK lbadmin/vendo-sdk-php (Util/Signature, Crypto/HmacSha1) and its tests.
Scheme, host and port are not part of it. SHA-1 is Vendo's choice; in an HMAC it still holds.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote_plus, urlsplit

from apps.finance.payments.adapters.proof import same


def hmac_sha1(text: str, *, secret: str) -> str:
    """HMAC-SHA1 of a text, as base64url without padding."""
    mac = hmac.new(secret.encode(), text.encode("utf-8", "replace"), hashlib.sha1)
    return base64.urlsafe_b64encode(mac.digest()).decode().rstrip("=")


def encoded(fields: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    """Write a query as PHP's http_build_query does, in the order given."""
    pairs = fields.items() if isinstance(fields, Mapping) else fields
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)


def signed_text(url: str) -> str:
    """Return what is signed of an address: path and re-encoded query without ``signature``."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = encoded((name, value) for name, value in pairs if name != "signature")
    return f"{parts.path}?{query}" if query else parts.path


def signature(url: str, *, secret: str) -> str:
    """Return the signature of an address; one it already carries is left out."""
    return hmac_sha1(signed_text(url), secret=secret)


def signed_url(address: str, fields: Mapping[str, str], *, secret: str) -> str:
    """Return the address with its parameters and their signature."""
    url = f"{address}?{encoded(fields)}"
    return f"{url}&signature={signature(url, secret=secret)}"


def is_valid(url: str, *, secret: str, now: datetime | None = None) -> bool:
    """
    Say whether an address carries the right signature and has not expired.

    Without ``now`` an address that may expire counts as expired.
    """
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    fields = dict(pairs)
    if len(fields) != len(pairs) or not fields.get("signature"):
        return False
    if fields.get("expires") and not _is_still_good(fields["expires"], now):
        return False
    return same(signature(url, secret=secret), fields["signature"])


def _is_still_good(expires: str, now: datetime | None) -> bool:
    if now is None or not (expires.isascii() and expires.isdigit()):
        return False
    return int(expires[:20]) >= int(now.astimezone(UTC).timestamp())


def _quoted(text: str) -> str:
    """PHP's urlencode is Python's quote_plus, but for the tilde."""
    return quote_plus(text, errors="replace").replace("~", "%7E")
