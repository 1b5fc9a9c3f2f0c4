"""What people fill in about currencies."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django import forms

from apps.core.errors import DomainError
from apps.core.money import SCALES, Money
from apps.finance.fx.choices import RANK
from apps.finance.ledger.postings import AccountRef

_ACCOUNT = re.compile(r"([0-9]{4}) ?([a-z]*:?[A-Za-z0-9_-]*)", re.ASCII)
_CURRENCIES = [(code, code) for code in RANK]


def day_field(label: str) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget)


def reason_field() -> forms.CharField:
    return forms.CharField(
        label="Reason, for the record", max_length=200, widget=forms.Textarea(attrs={"rows": 3})
    )


class RateForm(forms.Form):
    """A rate that somebody read."""

    base = forms.ChoiceField(label="One unit of", choices=_CURRENCIES, initial="EUR")
    quote = forms.ChoiceField(label="is worth, in", choices=_CURRENCIES, initial="USD")
    rate = forms.DecimalField(max_digits=36, decimal_places=18, label="Rate")
    on = day_field("Day the rate is of")
    reason = reason_field()


class ExchangeForm(forms.Form):
    """An exchange as the bank's statement shows it."""

    sold = forms.CharField(max_length=40, label="Amount sold")
    sold_currency = forms.ChoiceField(label="Currency sold", choices=_CURRENCIES, initial="EUR")
    sold_from = forms.CharField(
        max_length=60, label="Out of the account", help_text="Code and owner: 1000 bank:main."
    )
    bought = forms.CharField(max_length=40, label="Amount bought")
    bought_currency = forms.ChoiceField(
        label="Currency bought", choices=_CURRENCIES, initial="USD"
    )
    bought_into = forms.CharField(
        max_length=60, label="Into the account", help_text="Code and owner: 1000 bank:main."
    )
    effective_on = day_field("Day of the exchange")
    reason = reason_field()
    key = forms.CharField(widget=forms.HiddenInput, initial=uuid.uuid4, max_length=40)

    def clean_sold_from(self) -> AccountRef:
        return _account(self.cleaned_data["sold_from"])

    def clean_bought_into(self) -> AccountRef:
        return _account(self.cleaned_data["bought_into"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for side in ("sold", "bought"):
            currency = data.get(f"{side}_currency", "")
            if side not in data or currency not in SCALES:
                continue
            try:
                data[side] = Money.of(data[side].strip(), currency)
            except DomainError as error:
                self.add_error(side, str(error))
        return data


def _account(text: str) -> AccountRef:
    found = _ACCOUNT.fullmatch(text.strip())
    if found is None:
        raise forms.ValidationError("Write the code and the owner: 1000 bank:main.")
    return AccountRef(found[1], found[2])
