"""Everything a payer paid on one brand."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.api import requests
from apps.finance.payments import selectors as payments_selectors
from apps.storefront.views.forms import PaymentsFilter
from apps.storefront.views.paging import page_of


@never_cache
@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """List the payer's payments, the newest first, as the filter says; by cursor, not counted."""
    fan = requests.profile(request)
    form = PaymentsFilter(request.GET)
    rows = payments_selectors.transactions_of(fan).filter(payer=fan)
    page = page_of(request, form.chosen(rows))
    context = {"form": form, "page": page, "keep": urlencode(form.given()), "by": form.given()}
    return render(request, "storefront/payments.html", context)
