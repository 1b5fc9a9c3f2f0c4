"""Count what a client has done lately, in Valkey, in one step for all processes."""

from __future__ import annotations

import functools
import ipaddress
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import redis
from django.conf import settings

from apps.core import errors

#: A log of the last requests, oldest first: exact, with no window that starts anew and lets
#: twice the limit through. Refused requests are not counted. The server's clock is used.
_SCRIPT = """
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local window, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ms - window)
local count = redis.call('ZCARD', KEYS[1])
local allowed = 0
if count < limit then
    redis.call('ZADD', KEYS[1], ms, ARGV[3])
    redis.call('PEXPIRE', KEYS[1], window)
    count = count + 1
    allowed = 1
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return {allowed, limit - count, tonumber(oldest[2]) + window - ms}
"""


@dataclass(frozen=True, slots=True)
class Limit:
    name: str
    requests: int
    seconds: int


#: SSO-7
API = Limit("api", 100, 60)
UPLOADS = Limit("uploads", 10, 60)
#: Wrong guesses at codes that are worth money.
CODES = Limit("codes", 10, 600)
#: Questions by strangers about charges.
CHARGES = Limit("charges", 10, 600)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``reset_seconds``: when the next request is free again."""

    limit: Limit
    allowed: bool
    remaining: int
    reset_seconds: int
    entry: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The RateLimit fields of draft-ietf-httpapi-ratelimit-headers, 03 to 06."""
        return {
            "RateLimit-Limit": str(self.limit.requests),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
            "RateLimit-Policy": f"{self.limit.requests};w={self.limit.seconds}",
        }


def hit(limit: Limit, who: str) -> Verdict:
    """Count one request of ``who`` (see ``person`` and ``place``), unless it is over the limit.

    :raises redis.RedisError: Valkey cannot be reached
    """
    entry = uuid.uuid4().hex
    allowed, remaining, wait_ms = _script()(
        keys=[_key(limit, who)], args=[limit.seconds * 1000, limit.requests, entry]
    )
    return Verdict(limit, bool(allowed), int(remaining), max(1, -(-int(wait_ms) // 1000)), entry)


def check(limit: Limit, who: str) -> Verdict:
    """Count one request of ``who``.

    :raises TooOften: it is over the limit
    :raises redis.RedisError: Valkey cannot be reached
    """
    verdict = hit(limit, who)
    if not verdict.allowed:
        raise errors.TooOften(retry_after_seconds=verdict.reset_seconds)
    return verdict


@contextmanager
def guessing(limit: Limit, who: str, *, given: str, wrong: type[Exception]) -> Iterator[None]:
    """
    Count a guess at a secret where it turns out ``wrong``; nothing given is no guess.

    It is counted before it is judged, so that many at once do not slip through, and taken back
    where it was right. Over the limit right ones are refused too, or a guesser could go on.

    :raises TooOften: there were too many wrong ones
    :raises redis.RedisError: Valkey cannot be reached: without a count nobody guesses
    """
    if not given:
        yield
        return
    verdict, is_wrong = check(limit, who), False
    try:
        yield
    except wrong:
        is_wrong = True
        raise
    finally:
        if not is_wrong:
            _valkey().zrem(_key(limit, who), verdict.entry)


def _key(limit: Limit, who: str) -> str:
    return f"throttle:{limit.name}:{who}"


def person(user_id: object) -> str:
    return f"user:{user_id}"


def place(ip: str) -> str:
    """Name an address; of IPv6 the /64, as a subscriber has all of it."""
    if not ip:
        return "ip:unknown"
    address = ipaddress.ip_address(ip)
    if address.version == 4:  # noqa: PLR2004 (the version's number is its name)
        return f"ip:{address}"
    return f"ip:{ipaddress.ip_network((int(address), 64), strict=False)}"


@functools.cache
def _valkey() -> redis.Redis:
    cache: dict[str, Any] = settings.CACHES["default"]
    client: redis.Redis = redis.Redis.from_url(cache["LOCATION"], **cache["OPTIONS"])
    return client


@functools.cache
def _script() -> Any:
    return _valkey().register_script(_SCRIPT)
