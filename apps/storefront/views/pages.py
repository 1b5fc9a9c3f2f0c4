"""The brand's front page, and its colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts import selectors as accounts
from apps.accounts.api import requests
from apps.clusters import selectors as clusters
from apps.storefront import rules
from apps.storefront.views.paging import page_of

if TYPE_CHECKING:
    from apps.clusters.models import Cluster

DAY = 24 * 3600


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show a brand's creators, newest first; the portal shows all brands as well."""
    page = page_of(request, accounts.creators_of(requests.cluster_of(request)))
    return render(request, "storefront/home.html", {"page": page})


@require_safe
def theme(request: HttpRequest, slug: str) -> HttpResponse:
    """Give a brand's colours as CSS; the address changes with them, so it may be kept."""
    brands = list(clusters.active_clusters())
    response = HttpResponse(
        rules.stylesheet(_brand(brands, slug), brands), content_type="text/css; charset=utf-8"
    )
    response["Cache-Control"] = f"public, max-age={30 * DAY}"
    return response


@require_safe
def icon(request: HttpRequest, slug: str) -> HttpResponse:
    """Give a brand's mark."""
    brand = _brand(list(clusters.active_clusters()), slug)
    response = HttpResponse(rules.icon(brand), content_type="image/svg+xml")
    response["Cache-Control"] = f"public, max-age={DAY}"
    return response


@require_safe
def own_icon(request: HttpRequest) -> HttpResponse:
    """Give the mark of the brand asked, where browsers look for it unasked."""
    return icon(request, requests.cluster_of(request).slug)


def _brand(brands: list[Cluster], slug: str) -> Cluster:
    for brand in brands:
        if brand.slug == slug:
            return brand
    raise Http404
