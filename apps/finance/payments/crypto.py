"""How a gateway's names for stored means of payment are kept: sealed, and known by a digest."""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings

from apps.core import sealing

_PURPOSE = "payments.means"


def seal(text: str) -> str:
    """Return a text encrypted with the newest of settings.FIELD_ENCRYPTION_KEY."""
    return sealing.seal(text, purpose=_PURPOSE)


def unseal(sealed: str) -> str:
    """
    Return what was sealed, by any key that is still configured.

    :raises cryptography.fernet.InvalidToken: it was not sealed by one of them
    """
    return sealing.unseal(sealed, purpose=_PURPOSE)


def digest_of(text: str) -> str:
    """Return what tells equal texts without telling the text: HMAC-SHA-256 under SECRET_KEY."""
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
