"""The one way out: every call to another company's server goes through ``Client``."""

from __future__ import annotations

import functools
import ssl
import threading
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import certifi
import httpcore
import httpx  # noqa: TID251 (this module is what the ban points to)
import pybreaker
import redis
import stamina
import structlog
from django.core.cache import cache

from apps.core.db import outside_transaction
from apps.core.errors import Unavailable
from apps.core.network import Call, GuardedBackend, Refused

log = structlog.get_logger(__name__)

#: An answer that says "not now" rather than judging the request.
PASSING_STATUS = frozenset({502, 503, 504})
FAILURES_TO_OPEN = 5
SECONDS_OPEN = 30
ATTEMPTS = 3


class NotSent(Unavailable):
    """Not a byte of the request reached the other side: it surely did nothing."""

    code = "http.not_sent"
    message = "The service could not be reached."


class ForbiddenAddress(NotSent):
    code = "http.forbidden_address"
    message = "The address may not be called from here."


class CircuitOpen(NotSent):
    code = "http.circuit_open"
    message = "The service has failed repeatedly and is left alone for a moment."


class OutcomeUnknown(Unavailable):
    """The request may have arrived and taken effect, but no whole answer came back."""

    code = "http.outcome_unknown"
    message = "The service did not answer; whether it acted is not known."


class AnswerTooLarge(OutcomeUnknown):
    code = "http.answer_too_large"
    message = "The service's answer is larger than allowed."


@dataclass(frozen=True, slots=True)
class Timeout:
    """Seconds for each step, and for the whole call including its retries."""

    connect: float = 5
    read: float = 15
    write: float = 10
    pool: float = 1
    total: float = 30


@dataclass(frozen=True, slots=True)
class Response:
    """An answer read to its end, whatever its status. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8; bytes that are not become U+FFFD."""
        return self.body.decode("utf-8", "replace")


class Client:
    """Calls one named service.

    ``timeout`` is a ``Timeout`` or the seconds of the whole call. Redirects are not followed,
    no cookies are kept and every call has its own connection: one that the other side has
    meanwhile closed can't make the outcome of a payment unknown.

    The circuit breaker is shared by all clients of the service in this process: five failed
    calls in a row open it for 30 seconds, then calls are tried again. Other processes find
    out for themselves; who may choose between services asks ``open_services`` first.
    """

    def __init__(
        self,
        *,
        service: str,
        timeout: Timeout | float | None = None,
        max_bytes: int = 5 * 1024 * 1024,
    ) -> None:
        self.service = service
        self.max_bytes = max_bytes
        if isinstance(timeout, Timeout):
            self.timeout = timeout
        else:
            self.timeout = Timeout() if timeout is None else Timeout(total=timeout)

    @outside_transaction
    def request(
        self,
        method: str,
        url: str,
        *,
        data: Mapping[str, Any] | bytes | None = None,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        retry: bool = False,
    ) -> Response:
        """Send one request and return the whole answer, whatever its status.

        With ``retry`` (only for calls that are safe to repeat) a failed attempt and the
        answers 502, 503 and 504 are tried up to three times with growing, jittered waits,
        all within the total timeout. A mapping as ``data`` is sent as a form, bytes as they are.

        :raises NotSent: nothing was sent (no such name, refused, forbidden address, circuit open)
        :raises OutcomeUnknown: something was sent, but no whole answer came in time
        :raises RuntimeError: a database transaction is open
        """
        _check_address(url, self.service)
        parts = {
            "params": params,
            "headers": {**_HEADERS, **(headers or {})},
            "json": json,
            "content" if isinstance(data, bytes) else "data": data,
        }
        ends = time.monotonic() + self.timeout.total
        attempts = stamina.retry_context(
            on=_worth_repeating,
            attempts=ATTEMPTS if retry else 1,
            timeout=self.timeout.total,
            wait_initial=0.2,
            wait_jitter=0.5,
        )
        try:
            for attempt in attempts:
                with attempt:
                    return self._attempt(method, url, parts, ends - time.monotonic())
        except _PassingStatus as passing:
            return passing.answer
        raise NotSent(service=self.service)

    def _attempt(self, method: str, url: str, parts: dict[str, Any], left: float) -> Response:
        breaker = _breaker(self.service)
        breaker.check()
        call = Call(left)
        started = time.monotonic()
        error: Unavailable | _PassingStatus | None = None
        status = 0
        try:
            answer = self._exchange(method, url, parts, call)
            status = answer.status
            if status in PASSING_STATUS:
                error = _PassingStatus(answer)
        except httpx.RequestError as broken:
            error = self._meaning(broken, call)
            error.__cause__ = broken
        except AnswerTooLarge as too_large:
            error = too_large
        breaker.note(error)
        parsed = httpx.URL(url)
        log.info(
            "http.call",
            service=self.service,
            method=method,
            host=parsed.host,
            path=parsed.path,
            status=status or None,
            outcome=getattr(error, "code", "answered"),
            duration_ms=round((time.monotonic() - started) * 1000),
        )
        if error:
            raise error
        return answer

    def _exchange(self, method: str, url: str, parts: dict[str, Any], call: Call) -> Response:
        seconds = self.timeout
        with (
            httpx.Client(
                transport=_Transport(call),
                timeout=httpx.Timeout(
                    connect=seconds.connect,
                    read=seconds.read,
                    write=seconds.write,
                    pool=seconds.pool,
                ),
                follow_redirects=False,
                trust_env=False,
            ) as client,
            client.stream(method, url, **parts) as answer,
        ):
            body = bytearray()
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > self.max_bytes:
                    raise AnswerTooLarge(service=self.service, max_bytes=self.max_bytes)
            return Response(answer.status_code, dict(answer.headers), bytes(body))

    def _meaning(self, broken: httpx.RequestError, call: Call) -> Unavailable:
        if call.sent:
            return OutcomeUnknown(service=self.service)
        if isinstance(broken.__cause__, Refused):
            return ForbiddenAddress(service=self.service)
        return NotSent(service=self.service)


