"""A fan's subscriptions: all of them, one of them, and what its fan may do with it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
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
from apps.core.money import Money
from apps.finance.payments.selectors.methods import means_for
from apps.finance.subscriptions import selectors as subscriptions_selectors
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.choices import State
from apps.finance.subscriptions.errors import ConfirmationNeeded
from apps.finance.subscriptions.selectors import dues
from apps.storefront import selectors
from apps.storefront.choices import CURRENCY, words_of
from apps.storefront.views.forms import KeyForm
from apps.storefront.views.paging import page_of
from apps.storefront.views.returning import forget_way
from apps.storefront.views.subscription_forms import (
    ChangeForm,
    MeansForm,
    PauseForm,
    ReasonForm,
    SeenForm,
)

UNPROCESSABLE = 422
ENDED = State.ENDED.value


@never_cache
@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """List what the fan subscribes to, so that each is two clicks from its end; apart from that
    what has ended. The newest first."""
    ended = request.GET.get("show") == ENDED
    found = subscriptions_selectors.subscriptions_of(requests.profile(request))
    page = page_of(request, found.filter(state=ENDED) if ended else found.exclude(state=ENDED))
    rows = [selectors.standing_of(row, now=timezone.now()) for row in page.items]
    context = {
        "page": page,
        "rows": rows,
        "ended": ended,
        "keep": f"show={ENDED}" if ended else "",
    }
    return render(request, "storefront/subscriptions/mine.html", context)


@never_cache
@login_required
@require_safe
def show(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show one: what it costs next, all that was paid and happened, and what may be done."""
    forget_way(request)
    return _page(request, _own(requests.profile(request), public_id))


