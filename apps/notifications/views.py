"""Pages where people turn mail off: by the link in a mail, and signed in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from apps.notifications import errors, selectors
from apps.notifications import services as notifications
from apps.notifications.exports import read_token
from apps.notifications.rules.kinds import OPTIONAL, optional_kind

_methods = require_http_methods(["GET", "HEAD", "POST"])


@csrf_exempt  # the token is the proof; a mail program that posts has no cookie (RFC 8058 3.2)
@_methods
@never_cache
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Show what would end, and end it on POST: at once, whoever posts (RFC 8058).

    Nothing changes on GET: mail programs and scanners follow links by themselves.
    """
    try:
        user_id, name = read_token(token, request.cluster)  # type: ignore[attr-defined]
        kind = optional_kind(name)
    except (errors.BadLink, errors.KindUnknown, errors.NotOptional) as error:
        raise Http404 from error
    is_done = False
    if request.method == "POST":
        _change(request, user_id, name)
        is_done = True
    shown = {
        "kind": kind,
        "is_done": is_done,
        "wanted": selectors.wanted_by(user_id),
        "is_wanted": name not in selectors.unwanted_by(user_id),
    }
    return render(request, "notifications/unsubscribe.html", shown)


def _change(request: HttpRequest, user_id: int, kind: str) -> None:
    now = timezone.now()
    if "choose" in request.POST:
        notifications.set_wanted(user_id=user_id, kinds=_chosen(request), now=now)
    else:
        notifications.unsubscribe(user_id=user_id, kind=kind, now=now)


@login_required
@_methods
@never_cache
def preferences(request: HttpRequest) -> HttpResponse:
    """Show and set which optional mail the person signed in gets."""
    user: Any = request.user
    if request.method == "POST":
        notifications.set_wanted(user_id=user.pk, kinds=_chosen(request), now=timezone.now())
        return HttpResponseRedirect(reverse("notifications:preferences") + "?saved")
    shown = {"wanted": selectors.wanted_by(user.pk), "is_saved": "saved" in request.GET}
    return render(request, "notifications/preferences.html", shown)


def _chosen(request: HttpRequest) -> list[str]:
    known = {kind.name for kind in OPTIONAL}
    return [name for name in request.POST.getlist("kinds") if name in known]