#: No compression is asked for: a small answer cannot unfold into a huge one.
_HEADERS = {"User-Agent": "fanz", "Accept-Encoding": "identity", "Connection": "close"}


class _PassingStatus(Exception):
    code = "http.passing_status"

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.status)
        self.answer = answer


class _Transport(httpx.HTTPTransport):
    """httpx's transport on connections that are guarded and used once."""

    def __init__(self, call: Call) -> None:
        super().__init__(verify=_trusted())
        self._pool = httpcore.ConnectionPool(
            ssl_context=_trusted(), network_backend=GuardedBackend(call), max_connections=1
        )


@functools.cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


class _Breaker:
    """pybreaker asked before a call and told after it.

    Its own ``call`` holds a lock while the call lasts, which would let one thread at a time
    talk to a service.
    """

    def __init__(self, service: str) -> None:
        self._service = service
        self._storage = pybreaker.CircuitMemoryStorage(pybreaker.STATE_CLOSED)
        self._circuit = pybreaker.CircuitBreaker(
            fail_max=FAILURES_TO_OPEN,
            reset_timeout=SECONDS_OPEN,
            state_storage=self._storage,
            throw_new_error_on_trip=False,
            name=service,
        )

    def check(self) -> None:
        """:raises CircuitOpen: the service failed too often, too recently."""
        opened = self._storage.opened_at
        if self._circuit.current_state != pybreaker.STATE_OPEN or not opened:
            return
        if datetime.now(UTC) < opened + timedelta(seconds=SECONDS_OPEN):
            raise CircuitOpen(service=self._service)

    def note(self, error: Exception | None) -> None:
        """Count a call's outcome. A forbidden address says nothing about the service."""
        if isinstance(error, ForbiddenAddress):
            return

        def outcome() -> None:
            if error:
                raise error

        was_open = self._storage.state == pybreaker.STATE_OPEN
        with suppress(pybreaker.CircuitBreakerError, Unavailable, _PassingStatus):
            self._circuit.call(outcome)
        is_open = self._storage.state == pybreaker.STATE_OPEN
        if is_open or was_open:
            _tell_all(self._service, is_open=is_open)


_breakers: dict[str, _Breaker] = {}
_breakers_lock = threading.Lock()


def _breaker(service: str) -> _Breaker:
    with _breakers_lock:
        return _breakers.setdefault(service, _Breaker(service))


def reset_breakers() -> None:
    """Forget every service's failures, in this process. For tests and after an incident."""
    with _breakers_lock:
        told = list(_breakers)
        _breakers.clear()
    for service in told:
        _tell_all(service, is_open=False)


def open_services(services: Collection[str]) -> set[str]:
    """Return those whose breaker some process opened in the last 30 seconds.

    One look in the cache. Without a cache none is known to be.
    """
    try:
        found = cache.get_many([_OPEN_KEY.format(name) for name in services])
    except redis.RedisError:
        return set()
    return {name for name in services if _OPEN_KEY.format(name) in found}


_OPEN_KEY = "breaker:{}"


def _tell_all(service: str, *, is_open: bool) -> None:
    """Let other processes know. Nobody waits for them to hear: each has its own breaker too."""
    key = _OPEN_KEY.format(service)
    try:
        if is_open:
            cache.set(key, 1, SECONDS_OPEN)
        else:
            cache.delete(key)
    except redis.RedisError as error:
        log.warning("http.breaker_not_told", service=service, error=type(error).__name__)


def _check_address(url: str, service: str) -> None:
    """
    :raises ForbiddenAddress: it is none of the web, or no address at all
    """
    try:
        parsed = httpx.URL(url)
        host = parsed.host
    # A label of the IDNA form that cannot be read is found out when the host is asked for.
    except (httpx.InvalidURL, UnicodeError) as error:
        raise ForbiddenAddress(service=service) from error
    if parsed.scheme not in {"http", "https"} or not host:
        raise ForbiddenAddress(service=service)


def _worth_repeating(error: Exception) -> bool:
    if isinstance(error, ForbiddenAddress | CircuitOpen | AnswerTooLarge):
        return False
    return isinstance(error, NotSent | OutcomeUnknown | _PassingStatus)
