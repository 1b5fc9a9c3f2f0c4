"""The limits a fan sets for what is spent on a brand."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.api import requests
from apps.core.errors import DomainError
from apps.finance.payments import selectors as payments_selectors
from apps.finance.payments import services as payments
from apps.finance.payments.rules.spending import Per
from apps.finance.payments.selectors import Standing
from apps.storefront.choices import CURRENCY, words_of
from apps.storefront.views.forms import DollarsField


class LimitForm(forms.Form):
    """One limit; ``remove`` asks for none."""

    per = forms.ChoiceField(choices=Per.choices, widget=forms.HiddenInput)
    amount = DollarsField(label="Most to spend, in dollars", required=False, max_length=20)
    remove = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        if not data.get("remove") and data.get("amount") is None and not self.errors:
            self.add_error("amount", DollarsField.WORDS)
        return data


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Show the limits with what is spent; a posted one is set."""
    if request.method != "POST":
        return _page(request)
    form = LimitForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    fan, given = requests.profile(request), form.cleaned_data
    try:
        standing = payments.set_spending_limit(
            profile=fan,
            per=Per(given["per"]),
            amount=None if given["remove"] else given["amount"],
            currency=CURRENCY,
            by=fan.user,
            now=timezone.now(),
        )
    except DomainError as refusal:
        form.add_error("amount", words_of(refusal))
        return _page(request, form, status=422)
    messages.success(request, _done(standing))
    return redirect("storefront:spending_limits")


def _done(standing: Standing) -> str:
    per = standing.per.label.lower()
    if standing.then_at is not None:
        return f"Your limit for a {per} changes in 24 hours. Until then the one you have holds."
    return f"Your limit for a {per} holds from now on."


def _page(request: HttpRequest, tried: LimitForm | None = None, status: int = 200) -> HttpResponse:
    standings = payments_selectors.spending_of(
        requests.profile(request), currency=CURRENCY, now=timezone.now()
    )
    rows = []
    for standing in standings:
        mine = tried is not None and tried.data.get("per") == standing.per
        form = tried if mine else LimitForm(initial={"per": standing.per})
        if form is not None:
            form.fields["amount"].widget.attrs["id"] = f"amount-{standing.per.lower()}"
        rows.append((standing, form))
    return render(request, "storefront/spending_limits.html", {"rows": rows}, status=status)
