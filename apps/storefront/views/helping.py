"""Where people turn to: how to reach a brand, whose a charge is, how their age is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.api import requests
from apps.clusters.selectors import origin_of, support_address_of
from apps.core import throttling
from apps.core.errors import TooOften
from apps.core.middleware import client_ip
from apps.finance.payments.selectors import statements
from apps.storefront.views.charge_forms import ChargeForm

if TYPE_CHECKING:
    from apps.clusters.models import Cluster

UNPROCESSABLE, TOO_MANY = 422, 429


@require_safe
def support(request: HttpRequest) -> HttpResponse:
    """Say how to reach the brand's support, and what one can do oneself."""
    context = {"address": support_address_of(requests.cluster_of(request))}
    return render(request, "storefront/help/support.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def charges(request: HttpRequest) -> HttpResponse:
    """
    Say whose a charge on a card statement is (R-SUB-08): to anybody, as who does not know it may
    have no account. The answer is the brand and how to reach it; nothing of people or payments.
    """
    form = ChargeForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"form": form}
    status = 200
    if form.is_bound:
        status = _look_up(request, form, context)
    return render(request, "storefront/help/charges.html", context, status=status)


def _look_up(request: HttpRequest, form: ChargeForm, context: dict[str, Any]) -> int:
    if not form.is_valid():
        return UNPROCESSABLE
    try:
        throttling.check(throttling.CHARGES, throttling.place(client_ip(request)))
    except TooOften as refusal:
        form.add_error(None, refusal.message)
        return TOO_MANY
    context["found"] = [
        (brand, origin_of(brand), support_address_of(brand)) for brand in _brands(form)
    ]
    return 200


def _brands(form: ChargeForm) -> list[Cluster]:
    asked = form.cleaned_data
    if asked["text"]:
        return statements.brands_of_text(asked["text"])
    return statements.brands_of_charge(
        on=asked["on"], amount=asked["amount"], last4=asked["last4"]
    )


@never_cache
@login_required
@require_safe
def age(request: HttpRequest) -> HttpResponse:
    """
    Say what is known of somebody's age, who checks it and how to ask for it.

    Nothing is checked here: staff and providers of age checks record what they find
    (``accounts.record_age_check``).
    """
    context = {
        "address": support_address_of(requests.cluster_of(request)),
        "who": requests.actor(request),
    }
    return render(request, "storefront/help/age.html", context)
