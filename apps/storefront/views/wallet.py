"""A fan's stored value on one brand."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.api import requests
from apps.accounts.models import Profile
from apps.core.errors import DomainError
from apps.finance.debits import selectors as debits_selectors
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.payments import selectors as payments_selectors
from apps.finance.payments import services as payments
from apps.finance.payments.selectors.methods import means_of
from apps.storefront import selectors
from apps.storefront.choices import CURRENCY, words_of
from apps.storefront.views.forms import DepositForm, KeyForm
from apps.storefront.views.paying import pay_by
from apps.storefront.views.returning import remember_way

#: Payments shown beside the balance; the rest stands in a list of its own.
RECENT = 8


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Show balance and payments; a posted deposit goes on to its checkout."""
    fan = requests.profile(request)
    ways = selectors.ways_to_deposit(
        cluster=requests.cluster_of(request), fan=fan, today=timezone.now().date()
    )
    if request.method != "POST":
        return _page(request, fan, DepositForm(ways=ways), ways)
    form = DepositForm(request.POST, ways=ways)
    key = KeyForm(request.POST)
    if not form.is_valid() or not key.is_valid():
        return _page(request, fan, form, ways, status=422)
    way = ways.of(form.cleaned_data["method"])
    try:
        deposit = payments.start_deposit(
            fan=fan,
            amount=form.cleaned_data["money"],
            idempotency_key=str(key.cleaned_data["key"]),
            now=timezone.now(),
            method=way.method,
            pay_by=pay_by(request, way, keep=form.keeps),
        )
    except DomainError as refusal:
        form.add_error(None, words_of(refusal))
        return _page(request, fan, form, ways, status=422)
    return redirect("storefront:checkout", public_id=deposit.public_id)


def _page(
    request: HttpRequest, fan: Profile, form: DepositForm, ways: selectors.Ways, status: int = 200
) -> HttpResponse:
    by_bank = debits_selectors.ways_of(fan)
    others = sorted({way.least.currency for way in by_bank} - {CURRENCY})
    balances = [ledger_selectors.balance_of(postings.wallet(fan.pk), each) for each in others]
    recent = payments_selectors.transactions_of(fan).filter(payer=fan)
    context = {
        "balance": ledger_selectors.balance_of(postings.wallet(fan.pk), CURRENCY),
        "recent": recent.order_by("-id")[:RECENT],
        "cards": means_of(fan),
        "by_bank": by_bank,
        "others": [balance for balance in balances if balance],
        "form": form,
        "limits": ways.limits,
        "key": KeyForm.fresh(),
        "way_back": remember_way(request),
    }
    return render(request, "storefront/wallet.html", context, status=status)
