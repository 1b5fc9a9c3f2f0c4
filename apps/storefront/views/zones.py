"""Where a fan's days begin: the browser says so in a cookie, set by ``static/js/site.js``."""

from __future__ import annotations

from urllib.parse import unquote

from django.http import HttpRequest

from apps.core.errors import DomainError
from apps.finance.subscriptions.selectors.quotes import check_zone

COOKIE = "zone"


def zone_of(request: HttpRequest, asked: str = "") -> str:
    """Return the IANA time zone that is asked for, or else that of the browser; UTC where there
    is none of that name."""
    for name in (asked, unquote(request.COOKIES.get(COOKIE, ""))):
        if name and _exists(name):
            return name
    return "UTC"


def _exists(name: str) -> bool:
    try:
        check_zone(name)
    except DomainError:
        return False
    return True
