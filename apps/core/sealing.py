"""Texts that must be read again, kept so that a copy of the database does not tell them."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def seal(text: str, *, purpose: str = "") -> str:
    """Return a text encrypted with the newest key of settings.FIELD_ENCRYPTION_KEY.

    What was sealed for one ``purpose`` cannot be opened for another.
    """
    return _cipher(purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, *, purpose: str = "") -> str:
    """Return what was sealed, by any key that is still configured.

    :raises cryptography.fernet.InvalidToken: it was not sealed by one of them for this purpose
    """
    return _cipher(purpose).decrypt(sealed.encode()).decode()


def digest_of(text: str) -> str:
    """Return what tells equal texts without telling the text: HMAC-SHA-256 under SECRET_KEY."""
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def _cipher(purpose: str) -> MultiFernet:
    prefix = f"{purpose}:" if purpose else ""
    keys = [key.strip() for key in settings.FIELD_ENCRYPTION_KEY.split(",") if key.strip()]
    digests = [hashlib.sha256(f"{prefix}{key}".encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
