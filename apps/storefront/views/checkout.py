"""Before, while and after a payment: one address per payment, safe to reload."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.api import requests
from apps.core.errors import DomainError, NotFound
from apps.core.middleware import client_country, client_ip
from apps.finance.payments import selectors as payments_selectors
from apps.finance.payments import services as payments

if TYPE_CHECKING:
    from apps.finance.payments.models import Transaction


class SeeOther(HttpResponseRedirect):
    """The browser goes on with GET, also after a POST (RFC 9110 15.4.4)."""

    status_code = 303


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show a payment in its state; POST goes on to the gateway while it can be paid."""
    fan = requests.profile(request)
    try:
        payment = payments_selectors.transaction_for(fan, public_id)
    except NotFound as missing:
        raise Http404 from missing
    if payment.payer_id != fan.pk:  # the payee's view of it is the statement
        raise Http404
    waits = payment.status == "REQUIRES_ACTION"
    if request.method == "POST" and waits:
        return _go_on(request, payment)
    return render(request, "storefront/checkout.html", {"payment": payment, "waits": waits})


def _go_on(request: HttpRequest, payment: Transaction) -> HttpResponse:
    back = request.build_absolute_uri(
        reverse("storefront:checkout_return", kwargs={"public_id": payment.public_id})
    )
    visit = payments.Visit(
        success_url=back,
        decline_url=back,
        country=client_country(request),
        ip=client_ip(request),
        user_agent=request.headers.get("User-Agent", ""),
    )
    here = reverse("storefront:checkout", kwargs={"public_id": payment.public_id})
    try:
        if payments_selectors.is_by_stored_means(payment):
            payments.charge(transaction=payment, now=timezone.now(), visit=visit)
            return SeeOther(here)
        opened = payments.open_checkout(transaction=payment, now=timezone.now(), visit=visit)
    except DomainError as trouble:
        messages.error(request, trouble.message)
        return SeeOther(here)
    return SeeOther(opened.url or here)


@never_cache
@require_safe
def ccbill_return(request: HttpRequest) -> HttpResponse:
    """Take the payer back from CCBill's page: its console holds one address for all orders."""
    return _come_back(request, None)


@never_cache
@require_safe
def come_back(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take the payer back from a gateway's page; the money is booked by its own word alone."""
    return _come_back(request, public_id)


def _come_back(request: HttpRequest, public_id: uuid.UUID | None) -> HttpResponse:
    try:
        payment = payments.record_return(
            cluster=requests.cluster_of(request),
            params=request.GET.dict(),
            now=timezone.now(),
            public_id=public_id,
            remote_ip=client_ip(request),
        )
    except DomainError as refusal:
        context = {"message": refusal.message}
        return render(request, "storefront/return_refused.html", context, status=422)
    return redirect("storefront:checkout", public_id=payment.public_id)
