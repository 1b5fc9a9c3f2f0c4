"""Before, while and after a payment: one address per payment, safe to reload."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.api import requests
from apps.core.errors import DomainError, NotFound
from apps.core.middleware import client_ip
from apps.finance.payments import selectors as payments_selectors
from apps.finance.payments import services as payments


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
        return SeeOther(payments.checkout_url(transaction=payment))
    return render(request, "storefront/checkout.html", {"payment": payment, "waits": waits})


@never_cache
@require_safe
def ccbill_return(request: HttpRequest) -> HttpResponse:
    """Take the payer back from the gateway's page; the money is booked by its webhook alone."""
    try:
        payment = payments.record_return(
            cluster=requests.cluster_of(request),
            params=request.GET.dict(),
            now=timezone.now(),
            remote_ip=client_ip(request),
        )
    except DomainError as refusal:
        context = {"message": refusal.message}
        return render(request, "storefront/return_refused.html", context, status=422)
    return redirect("storefront:checkout", public_id=payment.public_id)
