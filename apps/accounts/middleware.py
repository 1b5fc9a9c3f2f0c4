"""Which second factor a session has passed, and how often somebody may try to pass."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core.internal.ratelimit import handler429
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django_otp.middleware import OTPMiddleware

from apps.accounts.models import Factor
from apps.core.api.problems import respond

#: A second factor opens the console for a working day, not for the life of the session.
MAX_AGE_SECONDS = 12 * 3600


class SecondFactorMiddleware(OTPMiddleware):
    """``user.is_verified()`` is true when this session passed a factor that still exists."""

    def _verify_user_sync(self, request: HttpRequest, user: Any) -> Any:
        self._init_user_fields(user)
        if user.is_authenticated:
            user.otp_device = passed_factor(request, user)
        return user


def passed_factor(request: Any, user: Any) -> Factor | None:
    """Return the factor that the request's session passed lately, if the person still has it."""
    now = time.time()
    ids = [
        record["id"]
        for record in get_authentication_records(request, user)
        if record.get("method") == "mfa" and now - record["at"] < MAX_AGE_SECONDS
    ]
    return Factor.objects.filter(user=user, pk__in=ids).first() if ids else None


#: SSO-7: tries to sign in, sign up, reset a password or give a code.
TRIES = 5
#: One address may try this often over all accounts, so that it cannot try one word on many.
TRIES_PER_ADDRESS = 30
WINDOW_SECONDS = 15 * 60
_GUARDED = {
    "login": re.compile(r"/accounts/login/|/_allauth/app/v1/auth/login"),
    "signup": re.compile(r"/accounts/signup/|/_allauth/app/v1/auth/signup"),
    "reset": re.compile(
        r"/accounts/password/reset/.*|/_allauth/app/v1/auth/password/(request|reset)"
    ),
    "factor": re.compile(
        r"/accounts/2fa/(re)?authenticate/|/accounts/reauthenticate/"
        r"|/_allauth/app/v1/auth/(2fa/(re)?authenticate|reauthenticate)"
    ),
}


class AuthThrottleMiddleware:
    """Allow five tries in fifteen minutes for one account from one address (SSO-7).

    Counting by account *and* address keeps a stranger from locking an owner out: the owner's
    own address has its own count. An address alone has a wider limit, over all accounts.
    Every try counts, right or wrong, so the limit tells nothing about whether it was right.
    A code is counted by session here, and by person in allauth (``login_failed``).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        kind = next(
            (name for name, path in _GUARDED.items() if path.fullmatch(request.path)), None
        )
        if kind is None or request.method not in {"POST", "PUT"}:
            return self.get_response(request)
        address = DefaultAccountAdapter(request).get_client_ip(request)
        limits = ((f"{address}|{_account(request)}", TRIES), (address, TRIES_PER_ADDRESS))
        counts = [(_count(kind, who), limit) for who, limit in limits]
        left, limit = min((limit - tried, limit) for tried, limit in counts)
        response = self.get_response(request) if left >= 0 else _too_many(request)
        return _with_headers(response, limit, max(left, 0))

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer 400 where allauth could not read JSON because it is nested too deeply."""
        if not isinstance(error, RecursionError) or not request.path.startswith("/_allauth/"):
            return None
        try:
            json.loads(request.body)
        except RecursionError:
            return respond(
                request,
                status=400,
                code="request.parse_error",
                detail="The JSON is nested too deeply.",
            )
        return None


def _account(request: HttpRequest) -> str:
    """Return what names the account tried: the address typed, or the session the code is for."""
    if request.content_type == "application/json":
        try:
            body = json.loads(request.body or b"{}")
        except (ValueError, RecursionError):
            body = {}
        typed = body.get("email") if isinstance(body, dict) else None
    else:
        typed = request.POST.get("login") or request.POST.get("email")
    if isinstance(typed, str) and typed:
        return typed.strip().lower()
    token = request.headers.get("X-Session-Token") or request.headers.get("Authorization")
    return token or request.session.session_key or ""


def _window() -> tuple[int, int]:
    """Return the number of the current window and the seconds until it ends."""
    number, past = divmod(int(time.time()), WINDOW_SECONDS)
    return number, WINDOW_SECONDS - past


def _count(kind: str, who: str) -> int:
    """Count one more try and return how many there are in this window."""
    digest = hashlib.sha256(who.encode()).hexdigest()
    key = f"accounts:tries:{kind}:{digest}:{_window()[0]}"
    cache.add(key, 0, timeout=WINDOW_SECONDS)
    try:
        return int(cache.incr(key))
    except ValueError:  # the key ended between the two calls: a new window
        return 1


def _too_many(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/_allauth/"):
        problem = {
            "type": "about:blank",
            "title": "Too Many Requests",
            "status": 429,
            "code": "accounts.too_many_tries",
            "detail": "Too many tries. Wait before the next one.",
        }
        return JsonResponse(problem, status=429, content_type="application/problem+json")
    page: HttpResponse = handler429(request)
    return page


def _with_headers(response: HttpResponse, limit: int, left: int) -> HttpResponse:
    """Say how many tries remain (draft-ietf-httpapi-ratelimit-headers-07, three-header form)."""
    reset = _window()[1]
    response["RateLimit-Limit"] = str(limit)
    response["RateLimit-Remaining"] = str(left)
    response["RateLimit-Reset"] = str(reset)
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        response["Retry-After"] = str(reset)
    return response
