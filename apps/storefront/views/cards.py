"""The cards a gateway keeps for a payer: seen, preferred, removed."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.api import requests
from apps.core.errors import NotFound
from apps.finance.payments import services as payments
from apps.finance.payments.selectors.methods import means_of
from apps.finance.subscriptions import selectors as subscriptions_selectors


@never_cache
@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """List the payer's kept cards on this brand, the preferred one first, and what each pays."""
    fan = requests.profile(request)
    pays = subscriptions_selectors.paid_by_cards(fan)
    cards = [(card, pays.get(card.pk, [])) for card in means_of(fan)]
    return render(request, "storefront/cards.html", {"cards": cards})


@never_cache
@login_required
@require_POST
def prefer(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Offer a card first from now on."""
    try:
        payments.prefer_means(profile=requests.profile(request), public_id=public_id)
    except NotFound as missing:
        raise Http404 from missing
    messages.success(request, "This card is offered first from now on.")
    return redirect("storefront:cards")


@never_cache
@login_required
@require_POST
def remove(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Forget a card; what it paid stays, and what it was to pay has to be paid another way."""
    fan = requests.profile(request)
    pays = subscriptions_selectors.paid_by_cards(fan)
    removed = [card.pk for card in means_of(fan) if card.public_id == public_id]
    try:
        payments.remove_means(profile=fan, public_id=public_id, now=timezone.now())
    except NotFound as missing:
        raise Http404 from missing
    messages.success(request, "The card is removed. It cannot be charged from here any more.")
    for row in (row for pk in removed for row in pays.get(pk, [])):
        words = 'It was to pay {} of {}. <a href="{}">Choose another way</a> before it is charged.'
        here = reverse("storefront:subscription", kwargs={"public_id": row.public_id})
        told = format_html(words, row.plan.name, row.creator.display_name, here)
        messages.warning(request, told)
    return redirect("storefront:cards")
