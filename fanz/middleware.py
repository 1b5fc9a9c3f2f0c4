"""Which brand a request is for, and cookies that belong to that brand."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse

from apps.clusters import selectors

#: Probes and processors call by whatever name reaches the machine; they are of no brand.
BRANDLESS = ("/health/", "/webhooks/")


class ClusterMiddleware:
    """Set ``request.cluster`` by host name; refuse a host that is no brand's (RTE-1)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.cluster = None
        if not request.path.startswith(BRANDLESS):
            host = request.get_host().rsplit(":", 1)[0]
            request.cluster = selectors.cluster_of_host(host)
            if request.cluster is None:
                return HttpResponse("No site by this name.", status=421, content_type="text/plain")
        return self.get_response(request)


class ClusterSessionMiddleware(SessionMiddleware):
    """Cookies per brand (helper B completes)."""
