"""What people type about gifts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.html import format_html

from apps.accounts.models import Profile
from apps.finance.subscriptions.rules.gifts import MESSAGE_MAX
from apps.finance.subscriptions.selectors import gifts as gifts_selectors
from apps.storefront.selectors import Way, Ways
from apps.storefront.views.forms import PLACES


class TakeForm(forms.Form):
    """Names a gift: by its code, or, of those addressed to the fan, by its id."""

    code = forms.CharField(
        label="Code",
        required=False,
        max_length=40,
        help_text="Four groups of four letters and figures.",
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "autocomplete": "off"}),
    )
    gift = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Demand one of the two."""
        data = super().clean() or {}
        if not data.get("code") and not data.get("gift") and not self.errors:
            self.add_error("code", "Type the code of the gift.")
        return data


class GiftForm(forms.Form):
    """What is given, to whom, and how it is paid."""

    price = forms.ChoiceField(label="What you give", widget=forms.RadioSelect)
    to = forms.CharField(
        label="For",
        required=False,
        max_length=41,
        help_text="Their name here, like @somebody. Empty: you get a code to hand on.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    message = forms.CharField(
        label="Message",
        required=False,
        max_length=MESSAGE_MAX,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    country = forms.ChoiceField(
        label="Country you live in",
        help_text="The tax in the price depends on it.",
        choices=PLACES,
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )
    method = forms.ChoiceField(label="Pay with", widget=forms.RadioSelect)
    seen = forms.IntegerField(
        required=False,
        min_value=0,
        widget=forms.HiddenInput,
        help_text="The total that was shown.",
    )

    def __init__(
        self,
        *args: Any,
        prices: list[tuple[str, str]],
        ways: Ways,
        asks_country: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.ways = ways
        chosen, paid = self.fields["price"], self.fields["method"]
        assert isinstance(chosen, forms.ChoiceField)  # noqa: S101 - declared above
        assert isinstance(paid, forms.ChoiceField)  # noqa: S101 - declared above
        chosen.choices = list(prices)
        paid.choices = [
            (way.value, format_html("{} <small>{}</small>", way.label, way.note))
            for way in ways.all
        ]
        paid.initial = ways.first
        if not self.initial.get("price") and prices:
            self.initial["price"] = prices[0][0]
        if not asks_country:
            del self.fields["country"]

    @property
    def way(self) -> Way:
        """How it is paid."""
        return self.ways.of(self.cleaned_data["method"])

    def taker(self, giver: Profile) -> Profile | None:
        """Return whom it is for; None: whoever is given the code.

        :raises TakerNotFound: nobody on this brand has this name
        """
        return gifts_selectors.taker_called(self.cleaned_data["to"], cluster_id=giver.cluster_id)
