"""What payments are told about the way a payer chose, and about the visit."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpRequest
from django.urls import reverse

from apps.core.middleware import client_country, client_ip
from apps.finance.payments import services as payments
from apps.storefront.selectors import Way


def pay_by(request: HttpRequest, way: Way, *, keep: bool) -> payments.PayBy:
    """Return how the payer wants to pay; a kept card is kept already."""
    keep = keep and way.means is None
    return replace(whereabouts_of(request), kind=way.kind, means=way.means, keep=keep)


def whereabouts_of(request: HttpRequest) -> payments.PayBy:
    """Return from where somebody pays, for a way that has nothing to choose."""
    return payments.PayBy(country=client_country(request), ip=client_ip(request))


def visit_of(request: HttpRequest, public_id: object) -> payments.Visit:
    """Return what is known of the visit, and where the browser comes back to."""
    back = request.build_absolute_uri(
        reverse("storefront:checkout_return", kwargs={"public_id": public_id})
    )
    return payments.Visit(
        success_url=back,
        decline_url=back,
        country=client_country(request),
        ip=client_ip(request),
        user_agent=request.headers.get("User-Agent", ""),
    )
