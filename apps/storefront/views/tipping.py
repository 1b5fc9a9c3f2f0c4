"""A creator's page, where a tip begins."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from apps.accounts import selectors as accounts
from apps.accounts.api import requests
from apps.accounts.models import Profile
from apps.core.errors import DomainError
from apps.core.middleware import client_country
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.payments import selectors as payments_selectors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Method
from apps.finance.purchases import selectors as purchases_selectors
from apps.finance.subscriptions import selectors as subscriptions_selectors
from apps.finance.subscriptions.choices import LIVE
from apps.finance.tax import selectors as tax
from apps.storefront import selectors
from apps.storefront.choices import CURRENCY, words_of
from apps.storefront.views.forms import KeyForm, TipForm
from apps.storefront.views.paying import pay_by

if TYPE_CHECKING:
    from apps.finance.payments.models import Transaction


@require_http_methods(["GET", "HEAD", "POST"])
def creator(request: HttpRequest, handle: str) -> HttpResponse:
    """Show a creator; a posted tip goes on to its checkout, or is paid from the wallet."""
    who = accounts.creator_by_handle(requests.cluster_of(request), handle)
    if who is None:
        raise Http404
    asks = tax.collects_tax(cluster=who.cluster, at=timezone.now())
    ways = _ways(request, who)
    if request.method != "POST":
        initial = {name: request.GET[name] for name in ("amount", "preset") if name in request.GET}
        initial["country"] = client_country(request)
        return _page(request, who, TipForm(initial=initial, ways=ways, asks_country=asks))
    form = TipForm(request.POST, ways=ways, asks_country=asks)
    key = KeyForm(request.POST)
    if not request.user.is_authenticated:
        kept = urlencode({n: request.POST[n] for n in ("amount", "preset") if n in request.POST})
        return redirect_to_login(f"{request.path}?{kept}")
    if not form.is_valid() or not key.is_valid():
        return _page(request, who, form, status=422)
    return _tip(request, who, form, str(key.cleaned_data["key"]), ways)


def _tip(
    request: HttpRequest, who: Profile, form: TipForm, key: str, ways: selectors.Ways
) -> HttpResponse:
    data = form.cleaned_data
    way = ways.of(data["method"])
    start: Callable[..., Transaction] = partial(
        payments.start_card_tip, method=way.method, pay_by=pay_by(request, way, keep=form.keeps)
    )
    if way.value == selectors.WALLET:
        if "confirmed" not in request.POST:
            return _confirm(request, who, form)
        start = payments.tip_from_wallet
    try:
        tip = start(
            fan=requests.profile(request),
            creator=who,
            amount=data["money"],
            message=data["message"],
            idempotency_key=key,
            now=timezone.now(),
            buyer=_buyer(request, form),
        )
    except DomainError as refusal:
        form.add_error(None, words_of(refusal))
        return _page(request, who, form, status=422)
    return redirect("storefront:checkout", public_id=tip.public_id)


def _confirm(request: HttpRequest, who: Profile, form: TipForm) -> HttpResponse:
    """Show what a tip from the wallet costs and brings, with everything that was typed."""
    try:
        quote = payments_selectors.quote(
            cluster=requests.cluster_of(request),
            kind=Kind.TIP,
            method=Method.WALLET,
            amount=form.cleaned_data["money"],
            at=timezone.now(),
            buyer=_buyer(request, form),
        )
    except DomainError as refusal:
        form.add_error(None, words_of(refusal))
        return _page(request, who, form, status=422)
    balance = ledger_selectors.balance_of(postings.wallet(requests.profile(request).pk), CURRENCY)
    if balance < quote.amount:
        missing = (quote.amount - balance).formatted
        form.add_error(None, f"Your wallet holds {balance.formatted}: {missing} is missing.")
        return _page(request, who, form, status=422)
    context = {"creator": who, "payment": quote, "data": request.POST}
    return render(request, "storefront/confirm_wallet_tip.html", context)


def _ways(request: HttpRequest, who: Profile) -> selectors.Ways:
    fan = requests.profile(request) if request.user.is_authenticated else None
    wallet = postings.wallet(fan.pk) if fan else None
    return selectors.ways_to_tip(
        cluster=who.cluster,
        fan=fan,
        balance=ledger_selectors.balance_of(wallet, CURRENCY) if wallet else Money.zero(CURRENCY),
        today=timezone.now().date(),
    )


def _buyer(request: HttpRequest, form: TipForm) -> tax.Buyer:
    return tax.Buyer(form.cleaned_data.get("country", ""), client_country(request))


def _page(request: HttpRequest, who: Profile, form: TipForm, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {"creator": who, "form": form, "key": KeyForm.fresh()}
    fan = requests.profile(request) if request.user.is_authenticated else None
    context["plans"] = subscriptions_selectors.plans_offered(
        creator=who, fan=fan, now=timezone.now()
    )
    context["goals"] = purchases_selectors.giving_to(who)
    if fan is not None:
        context["is_self"] = fan.pk == who.pk
        live = subscriptions_selectors.live_with(fan, who) if context["plans"] else None
        context["live"] = live if live and live.state in LIVE else None
    return render(request, "storefront/creator.html", context, status=status)
