"""A creator's plan editor: plans, prices, and what subscribers pay from when."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.api import requests
from apps.accounts.models import Profile
from apps.core.errors import DomainError, NotFound
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.choices import Alignment
from apps.finance.subscriptions.rules.pricing import NOTICE_MOST
from apps.finance.subscriptions.selectors import plans as owned
from apps.finance.subscriptions.selectors import price_changes
from apps.storefront.choices import words_of
from apps.storefront.views.plan_forms import MoveForm, PlanForm, PriceForm, WordsForm

if TYPE_CHECKING:
    from apps.finance.subscriptions.models import Plan, Price


@never_cache
@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """List a creator's plans with what each brings, and the changes of prices that are planned."""
    creator = requests.profile(request)
    if not creator.is_creator:
        return render(request, "storefront/not_a_creator.html")
    changes = list(price_changes.changes_of(creator)[:12])
    answers = price_changes.answers_to(changes)
    context = {
        "creator": creator,
        "plans": owned.plans_owned(creator),
        "changes": [(change, answers.get(change.pk)) for change in changes],
        "now": timezone.now(),
    }
    return render(request, "storefront/plans/list.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Offer a new plan."""
    creator = requests.profile(request)
    if not creator.is_creator:
        return render(request, "storefront/not_a_creator.html")
    form = PlanForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        wish = {**form.cleaned_data, "alignment": Alignment(form.cleaned_data["alignment"])}
        try:
            plan = subscriptions.create_plan(
                creator=creator, by=creator.user, now=timezone.now(), **wish
            )
        except DomainError as refusal:
            form.add_error(None, words_of(refusal))
        else:
            messages.success(request, f"{plan.name} is open to fans.")
            return redirect("storefront:plan", public_id=plan.public_id)
    status = 422 if form.is_bound else 200
    return render(request, "storefront/plans/new.html", {"form": form}, status=status)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show one plan with its prices; what is posted words it anew."""
    creator, plan = _own(request, public_id)
    if request.method != "POST":
        return _page(request, plan)
    form = WordsForm(request.POST)
    if form.is_valid():
        try:
            subscriptions.change_plan(
                plan=plan, by=creator.user, now=timezone.now(), **form.cleaned_data
            )
        except DomainError as refusal:
            form.add_error(None, words_of(refusal))
        else:
            messages.success(request, "Saved. What it costs is unchanged.")
            return redirect("storefront:plan", public_id=plan.public_id)
    return _page(request, plan, words=form, status=422)


@never_cache
@login_required
@require_POST
def set_price(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say what newcomers pay; who is subscribed keeps the old price."""
    creator, plan = _own(request, public_id)
    form = PriceForm(request.POST)
    if form.is_valid():
        try:
            subscriptions.set_price(plan=plan, by=creator.user, now=timezone.now(),
                                    **form.cleaned_data)  # fmt: skip
        except DomainError as refusal:
            form.add_error(None, words_of(refusal))
        else:
            messages.success(request, "New subscribers pay this from now on.")
            return redirect("storefront:plan", public_id=plan.public_id)
    return _page(request, plan, price=form, status=422)


@never_cache
@login_required
@require_POST
def withdraw_price(
    request: HttpRequest, public_id: uuid.UUID, price_id: uuid.UUID
) -> HttpResponse:
    """Offer a price no more."""
    creator, plan = _own(request, public_id)
    price = _price(plan, price_id)
    subscriptions.withdraw_price(price=price, by=creator.user, now=timezone.now())
    messages.success(request, "This price is not offered any more. Who pays it keeps it.")
    return redirect("storefront:plan", public_id=plan.public_id)


@never_cache
@login_required
@require_POST
def archive(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Close a plan to newcomers."""
    creator, plan = _own(request, public_id)
    subscriptions.archive_plan(plan=plan, by=creator.user, now=timezone.now())
    messages.success(request, f"{plan.name} takes no new subscribers. Those it has keep it.")
    return redirect("storefront:plans")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, public_id: uuid.UUID, price_id: uuid.UUID) -> HttpResponse:
    """Move subscribers of a replaced price to the open one: a preview first, then for good.

    The preview is of the day in the address, or of the first day that is possible.
    """
    creator, plan = _own(request, public_id)
    old = _price(plan, price_id)
    now = timezone.now()
    try:
        new = owned.open_price_like(old)
    except NotFound as nothing:
        raise Http404 from nothing
    earliest = (now + NOTICE_MOST).date() if old.amount < new.amount else now.date()
    given = request.POST or request.GET or {"day": _day_after(earliest)}
    form = MoveForm(given)
    preview = None
    if form.is_valid():
        wish = {"effective_at": form.effective_at, "now": now}
        try:
            if request.method == "POST":
                subscriptions.plan_price_change(
                    old_price=old, new_price=new, by=creator.user,
                    reason=form.cleaned_data["reason"], **wish,
                )  # fmt: skip
                messages.success(request, "Planned. Subscribers are told from tomorrow on.")
                return redirect("storefront:plans")
            preview = price_changes.preview(old=old, new=new, **wish)
        except DomainError as refusal:
            form.add_error(None, words_of(refusal))
    context = {"plan": plan, "old": old, "new": new, "form": form, "preview": preview}
    status = 422 if form.errors else 200
    return render(request, "storefront/plans/move.html", context, status=status)


@never_cache
@login_required
@require_POST
def withdraw_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a change of price back before it holds."""
    creator = requests.profile(request)
    try:
        change = price_changes.change_of_creator(creator, pk)
    except NotFound as nothing:
        raise Http404 from nothing
    try:
        subscriptions.withdraw_price_change(change=change, by=creator.user, now=timezone.now())
    except DomainError as refusal:
        messages.error(request, words_of(refusal))
    else:
        messages.success(request, "Taken back. Everybody keeps the price they pay.")
    return redirect("storefront:plans")


def _own(request: HttpRequest, public_id: uuid.UUID) -> tuple[Profile, Plan]:
    creator = requests.profile(request)
    try:
        return creator, owned.plan_of_creator(creator, public_id)
    except NotFound as nothing:
        raise Http404 from nothing


def _price(plan: Plan, public_id: uuid.UUID) -> Price:
    try:
        return owned.price_of_plan(plan, public_id)
    except NotFound as nothing:
        raise Http404 from nothing


def _day_after(day: date) -> str:
    """Return the next day: of the first possible one, part is over."""
    return (day + timedelta(days=1)).isoformat()


def _page(
    request: HttpRequest,
    plan: Plan,
    *,
    words: WordsForm | None = None,
    price: PriceForm | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = owned.plan_owned(plan.creator, plan.public_id)
    said = {
        "name": plan.name,
        "description": plan.description,
        "benefits": "\n".join(plan.benefits),
    }
    context = {
        "shown": shown,
        "plan": shown.plan,
        "words": words or WordsForm(initial=said),
        "price_form": price or PriceForm(),
    }
    return render(request, "storefront/plans/edit.html", context, status=status)
