"""What people type who do not know a charge on their card statement."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.validators import RegexValidator

from apps.finance.payments.rules.redact import has_card_number
from apps.finance.payments.rules.statements import LEAST, plain

_CHARGE = ("on", "amount", "last4")


class ChargeForm(forms.Form):
    """The text of the statement; or day, amount and card."""

    text = forms.CharField(
        label="Text on the statement",
        required=False,
        max_length=60,
        help_text="As your bank writes it, or a part of it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    on = forms.DateField(
        label="Day", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    amount = forms.DecimalField(
        label="Amount",
        required=False,
        min_value=0,
        max_digits=9,
        decimal_places=2,
        help_text="Like 12.50, in the currency we charged.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    last4 = forms.CharField(
        label="Last four figures of the card",
        required=False,
        validators=[RegexValidator(re.compile(r"[0-9]{4}", re.ASCII), "Type four figures.")],
        max_length=4,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if has_card_number(text):
            raise forms.ValidationError("Never type a whole card number here.")
        if text and len(plain(text)) < LEAST:
            raise forms.ValidationError(f"Type at least {LEAST} letters or figures of it.")
        return text

    def clean(self) -> dict[str, Any]:
        """Demand one of the two."""
        data = super().clean() or {}
        if self.errors or data.get("text"):
            return data
        missing = [name for name in _CHARGE if not data.get(name)]
        if len(missing) == len(_CHARGE):
            self.add_error("text", "Type the text, or the day, the amount and the last four.")
        else:
            for name in missing:
                self.add_error(name, "This is needed too.")
        return data
