"""Gifts: give some months of a creator, see what was given, take one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts import selectors as accounts_selectors
from apps.accounts.api import requests
from apps.accounts.models import Profile
from apps.core.errors import DomainError
from apps.core.middleware import client_country
from apps.core.money import Money
from apps.core.throttling import CODES, guessing, person
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.payments import selectors as payments_selectors
from apps.finance.payments.choices import Kind
from apps.finance.payments.rules.fees import Quote
from apps.finance.subscriptions import selectors as subscriptions_selectors
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.choices import GiftState
from apps.finance.subscriptions.errors import GiftNotFound
from apps.finance.subscriptions.selectors import gifts as gifts_selectors
from apps.finance.tax import selectors as tax
from apps.storefront import selectors
from apps.storefront.choices import CURRENCY, words_of
from apps.storefront.views.forms import KeyForm
from apps.storefront.views.gift_forms import GiftForm, TakeForm
from apps.storefront.views.paging import page_of
from apps.storefront.views.paying import pay_by
from apps.storefront.views.zones import zone_of

if TYPE_CHECKING:
    from apps.finance.subscriptions.models import Price

UNPROCESSABLE = 422
TAKEN = 24


@never_cache
@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """List what was given to the fan, and what they gave."""
    return _list(request, requests.profile(request), TakeForm())


@never_cache
@login_required
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """Take a gift by its code, or one that is addressed to the fan."""
    fan, form = requests.profile(request), TakeForm(request.POST)
    if not form.is_valid():
        return _list(request, fan, form, status=UNPROCESSABLE)
    try:
        code = form.cleaned_data["code"]
        with guessing(CODES, person(fan.user_id), given=code, wrong=GiftNotFound):
            taken = subscriptions.take_gift(
                fan=fan,
                code=code,
                gift_id=form.cleaned_data["gift"],
                now=timezone.now(),
                timezone=zone_of(request),
            )
    except DomainError as refusal:
        form.add_error("code", words_of(refusal))
        return _list(request, fan, form, status=UNPROCESSABLE)
    messages.success(request, "It is yours. It ends by itself: you are never charged for it.")
    return redirect("storefront:subscription", public_id=taken.public_id)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def give(request: HttpRequest, handle: str) -> HttpResponse:
    """Show what may be given of a creator; what is posted is paid."""
    giver = requests.profile(request)
    creator = accounts_selectors.creator_by_handle(giver.cluster, handle)
    if creator is None:
        raise Http404
    prices = [
        price
        for price in subscriptions_selectors.open_prices_of(creator)
        if price.currency == CURRENCY
    ]
    form = _form(request, giver, prices)
    key = KeyForm(request.POST)
    if request.method != "POST" or not form.is_valid() or not key.is_valid():
        status = UNPROCESSABLE if form.is_bound else 200
        return _give_page(request, creator, prices, form, status=status)
    price = next(row for row in prices if str(row.public_id) == form.cleaned_data["price"])
    buyer = tax.Buyer(form.cleaned_data.get("country", ""), client_country(request))
    try:
        quote = _quote(giver, price, form, buyer)
        if form.cleaned_data["seen"] != quote.amount.minor:
            return _give_page(request, creator, prices, form, quote=quote, chosen=price)
        gift = subscriptions.buy_gift(
            giver=giver,
            price=price,
            method=form.way.method,
            to=form.taker(giver),
            message=form.cleaned_data["message"],
            idempotency_key=str(key.cleaned_data["key"]),
            now=timezone.now(),
            buyer=buyer,
            pay_by=pay_by(request, form.way, keep=False),
        )
    except DomainError as refusal:
        form.add_error(None, words_of(refusal))
        return _give_page(request, creator, prices, form, status=UNPROCESSABLE)
    if gift.state == GiftState.INCOMPLETE and gift.transaction is not None:
        return redirect("storefront:checkout", public_id=gift.transaction.public_id)
    messages.success(request, "Paid. Your gift waits to be taken.")
    return redirect("storefront:gifts")


def _quote(giver: Profile, price: Price, form: GiftForm, buyer: tax.Buyer) -> Quote:
    """Return what is taken; it is shown before anything is."""
    subscriptions.check_gift(giver=giver, price=price, to=form.taker(giver))
    return payments_selectors.quote(
        cluster=giver.cluster,
        kind=Kind.SUBSCRIPTION,
        method=form.way.method,
        amount=price.amount,
        at=timezone.now(),
        buyer=buyer,
    )


def _form(request: HttpRequest, giver: Profile, prices: list[Price]) -> GiftForm:
    balance = ledger_selectors.balance_of(postings.wallet(giver.pk), CURRENCY)
    least = min((price.amount_minor for price in prices), default=0)
    due = Money(least, CURRENCY)
    now = timezone.now()
    ways = selectors.ways_to_subscribe(
        fan=giver, price=due, due=due, balance=balance, today=now.date()
    )
    return GiftForm(
        request.POST or None,
        prices=[
            (str(row.public_id), f"{row.plan.name}: {selectors.gift_words(row)}") for row in prices
        ],
        ways=ways,
        asks_country=tax.collects_tax(cluster=giver.cluster, at=now),
        initial={"price": request.GET.get("price", "")},
    )


def _give_page(
    request: HttpRequest,
    creator: Profile,
    prices: list[Price],
    form: GiftForm,
    *,
    quote: Quote | None = None,
    chosen: Price | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "creator": creator,
        "prices": prices,
        "form": form,
        "quote": quote,
        "chosen": selectors.gift_words(chosen) if chosen else "",
        "key": KeyForm.fresh(),
        "is_self": creator.user_id == request.user.pk,
    }
    return render(request, "storefront/gifts/give.html", context, status=status)


def _list(request: HttpRequest, fan: Profile, form: TakeForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "received": gifts_selectors.gifts_for_page(fan, taken=TAKEN),
        "page": page_of(request, gifts_selectors.gifts_given(fan)),
    }
    return render(request, "storefront/gifts/list.html", context, status=status)
