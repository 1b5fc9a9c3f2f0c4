"""What people choose when they buy one thing, sell one, or collect for something."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.html import format_html

from apps.finance.purchases.choices import Audience, ItemKind
from apps.storefront.selectors import Ways
from apps.storefront.views.forms import PLACES, DollarsField


class BuyForm(forms.Form):
    """What it is paid with; and what was shown, so that nothing else is charged."""

    method = forms.ChoiceField(label="Pay with", widget=forms.RadioSelect)
    keep = forms.BooleanField(
        label="Keep my new card for next time",
        help_text="The card processor keeps it; we never see its number. "
        "You can remove it in your wallet at any time.",
        required=False,
    )
    country = forms.ChoiceField(
        label="Country you live in",
        help_text="The tax in the price depends on it.",
        widget=forms.Select(attrs={"autocomplete": "country"}),
        choices=PLACES,
    )
    price_seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    total_seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, required=False)

    def __init__(self, *args: Any, ways: Ways, asks_country: bool, **kwargs: Any) -> None:
        """Ask for the country only where the brand collects tax."""
        super().__init__(*args, **kwargs)
        field = self.fields["method"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [
            (way.value, format_html("{} <small>{}</small>", way.label, way.note))
            for way in ways.all
        ]
        field.initial = ways.first
        if not ways.keeps:
            del self.fields["keep"]
        if not asks_country:
            del self.fields["country"]

    @property
    def keeps(self) -> bool:
        """Say whether the payer asked that a new card is kept."""
        return bool(self.cleaned_data.get("keep"))


class NewItemForm(forms.Form):
    title = forms.CharField(label="Title", max_length=120)
    kind = forms.ChoiceField(
        label="What it is",
        choices=[
            (f"{ItemKind.CONTENT}:{Audience.EVERYONE}", "Content for everyone"),
            (f"{ItemKind.MESSAGE}:{Audience.SUBSCRIBERS}", "A message to your subscribers"),
        ],
    )
    price = DollarsField(label="Price in dollars", max_length=20)
    least_tier = forms.IntegerField(
        label="Included in your plans from tier",
        required=False,
        min_value=0,
        max_value=32_767,
        help_text="Leave it empty to sell it to subscribers too.",
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )


class PriceForm(forms.Form):
    price = DollarsField(label="New price in dollars", max_length=20)


class NewGoalForm(forms.Form):
    title = forms.CharField(label="What for", max_length=120)
    target = DollarsField(label="How much, in dollars", max_length=20)
