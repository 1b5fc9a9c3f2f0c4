"""Sessions that are good on one brand only."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from django.contrib.sessions.backends.cached_db import SessionStore as CachedDbStore

#: The primary key of the brand this request is for; None outside requests.
current_brand: ContextVar[int | None] = ContextVar("current_brand", default=None)

BRAND_KEY = "_brand"


class SessionStore(CachedDbStore):
    """A session remembers the brand it was made on, and is empty on any other.

    This holds however the session is named: by cookie, by the ``sid`` of an access or
    refresh token, or by X-Session-Token. A session from outside a request (a test's
    ``force_login``) takes the brand that first saves it.
    """

    def load(self) -> dict[str, Any]:
        data: dict[str, Any] = super().load()
        brand = current_brand.get()
        if brand is not None and data.get(BRAND_KEY, brand) != brand:
            self._session_key = None  # so that a later save makes a session of its own
            return {}
        return data

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002
        brand = current_brand.get()
        if brand is not None and not self.is_empty():
            self.setdefault(BRAND_KEY, brand)
        super().save(must_create=must_create)
