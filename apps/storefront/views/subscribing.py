"""Subscribing: all terms, the box and the button on one screen, then the payment."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.api import requests
from apps.accounts.models import Profile
from apps.core.errors import DomainError, NotFound, TooOften
from apps.core.middleware import client_country, client_ip
from apps.core.money import Money
from apps.core.throttling import CODES, guessing, person
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.subscriptions import selectors as subscriptions_selectors
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.choices import LIVE
from apps.finance.subscriptions.errors import CodeUnknown
from apps.finance.tax import selectors as tax
from apps.storefront import selectors
from apps.storefront.choices import words_of
from apps.storefront.views import checkout
from apps.storefront.views.forms import KeyForm
from apps.storefront.views.paying import pay_by
from apps.storefront.views.returning import forget_way
from apps.storefront.views.subscription_forms import AskForm, FollowForm, SubscribeForm
from apps.storefront.views.zones import zone_of

if TYPE_CHECKING:
    from apps.finance.subscriptions.models import Price, Subscription

UNPROCESSABLE = 422
#: Refusals of a code alone: everything else can be sold without it.
_OF_CODES = ("subscriptions.code_", TooOften.code)
#: What is missing is where the fan lives.
_OF_PLACES = frozenset({"tax.place_missing", "tax.place_unknown", "tax.place_too_wide"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a quote depends on, read from the address; so a reload shows the same."""

    fan: Profile
    price: Price
    ways: selectors.Ways
    way: selectors.Way
    balance: Money
    code: str
    buyer: tax.Buyer
    zone: str

    def query(self, **others: str) -> str:
        """Return the address' query with something else chosen."""
        parts = {
            "price": str(self.price.public_id),
            "method": self.way.value,
            "code": self.code,
            "country": self.buyer.declared,
            "zone": self.zone if self.zone != "UTC" else "",
        }
        return urlencode({name: value for name, value in (parts | others).items() if value})


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: HttpRequest, handle: str) -> HttpResponse:
    """Show what is agreed to and charged; a posted yes is charged as it was shown."""
    asked = _asked(request, handle)
    forget_way(request)
    if request.method != "POST":
        return _page(request, asked, SubscribeForm())
    form, key = SubscribeForm(request.POST), KeyForm(request.POST)
    if not form.is_valid() or not key.is_valid():
        return _page(request, asked, form, status=UNPROCESSABLE)
    try:
        with _guess(asked):
            begun = subscriptions.subscribe(
                fan=asked.fan,
                price=asked.price,
                method=asked.way.method,
                code=asked.code,
                terms_hash=form.cleaned_data["terms_hash"],
                total_seen=Money(form.cleaned_data["total_minor"], asked.price.currency),
                idempotency_key=str(key.cleaned_data["key"]),
                now=timezone.now(),
                buyer=asked.buyer,
                pay_by=pay_by(request, asked.way, keep=asked.ways.keeps),
                timezone=asked.zone,
                ip=client_ip(request),
            )
    except DomainError as refusal:
        form.add_error(None, words_of(refusal))
        return _page(request, asked, form, status=UNPROCESSABLE)
    return _go_on(request, begun, agreed=form.cleaned_data["terms_hash"])


@never_cache
@login_required
@require_POST
def follow(request: HttpRequest, handle: str) -> HttpResponse:
    """Follow a creator by a plan that costs nothing."""
    fan, key = requests.profile(request), KeyForm(request.POST)
    chosen = FollowForm(request.POST)
    if not chosen.is_valid() or not key.is_valid():
        raise Http404
    try:
        plan = subscriptions_selectors.plan_for(fan, chosen.cleaned_data["plan"])
    except NotFound as missing:
        raise Http404 from missing
    if plan.creator.handle.lower() != handle.lower():
        raise Http404
    try:
        followed = subscriptions.follow(
            fan=fan, plan=plan, now=timezone.now(),
            idempotency_key=str(key.cleaned_data["key"]),
        )  # fmt: skip
    except DomainError as refusal:
        messages.error(request, words_of(refusal))
        return redirect("storefront:creator", handle=handle)
    messages.success(request, f"You follow {plan.creator.display_name}.")
    return redirect("storefront:subscription", public_id=followed.public_id)


