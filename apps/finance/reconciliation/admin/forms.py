"""What people fill in at the workbench."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.core.money import SCALES
from apps.finance.reconciliation import services
from apps.finance.reconciliation.adapters import FORMATS
from apps.finance.reconciliation.choices import Compares, Counter
from apps.finance.reconciliation.models import StatementSource
from apps.finance.reconciliation.rules import PROVABLE


def _date_field(label: str, **more: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, **more)


class UploadForm(forms.Form):
    """A statement's file, the days it covers, and the balances it shows."""

    source = forms.ModelChoiceField(
        StatementSource.objects.filter(is_active=True).order_by("name"), label="Source"
    )
    period_start = _date_field("First day")
    period_end = _date_field("Last day")
    opening = forms.DecimalField(
        required=False,
        max_digits=20,
        decimal_places=9,
        label="Opening balance",
        help_text="Empty: as the file says, or as the statement before closed.",
    )
    closing = forms.DecimalField(
        required=False,
        max_digits=20,
        decimal_places=9,
        label="Closing balance",
        help_text="Empty: as the file says, or what the lines make of the opening.",
    )
    file = forms.FileField(
        label="File",
        max_length=200,
        help_text=f"Up to {services.LARGEST_FILE // 2**20} MB. The same file is taken once.",
    )


class SourceForm(forms.Form):
    """An account that others' statements prove, and how their files are read."""

    name = forms.CharField(max_length=80, help_text="As people call it: CCBill settlement USD.")
    code = forms.ChoiceField(
        choices=[
            ("1100", "1100 Processor clearing"),
            ("1000", "1000 Cash at bank"),
            ("1200", "1200 Payout rail cash"),
        ],
        label="Account",
    )
    owner = forms.CharField(
        max_length=70, label="Whose", help_text="ccbill, PAXUM, or the name of the bank account."
    )
    currency = forms.ChoiceField(choices=[(code, code) for code in SCALES])
    format_name = forms.ChoiceField(
        choices=[(f.name, f.title) for f in FORMATS.values()], label="Format"
    )
    compares = forms.ChoiceField(
        choices=Compares.choices,
        label="The books have",
        help_text="Before the fee, where the books keep the processor's fees on another account.",
    )
    date_window_days = forms.IntegerField(
        initial=3,
        min_value=0,
        label="Days that dates may differ",
        help_text="For amounts without a reference.",
    )
    settlement_days = forms.IntegerField(
        initial=7,
        min_value=0,
        label="Days the other side may take",
        help_text="After these a payment is missing, or late.",
    )
    tolerance = forms.DecimalField(
        initial=0,
        min_value=0,
        max_digits=20,
        decimal_places=9,
        label="Difference not worth a look",
    )
    mapping = forms.JSONField(
        widget=forms.Textarea(attrs={"rows": 6, "class": "c-mono"}),
        initial={"columns": {"booked_on": "Date", "amount": "Amount", "reference": "Reference"}},
        help_text="Which column of the file is what.",
    )

    def clean_owner(self) -> str:
        kind = PROVABLE.get(self.data.get("code", ""), "")
        return f"{kind}:{self.cleaned_data['owner'].strip()}"


class RulesForm(forms.Form):
    """The rules of a source; what is left empty stays as it is."""

    date_window_days = forms.IntegerField(
        required=False, min_value=0, label="Days that dates may differ"
    )
    settlement_days = forms.IntegerField(
        required=False, min_value=0, label="Days the other side may take"
    )
    tolerance = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=20,
        decimal_places=9,
        label="Difference not worth a look",
    )
    mapping = forms.JSONField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "c-mono"}),
        help_text="Empty: stays as it is.",
    )


class DifferenceForm(forms.Form):
    """Where a difference goes."""

    counter = forms.TypedChoiceField(
        choices=[(c.value, f"{c.value} {c.label}") for c in Counter],
        coerce=Counter,
        label="Other side of the entry",
    )
    effective_on = _date_field(
        "Accounting date",
        required=False,
        help_text="Empty: the day of the line. Where that month is closed, one that is open.",
    )
