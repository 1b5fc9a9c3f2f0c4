"""Paying from a bank account: mandates are signed, used and taken back; transfers announced."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.api import requests
from apps.accounts.models import Profile
from apps.core.errors import DomainError, NotFound
from apps.core.middleware import client_ip
from apps.finance.debits import selectors as debits_selectors
from apps.finance.debits import services as debits
from apps.finance.payments import selectors as payments_selectors
from apps.storefront.choices import words_of
from apps.storefront.views.bank_forms import SignForm, SumForm
from apps.storefront.views.forms import KeyForm
from apps.storefront.views.paying import whereabouts_of

UNPROCESSABLE = 422
#: Names of what is typed that are no part of the account.
_NOT_ACCOUNT = frozenset({"words_version", "agreed"})


@never_cache
@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Show the payer's bank accounts, and how money is added from them."""
    return _page(request, requests.profile(request))


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def sign(request: HttpRequest, kind: str) -> HttpResponse:
    """Show a mandate's words whole; a posted one is kept with them, address and browser."""
    fan = requests.profile(request)
    way = _way(fan, kind.upper())
    if way.words is None:
        raise Http404
    form = SignForm(request.POST or None, way=way)
    if request.method != "POST" or not form.is_valid():
        return _sign_page(request, way, form)
    try:
        mandate = debits.open_mandate(
            profile=fan,
            scheme=way.kind,
            account=debits.PayerAccount(
                **{n: v for n, v in form.cleaned_data.items() if n not in _NOT_ACCOUNT}
            ),
            consent=debits.Consent(
                form.cleaned_data["words_version"],
                client_ip(request),
                request.headers.get("User-Agent", ""),
            ),
            now=timezone.now(),
        )
    except DomainError as refusal:
        form.add_error(_field_of(refusal, form), refusal.message)
        return _sign_page(request, way, form)
    messages.success(request, f"Thank you. Account …{mandate.last4} is set up.")
    return redirect("storefront:bank")


def _field_of(refusal: DomainError, form: SignForm) -> str | None:
    """Return the field that a refusal is about; None: the whole of it."""
    if refusal.code == "debits.holder_missing":
        return "holder"
    about = str(refusal.facts.get("field", ""))
    return about if about in form.fields else None


@never_cache
@login_required
@require_POST
def pay(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Ask for a debit; it counts when the bank's time to return it has passed."""
    fan = requests.profile(request)
    mandate = _mandate(fan, public_id)
    form = SumForm(request.POST, way=_way(fan, mandate.scheme))
    if form.is_valid():
        try:
            debit = debits.collect(
                mandate_public_id=public_id,
                profile=fan,
                amount=form.cleaned_data["amount"],
                idempotency_key=str(form.cleaned_data["key"]),
                now=timezone.now(),
                pay_by=whereabouts_of(request),
            )
        except DomainError as refusal:
            form.add_error("amount", words_of(refusal))
        else:
            asked = debits_selectors.debit_for(fan, debit.public_id)
            return redirect("storefront:checkout", public_id=asked.transaction.public_id)
    return _page(request, fan, wrong={str(public_id): form}, status=UNPROCESSABLE)


@never_cache
@login_required
@require_POST
def revoke(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take a mandate back; what is in no file for the bank yet is cancelled."""
    fan = requests.profile(request)
    mandate = _mandate(fan, public_id)
    debits.revoke_mandate(public_id=public_id, profile=fan, now=timezone.now())
    messages.success(request, f"Account …{mandate.last4} is debited no more.")
    return redirect("storefront:bank")


@never_cache
@login_required
@require_POST
def transfer(request: HttpRequest) -> HttpResponse:
    """Announce a transfer; its page says where to send it and what to write into it."""
    fan = requests.profile(request)
    form = SumForm(request.POST, way=_way(fan, "WIRE"))
    if form.is_valid():
        try:
            announced = debits.open_transfer(
                profile=fan,
                amount=form.cleaned_data["amount"],
                idempotency_key=str(form.cleaned_data["key"]),
                now=timezone.now(),
                pay_by=whereabouts_of(request),
            )
        except DomainError as refusal:
            form.add_error("amount", words_of(refusal))
        else:
            asked = debits_selectors.transfer_for(fan, announced.transfer.public_id)
            return redirect("storefront:checkout", public_id=asked.transaction.public_id)
    return _page(request, fan, wrong={"WIRE": form}, status=UNPROCESSABLE)


def _way(fan: Profile, kind: str) -> debits_selectors.BankWay:
    try:
        return debits_selectors.way_for(fan, kind)
    except NotFound as missing:
        raise Http404 from missing


def _mandate(fan: Profile, public_id: uuid.UUID) -> Any:
    try:
        return debits_selectors.mandate_for(fan, public_id)
    except NotFound as missing:
        raise Http404 from missing


def _page(
    request: HttpRequest,
    fan: Profile,
    *,
    wrong: dict[str, SumForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    """``wrong`` is the form that was sent, by its mandate or way: shown with what was typed."""
    wrong = wrong or {}
    ways = {way.kind: way for way in debits_selectors.ways_of(fan)}
    mandates = [
        {
            "mandate": mandate,
            "way": ways.get(mandate.scheme),
            "form": wrong.get(str(mandate.public_id)) or _fresh(ways.get(mandate.scheme)),
        }
        for mandate in debits_selectors.mandates_of(fan).filter(state__in=["ACTIVE", "CHECKING"])
    ]
    context = {
        "ways": ways,
        "to_sign": [way for way in ways.values() if way.words],
        "mandates": mandates,
        "wire": ways.get("WIRE"),
        "wire_form": wrong.get("WIRE") or _fresh(ways.get("WIRE")),
        "key": KeyForm.fresh(),
        "debits": payments_selectors.transactions_of(fan).filter(
            payer=fan, method__in=["BANK_DEBIT", "TRANSFER"]
        )[:8],
    }
    return render(request, "storefront/bank.html", context, status=status)


def _fresh(way: debits_selectors.BankWay | None) -> SumForm | None:
    return SumForm(way=way, auto_id=f"id_{uuid.uuid4().hex[:6]}_%s") if way else None


def _sign_page(
    request: HttpRequest, way: debits_selectors.BankWay, form: SignForm
) -> HttpResponse:
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "storefront/sign.html", {"way": way, "form": form}, status=status)
