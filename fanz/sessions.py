"""Sessions that are good on one brand only."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

import structlog
from django.contrib.sessions.backends.cached_db import SessionStore as CachedDbStore
from django.core.cache import BaseCache
from redis import RedisError

log = structlog.get_logger(__name__)
Answer = TypeVar("Answer")

#: The primary key of the brand this request is for; None outside requests.
current_brand: ContextVar[int | None] = ContextVar("current_brand", default=None)

BRAND_KEY = "_brand"

#: How long a copy of a session may be believed without asking the database. A session that was
#: ended or changed while the cache was away must not come back with it.
COPY_SECONDS = 300


class ForgivingCache:
    """The cache as sessions use it: without an answer it holds nothing, and is asked no more.

    One of these lives as long as one session object, mostly one request: a cache that does
    not answer costs a request one timeout.
    """

    def __init__(self, cache: BaseCache) -> None:
        self._cache = cache
        self._is_away = False

    def get(self, key: str) -> Any:
        return self._ask(lambda: self._cache.get(key), None)

    def set(self, key: str, value: Any, timeout: float) -> None:
        seconds = min(int(timeout), COPY_SECONDS)
        self._ask(lambda: self._cache.set(key, value, seconds), None)

    def delete(self, key: str) -> None:
        self._ask(lambda: self._cache.delete(key), False)  # noqa: FBT003 (what delete returns)

    def __contains__(self, key: str) -> bool:
        return self._ask(lambda: key in self._cache, False)  # noqa: FBT003 (what "in" returns)

    def _ask(self, call: Callable[[], Answer], otherwise: Answer) -> Answer:
        if self._is_away:
            return otherwise
        try:
            return call()
        except (RedisError, OSError) as error:
            self._is_away = True
            log.warning("sessions.cache_unreachable", error=str(error))
            return otherwise


class SessionStore(CachedDbStore):
    """A session remembers the brand it was made on, and is empty on any other.

    This holds however the session is named: by cookie, by the ``sid`` of an access or
    refresh token, or by X-Session-Token. A session from outside a request (a test's
    ``force_login``) takes the brand that first saves it. The database holds every session;
    the cache only spares asking it, and may be away.
    """

    _cache: Any

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._cache = ForgivingCache(self._cache)

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
