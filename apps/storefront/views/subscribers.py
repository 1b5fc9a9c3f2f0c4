"""A creator's subscribers: who, since when, in which state, and what they bring."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.api import requests
from apps.core.api.files import csv_file
from apps.finance.subscriptions import exports
from apps.finance.subscriptions import selectors as subscriptions_selectors
from apps.storefront import selectors
from apps.storefront.views.paging import page_of
from apps.storefront.views.subscription_forms import SubscribersFilter


@never_cache
@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """List a creator's subscribers, the newest first, as the filter says."""
    creator = requests.profile(request)
    if not creator.is_creator:
        return render(request, "storefront/not_a_creator.html")
    form = SubscribersFilter(request.GET, plans=subscriptions_selectors.plans_of_owner(creator))
    rows = form.chosen(subscriptions_selectors.subscribers_of(creator))
    page = page_of(request, subscriptions_selectors.with_earned(rows))
    given = urlencode(form.given())
    context = {
        "form": form,
        "page": page,
        "rows": [
            (
                selectors.standing_of(row, now=timezone.now(), for_creator=True),
                subscriptions_selectors.earned_by(row),
            )
            for row in page.items
        ],
        "keep": given,
        "by": given,
        "creator": creator,
    }
    return render(request, "storefront/subscriptions/subscribers.html", context)


@never_cache
@login_required
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """Give the same list as a file, all of it, as its rows are read."""
    creator = requests.profile(request)
    if not creator.is_creator:
        return render(request, "storefront/not_a_creator.html")
    form = SubscribersFilter(request.GET, plans=subscriptions_selectors.plans_of_owner(creator))
    rows = form.chosen(subscriptions_selectors.subscribers_of(creator))
    lines = exports.subscriber_lines(subscriptions_selectors.with_earned(rows))
    return csv_file(f"subscribers-{timezone.now():%Y-%m-%d}", lines)
