"""A goal's page, where a tip towards it begins."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.api import requests
from apps.core.errors import DomainError, NotFound
from apps.core.middleware import client_country
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.payments import selectors as payments_selectors
from apps.finance.payments.choices import Kind, Method
from apps.finance.purchases import selectors as purchases_selectors
from apps.finance.purchases import services as purchases
from apps.finance.tax import selectors as tax
from apps.storefront import selectors
from apps.storefront.choices import CURRENCY, words_of
from apps.storefront.views.forms import KeyForm, TipForm
from apps.storefront.views.paying import pay_by

if TYPE_CHECKING:
    from apps.finance.purchases.models import Goal

UNPROCESSABLE = 422


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def goal(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show how far a goal is; a posted tip goes on to its checkout, or is paid from the wallet."""
    fan = requests.profile(request)
    try:
        found = purchases_selectors.goal_for(fan, public_id)
    except NotFound as missing:
        raise Http404 from missing
    balance = ledger_selectors.balance_of(postings.wallet(fan.pk), CURRENCY)
    ways = selectors.ways_to_tip(
        cluster=found.cluster, fan=fan, balance=balance, today=timezone.now().date()
    )
    asks = tax.collects_tax(cluster=found.cluster, at=timezone.now())
    if request.method != "POST":
        initial = {"country": client_country(request)}
        return _page(request, found, TipForm(initial=initial, ways=ways, asks_country=asks))
    form = TipForm(request.POST, ways=ways, asks_country=asks)
    key = KeyForm(request.POST)
    if not form.is_valid() or not key.is_valid():
        return _page(request, found, form, status=UNPROCESSABLE)
    try:
        return _give(request, found, form, way=ways.of(form.cleaned_data["method"]), key=key)
    except DomainError as refusal:
        form.add_error(None, words_of(refusal))
        return _page(request, found, form, status=UNPROCESSABLE)


def _give(
    request: HttpRequest, found: Goal, form: TipForm, *, way: selectors.Way, key: KeyForm
) -> HttpResponse:
    data = form.cleaned_data
    place = tax.Buyer(data.get("country", ""), client_country(request))
    if way.value == selectors.WALLET and "confirmed" not in request.POST:
        return _confirm(request, found, data["money"], place)
    tip: dict[str, Any] = {
        "goal": found,
        "fan": requests.profile(request),
        "amount": data["money"],
        "message": data["message"],
        "key": str(key.cleaned_data["key"]),
        "now": timezone.now(),
        "place": place,
    }
    if way.value == selectors.WALLET:
        paid = purchases.tip_goal_from_wallet(**tip)
        messages.success(request, f"Thank you: {paid.amount.formatted} went towards the goal.")
        return redirect("storefront:goal", public_id=found.public_id)
    begun = purchases.tip_goal(
        **tip, method=way.method, pay_by=pay_by(request, way, keep=form.keeps)
    )
    return redirect("storefront:checkout", public_id=begun.public_id)


def _confirm(request: HttpRequest, found: Goal, amount: Money, place: tax.Buyer) -> HttpResponse:
    """Show what a tip from the wallet costs and brings, with everything that was typed."""
    quote = payments_selectors.quote(
        cluster=found.cluster,
        kind=Kind.TIP,
        method=Method.WALLET,
        amount=amount,
        at=timezone.now(),
        buyer=place,
    )
    context = {
        "creator": found.creator,
        "payment": quote,
        "data": request.POST,
        "action": request.path,
    }
    return render(request, "storefront/confirm_wallet_tip.html", context)


def _page(request: HttpRequest, found: Goal, form: TipForm, status: int = 200) -> HttpResponse:
    context = {
        "goal": found,
        "creator": found.creator,
        "form": form,
        "key": KeyForm.fresh(),
        "is_self": found.creator_id == requests.profile(request).pk,
    }
    return render(request, "storefront/purchases/goal.html", context, status=status)
