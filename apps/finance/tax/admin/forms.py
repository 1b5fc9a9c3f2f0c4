"""What people fill in about tax."""

from __future__ import annotations

import re
from decimal import Decimal

from django import forms

from apps.clusters.models import Cluster
from apps.finance.tax.choices import Form, Product, TaxKind
from apps.finance.tax.rules.countries import COUNTRIES, STATES, name_of

PLACES = [
    ("Countries", [*COUNTRIES.items()]),
    ("States and provinces", [(code, name_of(code)) for code in STATES]),
]


def reason_field() -> forms.CharField:
    return forms.CharField(
        label="Reason, for the record", max_length=200, widget=forms.Textarea(attrs={"rows": 3})
    )


class RateForm(forms.Form):
    """A rate as a law has it."""

    place = forms.ChoiceField(choices=PLACES)
    product = forms.ChoiceField(choices=Product.choices, initial=Product.ANY, label="On")
    kind = forms.ChoiceField(choices=TaxKind.choices)
    percent = forms.DecimalField(
        min_value=Decimal(0),
        max_value=Decimal(100),
        max_digits=7,
        decimal_places=4,
        label="Percent",
        help_text="0 ends a rate from the day below.",
    )
    shown = forms.ChoiceField(
        choices=[("inside", "inside the price"), ("on_top", "on top of the price")],
        label="Prices are shown with it",
    )
    valid_from = forms.DateField(
        label="First day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    source = forms.CharField(
        max_length=300, label="Source", help_text="The law or publication, and when it was read."
    )
    reason = reason_field()

    def clean_product(self) -> Product:
        return Product(self.cleaned_data["product"])

    def clean_kind(self) -> TaxKind:
        return TaxKind(self.cleaned_data["kind"])


class SwitchForm(forms.Form):
    """Whether a brand collects tax."""

    cluster = forms.ModelChoiceField(
        Cluster.objects.order_by("position"), label="Brand", empty_label=None
    )
    turn = forms.ChoiceField(
        choices=[("on", "on: collect from now"), ("off", "off: collect no longer")], label="Turn"
    )
    reason = reason_field()


class QuarterForm(forms.Form):
    """A quarter of a return."""

    quarter = forms.RegexField(
        re.compile(r"\A20[0-9]{2}-Q[1-4]\Z", re.ASCII),
        label="Quarter",
        help_text="As 2026-Q1.",
        error_messages={"invalid": "Write the quarter as 2026-Q1."},
    )


class StatementsForm(forms.Form):
    """A form for a year."""

    form = forms.ChoiceField(choices=Form.choices)
    year = forms.IntegerField(min_value=2020, max_value=2999)
    reason = reason_field()

    def clean_form(self) -> Form:
        return Form(self.cleaned_data["form"])
