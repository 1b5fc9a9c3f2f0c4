"""Which brand a request is for."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve

from apps.clusters import selectors
from apps.clusters.models import Cluster
from fanz.sessions import current_brand

#: Probes and processors call by whatever name reaches the machine; they are of no brand.
WEBHOOKS = "/webhooks/"
BRANDLESS = ("/health/", WEBHOOKS)
#: FanzDash answers on the portal alone: elsewhere it does not exist.
PORTAL_ONLY = "/admin"


class WebhookMiddleware:
    """Lead processors' calls straight to their view: they need no brand, session or policy.

    What stands before it, the request's id and HTTPS, is for them too. Their view has no
    exceptions to show and no CSRF to fear: it believes nobody.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(WEBHOOKS):
            return self.get_response(request)
        request.get_host()  # 400 for a host outside ALLOWED_HOSTS, as everywhere
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
        answer.headers.setdefault("Content-Length", str(len(answer.content)))
        return answer


class ClusterMiddleware:
    """Set ``request.cluster`` by host name; refuse a host that is no brand's (RTE-1).

    A host outside ALLOWED_HOSTS is 400 before anything is looked up; one inside it that
    no active brand has is 421 (RFC 9110 15.5.20), in words without any brand's look.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.cluster = None  # type: ignore[attr-defined]
        host = request.get_host()
        if request.path.startswith(BRANDLESS):
            return self.get_response(request)
        cluster = selectors.cluster_of_host(_without_port(host))
        if cluster is None:
            return HttpResponse(render_to_string("421.html"), status=421)
        request.cluster = cluster  # type: ignore[attr-defined]
        if _is_console(request.path) and not cluster.is_portal:
            raise Http404
        return self._answer(request, cluster)

    def _answer(self, request: HttpRequest, cluster: Cluster) -> HttpResponse:
        token = current_brand.set(cluster.pk)
        try:
            return self.get_response(request)
        finally:
            current_brand.reset(token)


def _without_port(host: str) -> str:
    """Drop ``:port``; an address in brackets (IPv6) keeps its colons."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def _is_console(path: str) -> bool:
    return path == PORTAL_ONLY or path.startswith(f"{PORTAL_ONLY}/")
