"""Where people turn to: how to reach a brand, and how their age is checked."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.api import requests
from apps.clusters.selectors import support_address_of


@require_safe
def support(request: HttpRequest) -> HttpResponse:
    """Say how to reach the brand's support, and what one can do oneself."""
    context = {"address": support_address_of(requests.cluster_of(request))}
    return render(request, "storefront/help/support.html", context)


@never_cache
@login_required
@require_safe
def age(request: HttpRequest) -> HttpResponse:
    """
    Say what is known of somebody's age, who checks it and how to ask for it.

    Nothing is checked here: staff and providers of age checks record what they find
    (``accounts.record_age_check``).
    """
    context = {
        "address": support_address_of(requests.cluster_of(request)),
        "who": requests.actor(request),
    }
    return render(request, "storefront/help/age.html", context)
