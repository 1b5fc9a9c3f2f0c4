"""The Message-ID of a message: the same at every try, and read back when it bounces."""

from __future__ import annotations

import hashlib
import hmac
import re

_OURS = re.compile(r"<?m(\d{1,18})\.([0-9a-f]{16})@[^<>\s]+>?")


def message_id_of(*, pk: int, key: str, host: str, secret: str) -> str:
    """Return the Message-ID (RFC 5322 3.6.4): our number, and a word that only we can make, so
    that only who got the mail can name it: what comes back holds up charges."""
    return f"<m{pk}.{_proof(pk, key, secret)}@{host}>"


def number_in(message_id: str) -> int | None:
    """Return our number in a Message-ID, or None if it is none of ours by its form."""
    found = _OURS.fullmatch(message_id.strip())
    return int(found[1]) if found else None


def is_of(message_id: str, *, pk: int, key: str, secret: str) -> bool:
    """Test if a Message-ID is really that of this message."""
    found = _OURS.fullmatch(message_id.strip())
    if found is None or int(found[1]) != pk:
        return False
    return hmac.compare_digest(found[2], _proof(pk, key, secret))


def _proof(pk: int, key: str, secret: str) -> str:
    told = f"{pk}:{key}".encode()
    return hmac.new(secret.encode(), told, hashlib.sha256).hexdigest()[:16]
