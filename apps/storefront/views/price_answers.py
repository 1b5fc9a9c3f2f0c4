"""A fan says yes or no to a new price."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.api import requests
from apps.core.errors import DomainError, NotFound
from apps.finance.subscriptions import selectors as subscriptions_selectors
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.selectors import price_changes
from apps.storefront.choices import words_of

if TYPE_CHECKING:
    from apps.finance.subscriptions.models import Subscription

UNPROCESSABLE = 422


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show the old and the new price; a posted answer is kept and can be changed until then."""
    fan = requests.profile(request)
    try:
        subscription = subscriptions_selectors.subscription_for(fan, public_id)
    except NotFound as nothing:
        raise Http404 from nothing
    if request.method == "POST":
        said = request.POST.get("answer")
        if said not in {"yes", "no"}:  # neither is the fan's word for it
            messages.error(request, "Say yes or no.")
            return _page(request, subscription, status=UNPROCESSABLE)
        agrees = said == "yes"
        say = subscriptions.agree_to_price if agrees else subscriptions.refuse_price
        try:
            say(subscription_id=public_id, fan=fan, now=timezone.now())
        except DomainError as refusal:
            messages.error(request, words_of(refusal))
        else:
            messages.success(
                request,
                "Thank you. You stay, at the new price."
                if agrees
                else "You will not be charged the new price. Your subscription ends instead.",
            )
        return redirect("storefront:subscription", public_id=public_id)
    return _page(request, subscription)


def _page(request: HttpRequest, subscription: Subscription, status: int = 200) -> HttpResponse:
    context = {"subscription": subscription, "asked": price_changes.asked(subscription)}
    return render(request, "storefront/plans/answer.html", context, status=status)
