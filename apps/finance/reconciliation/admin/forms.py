"""What people fill in at the workbench."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms

from apps.core.money import SCALES
from apps.core.show import money_text
from apps.finance.reconciliation import selectors, services
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
        name = self.cleaned_data["owner"].strip().removeprefix(f"{kind}:")
        return f"{kind}:{name}"


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


def _parties(code: str) -> Callable[[], list[tuple[str, str]]]:
    return lambda: [("", "Choose one")] + [(name, name) for name in selectors.parties(code)]


def _lines(code: str) -> Callable[[], list[tuple[str, str]]]:
    def choices() -> list[tuple[str, str]]:
        return [
            (
                str(line.pk),
                f"{line.booked_on:%d %b %Y}, {source.name}, {line.reference or 'no reference'},"
                f" {money_text(line.statement.money(line.compared_minor))}",
            )
            for line, source in selectors.open_transfers(code)
        ]

    return choices


def _amount_field(
    label: str, *, required: bool = False, help_text: str = ""
) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=required,
        min_value=0,
        max_digits=20,
        decimal_places=9,
        help_text=help_text,
    )


class SettlementForm(forms.Form):
    """What a processor's papers say of the money that came to the bank."""

    gateway = forms.ChoiceField(choices=_parties("1100"), label="Processor")
    gross = _amount_field(
        "Gross amount",
        required=True,
        help_text="The sales it settles, before fees: this leaves its clearing account.",
    )
    fees = _amount_field("Fees it kept")
    fees_expected = _amount_field(
        "Fees our sales had counted on",
        help_text="Empty: the same. A difference is cost, or less of it.",
    )
    reserve = _amount_field("Kept in reserve")
    line_ids = forms.TypedMultipleChoiceField(
        choices=_lines("1100"),
        coerce=int,
        required=False,
        label="Lines of the processor's statement",
        help_text="The payout, and the reserve or fees if they stand there as lines of their own."
        " They are matched with it. None: left to the next run.",
    )
    rest_to_suspense = forms.TypedChoiceField(
        choices=[("", "Book nothing"), ("yes", "Book the rest to suspense")],
        coerce=bool,
        required=False,
        label="If gross less fees and reserve is not what came",
    )
    effective_on = _date_field(
        "Accounting date",
        required=False,
        help_text="Empty: the day of the line. Where its month is closed, one that is open.",
    )


class FundingForm(forms.Form):
    """Money that left the bank for a payout rail."""

    rail = forms.ChoiceField(choices=_parties("1200"), label="Rail")
    fee = _amount_field(
        "Fee of sending it", help_text="Within the line: the rest arrives at the rail."
    )
    line_ids = forms.TypedMultipleChoiceField(
        choices=_lines("1200"),
        coerce=int,
        required=False,
        label="Lines of the rail's statement",
        help_text="Where it arrived. They are matched with it. None: left to the next run.",
    )
    effective_on = _date_field(
        "Accounting date",
        required=False,
        help_text="Empty: the day of the line. Where its month is closed, one that is open.",
    )
