"""Before, while and after a payment: one address per payment, safe to reload."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from csp.decorators import csp_update
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
from apps.core.middleware import client_ip
from apps.finance.debits import selectors as debits_selectors
from apps.finance.payments import selectors as payments_selectors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Status
from apps.finance.payments.selectors.offers import fields_of
from apps.finance.payments.selectors.refunds import claim_url_of, refunds_of
from apps.finance.payments.selectors.steps import Do, Step, next_step
from apps.finance.subscriptions import services as subscriptions
from apps.storefront import rules, selectors
from apps.storefront.choices import words_of
from apps.storefront.views.forms import TokenForm
from apps.storefront.views.paying import visit_of

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from apps.accounts.models import Profile
    from apps.finance.payments.adapters.base import Checkout
    from apps.finance.payments.models import Transaction

UNPROCESSABLE = 422
_BY_BANK = frozenset({"BANK_DEBIT", "TRANSFER"})
#: Ended without a payment: what it was for is begun anew.
_OVER = frozenset({Status.FAILED, Status.EXPIRED, Status.CANCELLED})


class SeeOther(HttpResponseRedirect):
    """The browser goes on with GET, also after a POST (RFC 9110 15.4.4)."""

    status_code = 303


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, public_id: uuid.UUID) -> HttpResponseBase:
    """Show a payment in its state; POST takes the step that its page offers."""
    fan = requests.profile(request)
    payment = _own(fan, public_id)
    step = next_step(payment)
    if request.method == "POST":
        return _take(request, payment, step)
    if step.do is Do.TYPE_CARD:
        return _card_page(request, payment, step)
    context = _context(fan, payment, step)
    if step.do is Do.GO_TO_PAGE and "back" in request.GET:
        context |= {"is_back": True, "moves": True}
    return render(request, "storefront/checkout.html", context)


def _own(fan: Profile, public_id: uuid.UUID) -> Transaction:
    """
    :raises Http404: it is somebody else's to pay: the payee's view of it is the statement
    """
    try:
        payment = payments_selectors.transaction_for(fan, public_id)
    except NotFound as missing:
        raise Http404 from missing
    if payment.payer_id != fan.pk:
        raise Http404
    return payment


def _context(fan: Profile, payment: Transaction, step: Step) -> dict[str, Any]:
    kept = step.attempt.payment_method if step.attempt else None
    refunds = refunds_of(fan).filter(transaction=payment) if payment.captured_at else ()
    context = _bank_context(fan, payment) if payment.method in _BY_BANK else {}
    return context | {
        "payment": payment,
        "step": step.do.name,
        "fields": step.fields,
        "card": rules.card_name(kept) if kept else "",
        "waits": step.do not in {Do.NOTHING, Do.WAIT_FOR_REVIEW} and payment.status != "FAILED",
        "moves": step.do is Do.SEND_COINS
        or (rules.is_on_the_move(payment.status) and step.do is not Do.CONFIRM_CHARGE),
        "url": step.url,
        "ends": step.ends,
        "onward": selectors.onward_of(fan, payment),
        "is_over": payment.status in _OVER,
        "advice": rules.advice(payment.gateway, payment.failure_code),
        "refunds": [(refund, claim_url_of(refund)) for refund in refunds],
    }


def _bank_context(fan: Profile, payment: Transaction) -> dict[str, Any]:
    """Say what waits at the bank: where a transfer is sent, or when a debit is made."""
    debit = debits_selectors.debits_of(fan).filter(transaction=payment).first()
    transfer = debits_selectors.transfers_of(fan).filter(transaction=payment).first()
    if transfer is None or payment.status != "PROCESSING":
        return {"debit": debit}
    try:
        return {"transfer": transfer, "send_to": debits_selectors.where_to_send(transfer)}
    except DomainError:  # the account at the bank was closed since; staff find the transfer
        return {"transfer": None}


# --- The next step ------------------------------------------------------------------------------
def _take(request: HttpRequest, payment: Transaction, step: Step) -> HttpResponse:
    here = reverse("storefront:checkout", kwargs={"public_id": payment.public_id})
    try:
        if step.do is Do.TYPE_CARD:
            _charge_token(request, payment)
        if step.do is Do.CONFIRM_CHARGE:
            _charge(request, payment)
        if step.do is Do.GO_TO_PAGE:
            return SeeOther(_page_of(request, payment) or here)
    except DomainError as trouble:
        messages.error(request, words_of(trouble))
    return SeeOther(here)


def go_on(request: HttpRequest, payment: Transaction, *, as_shown: bool) -> HttpResponse:
    """
    Take the step of a payment whose terms were agreed to on the page before: to the gateway's own
    page, or the charge of the kept card. What must be typed or looked at is at its own address,
    and so is what is not ``as_shown``: the statement will show another text than was said.
    """
    step = next_step(payment)
    if as_shown and step.do in {Do.GO_TO_PAGE, Do.CONFIRM_CHARGE}:
        return _take(request, payment, step)
    return redirect("storefront:checkout", public_id=payment.public_id)


def _page_of(request: HttpRequest, payment: Transaction) -> str:
    opened, is_another = _opened(request, payment)
    if is_another:
        return ""
    # Coins are shown in our page; the gateway's own is one click away from there.
    return "" if opened.fields.get("address") else opened.url


def _opened(request: HttpRequest, payment: Transaction) -> tuple[Checkout, bool]:
    """
    Open the gateway's checkout; say whether another account took it over, whose text on the
    statement is another: the payer is shown that before going on (R-SUB-08).
    """
    shown = _descriptor(payment)
    opened = payments.open_checkout(
        transaction=payment, now=timezone.now(), visit=visit_of(request, payment.public_id)
    )
    payment.refresh_from_db()
    descriptor = _descriptor(payment)
    if descriptor == shown:
        return opened, False
    subscriptions.restate_terms(
        fan=requests.profile(request),
        subject=payment.subject,
        descriptor=descriptor,
        now=timezone.now(),
    )
    messages.warning(
        request, f"Another card processor takes it: your statement shows {descriptor}."
    )
    return opened, True


def _descriptor(payment: Transaction) -> str:
    return payment.merchant_account.descriptor if payment.merchant_account else ""


def _charge(
    request: HttpRequest, payment: Transaction, token: payments.OneTime | None = None
) -> None:
    """
    Charge, and stay: where the bank asks for a confirmation, this page has a link to it. A
    redirect would not do: browsers hold it to ``form-action``, and banks have any address.
    """
    payments.charge(
        transaction=payment,
        now=timezone.now(),
        one_time=token,
        visit=visit_of(request, payment.public_id),
    )


def _charge_token(request: HttpRequest, payment: Transaction) -> None:
    form = TokenForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        _charge(request, payment, payments.OneTime(given["token"], given["wallet"]))
    else:
        messages.error(request, " ".join(map(str, form.errors["token"])))


# --- The gateway's fields in our page -----------------------------------------------------------
def _card_page(request: HttpRequest, payment: Transaction, step: Step) -> HttpResponseBase:
    """
    Show the gateway's fields. This page alone lets the gateway's script in; what is typed goes
    from its frames to the gateway. Opening a checkout charges nothing and may be repeated.
    """
    try:
        opened, _ = _opened(request, payment)
    except DomainError as trouble:
        messages.error(request, words_of(trouble))
        context = _context(requests.profile(request), payment, step)
        return render(
            request, "storefront/checkout.html", context | {"step": Do.NOTHING.name}, status=503
        )
    context = _context(requests.profile(request), payment, step)
    if payment.merchant_account is None:
        raise Http404
    shown = fields_of(payment.merchant_account)
    hosts = list(shown.hosts)
    policy = {
        "script-src": ["'self'", *hosts],
        "frame-src": hosts,
        "connect-src": ["'self'", *hosts],
    }
    context |= {"shown": shown, "fields": dict(opened.fields), "waits": True}
    shown_page = csp_update(policy)(
        lambda asked: render(asked, "storefront/checkout.html", context)
    )
    return shown_page(request)


# --- Back from a gateway ------------------------------------------------------------------------
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
        return render(request, "storefront/return_refused.html", context, status=UNPROCESSABLE)
    here = reverse("storefront:checkout", kwargs={"public_id": payment.public_id})
    # Whoever comes from the gateway's page may have paid there, whatever we know so far.
    return redirect(f"{here}?back=1" if next_step(payment).do is Do.GO_TO_PAGE else here)