# --- What a fan does with it --------------------------------------------------------------------
@never_cache
@login_required
@require_POST
def cancel(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Cancel with this one click, at once; nothing asks first and nothing stands in the way."""
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    before = _own(requests.profile(request), public_id)
    done = "Cancelled. Nothing is charged any more."
    if before.state == ENDED or before.cancel_at_end:
        done = "This was cancelled already. Nothing is charged any more."
    elif before.started_at is not None:
        done = f"{done} We have sent you a mail that says so."
    return _do(
        request,
        public_id,
        lambda fan, now: subscriptions.cancel(
            subscription_id=public_id, fan=fan, reason=reason, now=now
        ),
        done,
    )


@never_cache
@login_required
@require_POST
def uncancel(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take a cancellation back."""
    return _do(
        request,
        public_id,
        lambda fan, now: subscriptions.uncancel(subscription_id=public_id, fan=fan, now=now),
        "Your cancellation is taken back. The subscription goes on as before.",
    )


@never_cache
@login_required
@require_POST
def pause(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Pause it for one to three months from the end of what is paid."""
    found = _own(requests.profile(request), public_id)
    form = PauseForm(request.POST)
    if not form.is_valid():
        return _page(request, found, pause_form=form, status=UNPROCESSABLE)
    at_once = form.is_at_once
    begins = timezone.now() if at_once else found.current_until or timezone.now()
    until = form.until(begins, zone=found.timezone)
    return _do(
        request,
        public_id,
        lambda fan, now: subscriptions.pause(
            subscription_id=public_id, fan=fan, until=until, now=now, at_once=at_once
        ),
        "Paused. Nothing is charged until it resumes.",
    )


@never_cache
@login_required
@require_POST
def resume(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """End a pause now, for what was shown."""
    seen = _seen(request, _own(requests.profile(request), public_id))
    return _do(
        request,
        public_id,
        lambda fan, now: subscriptions.resume(
            subscription_id=public_id, fan=fan, total_seen=seen, now=now
        ),
        f"It goes on. We charge {seen.formatted} now." if seen else "It goes on.",
    )


@never_cache
@login_required
@require_POST
def retry(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Have the failed charge tried again now."""
    seen = _seen(request, _own(requests.profile(request), public_id))
    return _do(
        request,
        public_id,
        lambda fan, now: subscriptions.retry_now(
            subscription_id=public_id, fan=fan, total_seen=seen, now=now
        ),
        "We try again now. It takes a minute at most.",
    )


@never_cache
@login_required
@require_POST
def pay_with(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Pay the next periods another way, and what is past due at once."""
    fan = requests.profile(request)
    found = _own(fan, public_id)
    form = MeansForm(request.POST, choices=selectors.ways_to_renew(fan, found))
    if not form.is_valid():
        return _page(request, found, means_form=form, status=UNPROCESSABLE)
    chosen = form.cleaned_data["means"]
    card = None if chosen == selectors.WALLET else means_for(fan, uuid.UUID(chosen))
    seen = _seen(request, found)
    return _do(
        request,
        public_id,
        lambda who, now: subscriptions.change_means(
            subscription_id=public_id, fan=who, to=card or "WALLET", total_seen=seen, now=now
        ),
        f"We charge {seen.formatted} this way now, and the next periods too."
        if seen
        else "The next periods are paid this way.",
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, public_id: uuid.UUID, price_id: uuid.UUID) -> HttpResponse:
    """Show what a change brings and costs, to the cent; a posted one is made as it was shown."""
    fan = requests.profile(request)
    found = _own(fan, public_id)
    price = _price(fan, price_id)
    form = ChangeForm(request.POST or None)
    if request.method == "POST":
        key = KeyForm(request.POST)
        if form.is_valid() and key.is_valid():
            return _change(request, found, price, form.cleaned_data["token"], key)
    try:
        quote = subscriptions_selectors.change_quote(
            subscription=found, price=price, now=timezone.now()
        )
    except DomainError as refusal:
        messages.error(request, words_of(refusal))
        return redirect("storefront:subscription", public_id=public_id)
    context = {
        "subscription": found,
        "price": price,
        "quote": quote,
        "terms": quote.terms.splitlines(),
        "form": form,
        "key": KeyForm.fresh(),
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "storefront/subscriptions/change.html", context, status=status)


def _change(
    request: HttpRequest, found: Any, price: Any, token: str, key: KeyForm
) -> HttpResponse:
    def act(fan: Profile, now: datetime) -> None:
        subscriptions.change(
            subscription_id=found.public_id,
            fan=fan,
            price=price,
            token=token,
            idempotency_key=str(key.cleaned_data["key"]),
            now=now,
        )

    try:
        return _do(request, found.public_id, act, "Your subscription is changed.")
    except ConfirmationNeeded as bank:
        return redirect("storefront:checkout", public_id=bank.facts["transaction"])


@never_cache
@login_required
@require_POST
def withdraw_change(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take a change back that has not come yet."""
    return _do(
        request,
        public_id,
        lambda fan, now: subscriptions.withdraw_change(
            subscription_id=public_id, fan=fan, now=now
        ),
        "The change is taken back.",
    )


def _do(
    request: HttpRequest,
    public_id: uuid.UUID,
    act: Callable[[Profile, datetime], Any],
    done: str,
) -> HttpResponse:
    """Do one thing and go back to the page, which says what became of it."""
    try:
        act(requests.profile(request), timezone.now())
    except NotFound as missing:
        raise Http404 from missing
    except ConfirmationNeeded:
        raise
    except DomainError as refusal:
        messages.error(request, words_of(refusal))
    else:
        messages.success(request, done)
    return redirect("storefront:subscription", public_id=public_id)


def _seen(request: HttpRequest, found: Any) -> Money:
    """Return the sum that the page showed as charged at once; none shown, nothing is charged."""
    currency = found.currency or CURRENCY
    return SeenForm(request.POST).seen(currency) or Money.zero(currency)


def _own(fan: Profile, public_id: uuid.UUID) -> Any:
    try:
        return subscriptions_selectors.subscription_for(fan, public_id)
    except NotFound as missing:
        raise Http404 from missing


def _price(fan: Profile, public_id: uuid.UUID) -> Any:
    try:
        return subscriptions_selectors.price_for(fan, public_id)
    except NotFound as missing:
        raise Http404 from missing


def _page(
    request: HttpRequest,
    found: Any,
    *,
    pause_form: PauseForm | None = None,
    means_form: MeansForm | None = None,
    status: int = 200,
) -> HttpResponse:
    fan, now = requests.profile(request), timezone.now()
    standing = selectors.standing_of(found, now=now)
    ways = selectors.ways_to_renew(fan, found)
    charge, no_charge = _charge_now(found, now)
    context = {
        "row": standing,
        "subscription": found,
        "now": now,
        "charge": charge,
        "no_charge": no_charge,
        "periods": subscriptions_selectors.periods_of(found),
        "story": selectors.story_of(found),
        "others": selectors.other_prices(found) if standing.may_change else [],
        "pause_form": pause_form or PauseForm(),
        "means_form": means_form or MeansForm(choices=ways),
        "has_other_way": selectors.has_other_way(found, ways),
    }
    return render(request, "storefront/subscriptions/one.html", context, status=status)


def _charge_now(found: Any, now: datetime) -> tuple[dues.ChargeNow | None, str]:
    """Return what is charged if its fan goes on now, or why nobody can tell."""
    try:
        return dues.charge_now(found, now=now), ""
    except DomainError as refusal:
        return None, words_of(refusal)
