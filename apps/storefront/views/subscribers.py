"""A creator's subscribers: who, since when, in which state, and what they bring."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.api import requests
from apps.core.api.files import csv_file
from apps.core.errors import NotFound
from apps.finance.subscriptions import exports
from apps.finance.subscriptions import selectors as subscriptions_selectors
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.choices import EndReason, State
from apps.finance.subscriptions.selectors.lists import subscriber_for
from apps.storefront import selectors
from apps.storefront.views.paging import page_of
from apps.storefront.views.subscription_forms import EndForm, SubscribersFilter

UNPROCESSABLE = 422


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
    if form.errors:  # or else a misspelt filter would give everybody: the list says what is wrong
        return redirect(f"{reverse('storefront:subscribers')}?{request.GET.urlencode()}")
    lines = exports.subscriber_lines(subscriptions_selectors.with_earned(rows))
    return csv_file(f"subscribers-{timezone.now():%Y-%m-%d}", lines)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say what ending a fan's subscription does; a posted reason does it."""
    creator = requests.profile(request)
    try:
        it = subscriber_for(creator, public_id)
    except NotFound as missing:
        raise Http404 from missing
    if it.state == State.ENDED:
        return redirect("storefront:subscribers")
    form = EndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        subscriptions.end_subscription(
            subscription_id=public_id,
            by=creator.user,
            why=EndReason.CREATOR,
            reason=form.cleaned_data["reason"],
            refund=False,
            now=timezone.now(),
        )
        messages.success(request, f"The subscription of {it.fan.display_name} has ended.")
        return redirect("storefront:subscribers")
    row = selectors.standing_of(it, now=timezone.now(), for_creator=True)
    status = UNPROCESSABLE if form.errors else 200
    context = {"it": it, "row": row, "form": form}
    return render(request, "storefront/subscriptions/end.html", context, status=status)
