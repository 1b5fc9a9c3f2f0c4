"""How a gateway's names for stored means of payment are kept: sealed, and known by a digest."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def seal(text: str) -> str:
    """Return a text encrypted with the newest of settings.FIELD_ENCRYPTION_KEY."""
    return _cipher().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """
    Return what was sealed, by any key that is still configured.

    :raises cryptography.fernet.InvalidToken: it was not sealed by one of them
    """
    return _cipher().decrypt(sealed.encode()).decode()


def digest_of(text: str) -> str:
    """Return what tells equal texts without telling the text: HMAC-SHA-256 under SECRET_KEY."""
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def _cipher() -> MultiFernet:
    keys = [key.strip() for key in settings.FIELD_ENCRYPTION_KEY.split(",") if key.strip()]
    digests = [hashlib.sha256(b"payments.method:" + key.encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
