"""The way back to what somebody was about to pay for, when the wallet must be filled first."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

_KEY = "wallet_for"
LONGEST = 500


def remember_way(request: HttpRequest) -> str:
    """Keep the own page that ``?next=`` names, and return the one that is kept; empty: none."""
    asked = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    if asked.startswith("/") and is_ours and len(asked) <= LONGEST:
        request.session[_KEY] = asked
    kept: str = request.session.get(_KEY, "")
    return kept


def forget_way(request: HttpRequest) -> None:
    """Whoever is back there needs no way to it."""
    if request.session.get(_KEY) == request.get_full_path():
        del request.session[_KEY]
