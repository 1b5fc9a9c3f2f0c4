"""A creator's subscriptions in figures: MRR and what moved it, churn, value, trials, cohorts."""

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
from apps.accounts.models import Profile
from apps.core.api.files import csv_file
from apps.core.db import one_state
from apps.finance.subscriptions import exports
from apps.finance.subscriptions import selectors as subscriptions_selectors
from apps.finance.subscriptions.selectors.analytics import analytics_of
from apps.storefront.views.figures_forms import FiguresForm


@never_cache
@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Show the figures of a range, of all plans or of one, as docs/metrics.md means them."""
    creator = requests.profile(request)
    if not creator.is_creator:
        return render(request, "storefront/not_a_creator.html")
    form = _asked(request, creator)
    with one_state():
        found = analytics_of(form.wanted(creator, today=timezone.now().date()))
    context = {
        "form": form,
        "found": found,
        "creator": creator,
        "keep": urlencode(form.given()),
        "has_any": bool(found.sheets or found.trials.over or found.cohorts),
    }
    return render(request, "storefront/subscriptions/figures.html", context)


@never_cache
@login_required
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """Give the movements of the same range as a file."""
    creator = requests.profile(request)
    if not creator.is_creator:
        return render(request, "storefront/not_a_creator.html")
    wanted = _asked(request, creator).wanted(creator, today=timezone.now().date())
    with one_state():
        found = analytics_of(wanted)
    return csv_file(f"mrr-{wanted.start}-{wanted.end}", exports.mrr_lines(found))


def _asked(request: HttpRequest, creator: Profile) -> FiguresForm:
    return FiguresForm(request.GET, plans=subscriptions_selectors.plans_of_owner(creator))