def _go_on(request: HttpRequest, begun: Subscription, *, agreed: str) -> HttpResponse:
    """Lead to the payment where one waits, else to the subscription. Where the terms are kept
    with another text of the statement than ``agreed`` to, the payment's page shows them first."""
    payment = begun.first_transaction
    if begun.state not in LIVE and payment is not None:
        return checkout.go_on(request, payment, as_shown=begun.terms_hash == agreed)
    messages.success(request, f"You are subscribed to {begun.creator.display_name}.")
    return redirect("storefront:subscription", public_id=begun.public_id)


# --- What is asked ------------------------------------------------------------------------------
def _asked(request: HttpRequest, handle: str) -> Asked:
    form = AskForm(request.GET)
    form.full_clean()
    data = form.cleaned_data
    if "price" not in data:
        raise Http404
    fan = requests.profile(request)
    try:
        price = subscriptions_selectors.price_for(fan, data["price"])
    except NotFound as missing:
        raise Http404 from missing
    if price.plan.creator.handle.lower() != handle.lower():
        raise Http404
    balance = ledger_selectors.balance_of(postings.wallet(fan.pk), price.currency)
    ways = selectors.ways_to_subscribe(
        fan=fan,
        price=price.amount,
        due=subscriptions_selectors.due_today(price, fan=fan),
        balance=balance,
        today=timezone.now().date(),
    )
    way = next((way for way in ways.all if way.value == data.get("method")), ways.all[0])
    buyer = tax.Buyer(data.get("country", ""), client_country(request))
    return Asked(
        fan=fan,
        price=price,
        ways=ways,
        way=way,
        balance=balance,
        code=data.get("code", "").strip(),
        buyer=buyer,
        zone=zone_of(request, data.get("zone", "")),
    )


def _page(
    request: HttpRequest, asked: Asked, form: SubscribeForm, status: int = 200
) -> HttpResponse:
    ask = AskForm(request.GET)
    offer, refusal = _offer(asked)
    if refusal and refusal.code.startswith(_OF_CODES):
        ask.add_error("code", words_of(refusal))
        asked = replace(asked, code="")
        offer, refusal = _offer(asked)
    missing = None
    if offer and asked.way.value == selectors.WALLET and asked.balance < offer.total:
        missing = offer.total - asked.balance
    live = subscriptions_selectors.live_with(asked.fan, asked.price.plan.creator)
    context: dict[str, Any] = {
        "creator": asked.price.plan.creator,
        "price": asked.price,
        "offer": offer,
        "terms": offer.terms.splitlines() if offer else [],
        "country": asked.buyer.declared,
        "refusal": words_of(refusal) if refusal else "",
        "needs_place": bool(refusal and refusal.code in _OF_PLACES),
        "live": live if live and live.state in LIVE else None,
        "form": form,
        "ask": ask,
        "missing": missing,
        "balance": asked.balance,
        "key": KeyForm.fresh(),
        "way": asked.way,
        "keeps_card": asked.ways.keeps and asked.way.means is None,
        "query": asked.query(),
        "others": [
            (way, asked.query(method=way.value)) for way in asked.ways.all if way != asked.way
        ],
        "hidden": [
            (name, value)
            for name, value in (
                ("price", str(asked.price.public_id)),
                ("method", asked.way.value),
                ("zone", asked.zone),
            )
        ],
        "asks_country": tax.collects_tax(cluster=asked.fan.cluster, at=timezone.now()),
    }
    if refusal and not context["needs_place"]:
        status = UNPROCESSABLE
    return render(request, "storefront/subscriptions/subscribe.html", context, status=status)


def _offer(asked: Asked) -> tuple[Any, DomainError | None]:
    try:
        with _guess(asked):
            found = subscriptions_selectors.offer(
                fan=asked.fan,
                price=asked.price,
                code=asked.code,
                method=asked.way.method,
                now=timezone.now(),
                buyer=asked.buyer,
                timezone=asked.zone,
                means=asked.way.means,
            )
    except DomainError as refusal:
        return None, refusal
    return found, None


def _guess(asked: Asked) -> AbstractContextManager[None]:
    """Count a code that is none: creators choose short words."""
    return guessing(CODES, person(asked.fan.user_id), given=asked.code, wrong=CodeUnknown)
