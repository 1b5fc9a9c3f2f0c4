"""What a report is asked for, as the bar above it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from apps.clusters.models import Cluster
from apps.core.money import SCALES
from apps.finance.reports.api.queries import scope_of
from apps.finance.reports.choices import Compare
from apps.finance.reports.rules.statements import Scope

CURRENCIES = [(code, code) for code in SCALES]
DAY = forms.DateInput(attrs={"type": "date"})


class ReportForm(forms.Form):
    """The bar above a report. What the words mean is decided where the report is made."""

    period = forms.CharField(
        required=False,
        max_length=10,
        widget=forms.TextInput(attrs={"placeholder": "2026-01"}),
        help_text="A month, quarter or year: 2026-01, 2026-Q1, 2026.",
    )
    start = forms.DateField(label="Or from", required=False, widget=DAY)
    end = forms.DateField(label="To", required=False, widget=DAY)
    compare = forms.ChoiceField(label="Compare with", required=False, choices=Compare.choices)
    brand = forms.ChoiceField(required=False)
    currency = forms.ChoiceField(required=False, choices=[("", "Each its own"), *CURRENCIES])
    translate = forms.ChoiceField(
        label="Translate to", required=False, choices=[("", "Not translated"), *CURRENCIES]
    )

    def __init__(self, *args: Any, has_comparison: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        brands = Cluster.objects.order_by("slug").values_list("slug", "name")
        field = self.fields["brand"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "All brands"), *brands]
        if not has_comparison:
            del self.fields["compare"]

    def scope(self, today: date) -> Scope:
        """Return what a valid form asks for.

        :raises DomainError: what ``scope_of`` raises
        """
        asked = {name: value for name, value in self.cleaned_data.items() if value}
        return scope_of(asked, today=today)


def first_words(form: forms.Form) -> str:
    """Return the first thing that is wrong with a form, with the field's name."""
    for name, errors in form.errors.items():
        label = form.fields[name].label or name.replace("_", " ").capitalize()
        return f"{label}: {errors[0]}"
    return ""


def shortcuts(today: date, query: QueryDict) -> list[tuple[str, str, bool]]:
    """Return the periods people look at most: label, query, and whether it is chosen now.

    A page that is asked nothing shows this month.
    """
    month = today.replace(day=1)
    last = (month - timedelta(days=1)).replace(day=1)
    quarter = (today.month - 1) // 3 + 1
    wanted = {
        "This month": f"{month:%Y-%m}",
        "Last month": f"{last:%Y-%m}",
        "This quarter": f"{today:%Y}-Q{quarter}",
        "This year": f"{today:%Y}",
        "Last year": f"{today.year - 1}",
    }
    kept = {
        name: value
        for name, value in query.items()
        if name not in {"period", "start", "end"} and value
    }
    chosen = query.get("period") if query else wanted["This month"]
    return [
        (label, f"?{urlencode({'period': period, **kept})}", chosen == period)
        for label, period in wanted.items()
    ]
