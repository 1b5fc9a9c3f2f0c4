"""A creator's things for sale with their sales, and the goals tips go towards."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
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
from apps.finance.purchases import selectors as purchases_selectors
from apps.finance.purchases import services as purchases
from apps.finance.purchases.choices import Audience, ItemKind
from apps.finance.purchases.selectors.items import MOST_COUNTED
from apps.storefront.choices import words_of
from apps.storefront.views.buying_forms import NewGoalForm, NewItemForm, PriceForm
from apps.storefront.views.paging import page_of

UNPROCESSABLE = 422


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def items(request: HttpRequest) -> HttpResponse:
    """List what a creator sells; POST puts something up for sale."""
    creator = _creator(request)
    if creator is None:
        return render(request, "storefront/not_a_creator.html")
    form = NewItemForm(request.POST or None)
    if request.method != "POST":
        return _items(request, creator, form)
    if form.is_valid() and _done(form, partial(_put_up, creator, form)):
        messages.success(request, f"{form.cleaned_data['title']} is for sale.")
        return redirect("storefront:items")
    return _items(request, creator, form, status=UNPROCESSABLE)


@never_cache
@login_required
@require_POST
def price(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Give something another price."""
    creator, item_id = _own_item(request, public_id)
    form = PriceForm(request.POST)
    change: Callable[[], Any] = lambda: purchases.change_price(  # noqa: E731
        item_id=item_id, creator=creator, price=form.cleaned_data["price"], now=timezone.now()
    )
    if form.is_valid() and _done(form, change):
        messages.success(request, "The price is changed. Who has begun to pay pays the old one.")
    else:
        messages.error(
            request, " ".join(str(e) for errors in form.errors.values() for e in errors)
        )
    return redirect("storefront:items")


@never_cache
@login_required
@require_POST
def archive(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take something off sale."""
    creator, item_id = _own_item(request, public_id)
    purchases.archive_item(item_id=item_id, creator=creator, now=timezone.now())
    messages.success(request, "It is off sale. Whoever bought it keeps it.")
    return redirect("storefront:items")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def goals(request: HttpRequest) -> HttpResponse:
    """List a creator's goals; POST opens one."""
    creator = _creator(request)
    if creator is None:
        return render(request, "storefront/not_a_creator.html")
    form = NewGoalForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        if _done(form, lambda: purchases.open_goal(creator=creator, now=timezone.now(), **data)):
            messages.success(request, "The goal stands on your page.")
            return redirect("storefront:goals")
    page = page_of(request, purchases_selectors.goals_of(creator))
    return render(
        request,
        "storefront/purchases/goals.html",
        {"creator": creator, "form": form, "page": page},
        status=UNPROCESSABLE if request.method == "POST" else 200,
    )


@never_cache
@login_required
@require_POST
def close_goal(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Stop collecting for something."""
    who = requests.profile(request)
    try:
        goal = purchases_selectors.goal_for(who, public_id)
        if goal.creator_id != who.pk:
            raise Http404
        purchases.close_goal(
            goal_id=goal.pk, by=requests.actor(request), reason="", now=timezone.now()
        )
    except NotFound as missing:
        raise Http404 from missing
    messages.success(request, "The goal is closed. What was given stays yours.")
    return redirect("storefront:goals")


def _creator(request: HttpRequest) -> Profile | None:
    who = requests.profile(request)
    return who if who.is_creator else None


def _own_item(request: HttpRequest, public_id: uuid.UUID) -> tuple[Profile, int]:
    """
    :raises Http404: there is no such item, or it is somebody else's
    """
    who = requests.profile(request)
    try:
        found = purchases_selectors.item_by_public_id(who, public_id)
    except NotFound as missing:
        raise Http404 from missing
    if found.creator_id != who.pk:
        raise Http404
    return who, found.pk


def _put_up(creator: Profile, form: NewItemForm) -> None:
    data = form.cleaned_data
    kind, _, audience = data["kind"].partition(":")
    purchases.create_item(
        creator=creator,
        new=purchases.NewItem(
            ItemKind(kind), data["title"], data["price"], data["least_tier"], Audience(audience)
        ),
        now=timezone.now(),
    )


def _done(form: forms.Form, act: Callable[[], Any]) -> bool:
    """Call a service; what it refuses is said in the form."""
    try:
        act()
    except DomainError as refusal:
        form.add_error(None, words_of(refusal))
        return False
    return True


def _items(
    request: HttpRequest, creator: Profile, form: NewItemForm, status: int = 200
) -> HttpResponse:
    page = page_of(request, purchases_selectors.items_of(creator))
    sold = purchases_selectors.sales_of(page.items)
    rows = [
        (row, f"{sold[row.pk]:,}" + ("+" if sold[row.pk] == MOST_COUNTED else ""))
        for row in page.items
    ]
    context = {
        "creator": creator,
        "form": form,
        "page": page,
        "rows": rows,
    }
    return render(request, "storefront/purchases/items.html", context, status=status)
