"""Standard Webhooks 1.0.0 (standardwebhooks.com): ids, secrets and symmetric signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"
#: The specification asks for 24 to 64 bytes.
SECRET_BYTES = 32


def secret_text(secret: bytes) -> str:
    """Return a secret as people and libraries hand it on: ``whsec_`` and base64."""
    return PREFIX + base64.b64encode(secret).decode()


def signature_of(*, secret: str, message_id: str, timestamp: int, body: str) -> str:
    """Return ``v1,`` and the base64 HMAC-SHA-256 of ``id.timestamp.body``.

    :raises ValueError: the secret is not one of ``secret_text``
    """
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    signed = f"{message_id}.{timestamp}.{body}".encode()
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def headers_of(
    *, secrets: Sequence[str], message_id: str, timestamp: int, body: str
) -> dict[str, str]:
    """Return the three headers; during a rotation there is a signature of each secret."""
    signatures = [
        signature_of(secret=secret, message_id=message_id, timestamp=timestamp, body=body)
        for secret in secrets
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
        "content-type": "application/json",
    }
