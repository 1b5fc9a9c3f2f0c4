"""Buying one thing: the whole price, one button; and the list of what was bought."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts import selectors as accounts
from apps.accounts.api import requests
from apps.accounts.models import Profile
from apps.core.errors import DomainError, NotFound
from apps.core.middleware import client_country
from apps.core.money import Money
from apps.finance.entitlements import selectors as entitlements
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.payments import selectors as payments_selectors
from apps.finance.payments.choices import Kind, Method
from apps.finance.purchases import selectors as purchases_selectors
from apps.finance.purchases import services as purchases
from apps.finance.tax import selectors as tax
from apps.storefront import selectors
from apps.storefront.choices import words_of
from apps.storefront.views.buying_forms import BuyForm
from apps.storefront.views.forms import KeyForm
from apps.storefront.views.paging import page_of
from apps.storefront.views.paying import pay_by

if TYPE_CHECKING:
    from apps.finance.purchases.models import Item

UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True)
class _Offer:
    """What a page about an item needs to know of who looks."""

    item: Item
    fan: Profile
    ways: selectors.Ways
    balance: Money
    asks_country: bool
    access: entitlements.Access


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def item(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show what something costs in all; a posted yes is charged as it was shown."""
    offer = _offer(request, public_id)
    if request.method != "POST":
        return _page(request, offer, None)
    form = BuyForm(request.POST, ways=offer.ways, asks_country=offer.asks_country)
    key = KeyForm(request.POST)
    if not form.is_valid() or not key.is_valid():
        return _page(request, offer, form, status=UNPROCESSABLE)
    quote = _quote(request, offer, form)
    if isinstance(quote, DomainError):
        form.add_error(None, words_of(quote))
        return _page(request, offer, form, status=UNPROCESSABLE)
    if quote.amount.minor != form.cleaned_data["total_seen"]:
        # Another country is another tax: it is shown before it is charged.
        form.add_error(None, f"With tax for this country it costs {quote.amount.formatted}.")
        return _page(request, offer, form, status=UNPROCESSABLE)
    return _buy(request, offer, form, str(key.cleaned_data["key"]))


def _buy(request: HttpRequest, offer: _Offer, form: BuyForm, key: str) -> HttpResponse:
    way = offer.ways.of(form.cleaned_data["method"])
    wish = purchases.Wish(
        buyer=offer.fan,
        item_id=offer.item.pk,
        price_seen=Money(form.cleaned_data["price_seen"], offer.item.currency),
        key=key,
        place=_place(request, form),
    )
    try:
        if way.value == selectors.WALLET:
            purchases.buy_from_wallet(wish, now=timezone.now())
            messages.success(request, f"{offer.item.title} is yours.")
            return redirect("storefront:item", public_id=offer.item.public_id)
        begun = purchases.start_purchase(
            wish,
            now=timezone.now(),
            method=way.method,
            pay_by=pay_by(request, way, keep=form.keeps),
        )
    except DomainError as refusal:
        form.add_error(None, words_of(refusal))
        fresh = _offer(request, offer.item.public_id)
        return _page(request, fresh, form, status=UNPROCESSABLE)
    if begun.transaction is None:
        raise Http404
    return redirect("storefront:checkout", public_id=begun.transaction.public_id)


@never_cache
@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """List what the fan bought or began to buy, the newest first."""
    page = page_of(request, purchases_selectors.purchases_of(requests.profile(request)))
    return render(request, "storefront/purchases/mine.html", {"page": page})


def _offer(request: HttpRequest, public_id: uuid.UUID) -> _Offer:
    """
    :raises Http404: there is no such item for this fan
    """
    fan, now = requests.profile(request), timezone.now()
    try:
        found = purchases_selectors.item_by_public_id(fan, public_id)
    except NotFound as missing:
        raise Http404 from missing
    balance = ledger_selectors.balance_of(postings.wallet(fan.pk), found.currency)
    [access] = entitlements.access_to(fan.pk, [purchases_selectors.thing_of(found, fan)], now=now)
    return _Offer(
        found,
        fan,
        selectors.ways_to_tip(cluster=found.cluster, fan=fan, balance=balance, today=now.date()),
        balance,
        tax.collects_tax(cluster=found.cluster, at=now),
        access,
    )


def _place(request: HttpRequest, form: BuyForm | None) -> tax.Buyer:
    declared = form.cleaned_data.get("country", "") if form else client_country(request)
    return tax.Buyer(declared, client_country(request))


def _quote(
    request: HttpRequest, offer: _Offer, form: BuyForm | None
) -> payments_selectors.Quote | DomainError:
    """Return what it costs with tax, or why that cannot be said yet."""
    try:
        return payments_selectors.quote(
            cluster=offer.item.cluster,
            kind=Kind(offer.item.kind),
            method=Method.WALLET,
            amount=offer.item.price,
            at=timezone.now(),
            buyer=_place(request, form),
        )
    except DomainError as refusal:
        return refusal


def _page(
    request: HttpRequest, offer: _Offer, form: BuyForm | None, status: int = 200
) -> HttpResponse:
    valid = form if form is not None and hasattr(form, "cleaned_data") else None
    quote = _quote(request, offer, valid)
    shown = None if isinstance(quote, DomainError) else quote
    context: dict[str, Any] = {
        "item": offer.item,
        "access": offer.access,
        "payment": shown,
        "key": KeyForm.fresh(),
        "price_seen": offer.item.price_minor,
        "total_seen": shown.amount.minor if shown else "",
        "descriptor": _descriptor(offer.item),
        "live": purchases_selectors.live_purchase(item_id=offer.item.pk, buyer_id=offer.fan.pk),
        "form": form
        or BuyForm(
            ways=offer.ways,
            asks_country=offer.asks_country,
            initial={"country": client_country(request)},
        ),
        "refusal": _refusal(offer),
    }
    return render(request, "storefront/purchases/item.html", context, status=status)


def _refusal(offer: _Offer) -> str:
    """Say why this fan cannot buy it at all; empty where that is possible."""
    try:
        purchases_selectors.check_for_sale(offer.item, offer.fan, now=timezone.now())
        accounts.check_may_buy(offer.fan.user)
    except DomainError as refusal:
        return words_of(refusal)
    return ""


def _descriptor(item: Item) -> str:
    """Return what a card statement will most likely say; the checkout says it for sure."""
    try:
        account = payments_selectors.merchant_account_of(
            cluster=item.cluster, currency=item.currency
        )
    except DomainError:
        return ""
    return account.descriptor
