"""What a creator earned on one brand, and how it is paid out."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.api import requests
from apps.accounts.models import Profile
from apps.core.errors import DomainError
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.payouts import selectors as payouts_selectors
from apps.payouts import services as payouts
from apps.payouts.choices import Rail
from apps.storefront import selectors
from apps.storefront.choices import CURRENCY, words_of
from apps.storefront.views.forms import KeyForm, MethodForm, PayoutForm
from apps.storefront.views.paging import SIZE, cursor_of, cut, page_of


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Show earnings and payouts; a posted request reserves the amount at once."""
    creator = requests.profile(request)
    if not creator.is_creator:
        return render(request, "storefront/not_a_creator.html")
    methods = payouts_selectors.methods_of(creator)
    if request.method != "POST":
        return _page(request, creator, payout_form=PayoutForm(methods=methods))
    form = PayoutForm(request.POST, methods=methods)
    if not form.is_valid():
        return _page(request, creator, payout_form=form, status=422)
    try:
        payouts.request_payout(
            creator=creator,
            method_id=form.cleaned_data["method"].pk,
            amount=form.cleaned_data["amount"],
            idempotency_key=str(form.cleaned_data["key"]),
            now=timezone.now(),
        )
    except DomainError as refusal:
        form.add_error(None, words_of(refusal))
        return _page(request, creator, payout_form=form, status=422)
    messages.success(request, "Payout requested. The amount is set aside until it is paid.")
    return redirect("storefront:earnings")


@never_cache
@login_required
@require_POST
def add_method(request: HttpRequest) -> HttpResponse:
    """Add a Paxum account to be paid to."""
    creator = requests.profile(request)
    form = MethodForm(request.POST)
    if form.is_valid():
        try:
            payouts.add_method(
                profile=creator, rail=Rail.PAXUM, details=form.cleaned_data, now=timezone.now()
            )
        except DomainError as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, "Payout account added.")
            return redirect("storefront:earnings")
    return _page(request, creator, method_form=form, status=422)


@never_cache
@login_required
@require_POST
def remove_method(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Switch a payout account off: no payout can be asked or approved to it any more."""
    creator = requests.profile(request)
    method = payouts_selectors.method_for(creator, public_id)
    if method is None:
        raise Http404
    payouts.deactivate_method(method_id=method.pk, profile=creator, now=timezone.now())
    messages.success(request, f"{method} is no longer in use.")
    return redirect("storefront:earnings")


@never_cache
@login_required
@require_POST
def cancel(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Call a payout off while it has not been sent."""
    creator = requests.profile(request)
    payout = payouts_selectors.payout_for(creator, public_id)
    if payout is None:
        raise Http404
    try:
        payouts.cancel_payout(payout_id=payout.pk, creator=creator, now=timezone.now())
    except DomainError as refusal:
        messages.error(request, words_of(refusal))
    else:
        messages.success(request, "Payout cancelled. The amount is available again.")
    return redirect("storefront:earnings")


@never_cache
@login_required
@require_safe
def statement(request: HttpRequest) -> HttpResponse:
    """List every change of a creator's balance, from the books, with what tips were made of."""
    creator = requests.profile(request)
    after = cursor_of(request)
    rows = ledger_selectors.statement_of(
        postings.creator_payable(creator.pk), CURRENCY, before_id=after, limit=SIZE + 1
    )
    page = cut(rows, after, key="entry_id")
    context = {"page": page, "lines": selectors.statement_lines(creator, page.items)}
    return render(request, "storefront/statement.html", context)


def _page(
    request: HttpRequest,
    creator: Profile,
    *,
    payout_form: PayoutForm | None = None,
    method_form: MethodForm | None = None,
    status: int = 200,
) -> HttpResponse:
    methods = payouts_selectors.methods_of(creator)
    form = payout_form or PayoutForm(methods=methods)
    earnings = selectors.earnings_of(creator)
    minimum = payouts_selectors.minimum_of(Rail.PAXUM, CURRENCY)
    context: dict[str, Any] = {
        "creator": creator,
        "earnings": earnings,
        "methods": list(methods),
        "minimum": minimum,
        "may_ask": earnings.available >= minimum,
        "page": page_of(request, payouts_selectors.payouts_of(creator)),
        "form": form,
        "key": KeyForm.fresh(),
        "method_form": method_form or MethodForm(),
    }
    return render(request, "storefront/earnings.html", context, status=status)
