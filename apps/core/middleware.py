"""What every request gets first: an id that its logs, answers and events carry."""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

from apps.core.context import client_address, client_agent, request_id
from apps.core.logs import without_secrets

__all__ = ["ClientAddressHeader", "RequestIdMiddleware", "client_ip", "request_id"]

_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")

_USUAL = "X-Forwarded-For"
_COUNTRY = re.compile(r"[A-Z]{2}")


class ClientAddressHeader:
    """A WSGI application that believes one header about the client's address, and no other.

    CGI names (RFC 3875 4.1.18) make a dash and an underscore the same, and the web server lets
    ``X_Forwarded_For`` replace ``X-Forwarded-For``. A name with neither has one spelling only:
    its value takes the place of X-Forwarded-For, also when it is missing.
    """

    def __init__(self, application: WSGIApplication, *, name: str) -> None:
        """:raises ImproperlyConfigured: a name, not the usual one, has a dash or underscore"""
        if name != _USUAL and not name.isalnum():
            raise ImproperlyConfigured(f"CLIENT_ADDRESS_HEADER: {name!r} has several spellings.")
        self._application = application
        self._key = f"HTTP_{name.upper()}" if name != _USUAL else ""

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        if self._key:
            environ["HTTP_X_FORWARDED_FOR"] = environ.pop(self._key, "")
        return self._application(environ, start)


class RequestIdMiddleware:
    """Take the caller's X-Request-ID when it is well formed, make one otherwise.

    Also gives the answer the headers that a throttle left on the request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        token = request_id.set(given if _is_acceptable(given) else uuid.uuid4().hex)
        place = client_address.set(client_ip(request))
        agent = client_agent.set(_agent(request))
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            for name, value in getattr(request, "rate_limit_headers", {}).items():
                response[name] = value
        finally:
            client_agent.reset(agent)
            client_address.reset(place)
            request_id.reset(token)
        return response


def _agent(request: HttpRequest) -> str:
    given = request.headers.get("User-Agent", "")[:300]
    return str(without_secrets(given)) if given.isprintable() else ""


def _is_acceptable(given: str) -> bool:
    """Test if an id may stand in logs and records; one that hides something there may not."""
    return bool(_ACCEPTABLE.fullmatch(given)) and without_secrets(given) == given


def client_ip(request: HttpRequest) -> str:
    """Return the caller's address, or "" when there is none (a Unix socket).

    Each proxy adds the address it was called from to the right of X-Forwarded-For, so with
    ``TRUSTED_PROXIES`` = n the n-th from the right is the one our own outermost proxy saw.
    What stands further left was written by the caller and is not believed.
    """
    socket_address = str(request.META.get("REMOTE_ADDR", ""))
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    trusted: int = settings.TRUSTED_PROXIES
    candidate = hops[-trusted] if 0 < trusted <= len(hops) else socket_address
    for address in (candidate, socket_address):
        try:
            return str(ipaddress.ip_address(address))
        except ValueError:
            continue
    return ""


def client_country(request: HttpRequest) -> str:
    """Return the ISO country of the caller's address as our outermost proxy says it, or "".

    Believed only behind a proxy (``TRUSTED_PROXIES``) and by the one header that it overwrites.
    """
    header: str = settings.CLIENT_COUNTRY_HEADER
    told = request.headers.get(header, "") if header and settings.TRUSTED_PROXIES else ""
    country = told.strip().upper()
    return country if _COUNTRY.fullmatch(country) else ""
