"""A creator's promotions: what runs, how often it was taken, and new ones."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.api import requests
from apps.accounts.models import Profile
from apps.core.errors import DomainError, NotFound
from apps.finance.subscriptions import selectors as subscriptions_selectors
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.selectors import plans as owned
from apps.storefront.choices import words_of
from apps.storefront.views.paging import page_of
from apps.storefront.views.plan_forms import PromotionForm


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """List promotions with their redemptions; what is posted makes a new one."""
    creator = requests.profile(request)
    if not creator.is_creator:
        return render(request, "storefront/not_a_creator.html")
    plans = subscriptions_selectors.open_plans_of([creator])
    if request.method != "POST":
        return _page(request, creator, PromotionForm(plans=plans))
    form = PromotionForm(request.POST, plans=plans)
    if form.is_valid():
        plan = form.cleaned_data["plan"]
        try:
            made = subscriptions.create_promotion(
                creator=creator,
                plan=owned.plan_of_creator(creator, uuid.UUID(plan)) if plan else None,
                by=creator.user,
                now=timezone.now(),
                **form.wish(),
            )
        except DomainError as refusal:
            form.add_error(None, words_of(refusal))
        else:
            messages.success(request, f"{made.name} runs from now on.")
            return redirect("storefront:promotions")
    return _page(request, creator, form, status=422)


@never_cache
@login_required
@require_POST
def end(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Let nobody take a promotion any more."""
    creator = requests.profile(request)
    try:
        found = subscriptions_selectors.promotion_of_creator(creator, public_id)
    except NotFound as nothing:
        raise Http404 from nothing
    subscriptions.end_promotion(promotion=found, by=creator.user, now=timezone.now())
    messages.success(request, f"{found.name} has ended. Who took it keeps it.")
    return redirect("storefront:promotions")


def _page(
    request: HttpRequest, creator: Profile, form: PromotionForm, status: int = 200
) -> HttpResponse:
    page = page_of(request, subscriptions_selectors.promotions_of(creator))
    context = {"page": page, "form": form, "creator": creator, "now": timezone.now()}
    return render(request, "storefront/plans/promotions.html", context, status=status)
