"""What figures of subscriptions are asked for, as the bar above them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from apps.accounts.models import Profile
from apps.clusters.models import Cluster
from apps.core.admin import as_id
from apps.core.api.fields import FIRST_DAY, LAST_DAY
from apps.core.money import SCALES
from apps.finance.subscriptions.models import Plan
from apps.finance.subscriptions.selectors.analytics import MOST_DAYS, Wanted

#: Largest BIGINT: a longer number is no key of ours.
MAX_ID = 2**63 - 1


class DayField(forms.DateField):
    """A day of the books."""

    widget = forms.DateInput(attrs={"type": "date"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators += [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]


class RangeForm(forms.Form):
    """What the figures are of. The words are read here, the range is judged by the selector."""

    start = DayField(label="From")
    end = DayField(label="To")
    brand = forms.ModelChoiceField(
        Cluster.objects.order_by("position"), required=False, to_field_name="slug",
        empty_label="All brands",
    )  # fmt: skip
    creator = forms.CharField(required=False, max_length=60, help_text="Handle or number")
    plan = forms.IntegerField(
        required=False, min_value=1, max_value=MAX_ID, help_text="Number of a plan"
    )
    currency = forms.ChoiceField(
        required=False, choices=[("", "Each by itself"), *((code, code) for code in SCALES)]
    )

    def clean_creator(self) -> int | None:
        term = self.cleaned_data["creator"].strip().removeprefix("@")
        if not term:
            return None
        number = as_id(term)
        found = Profile.objects.filter(is_creator=True)
        found = (
            found.filter(pk=number)
            if number
            else found.filter(Exact(Lower("handle"), term.lower()))
        )
        brand = self.cleaned_data.get("brand")
        ids = list((found.filter(cluster=brand) if brand else found).values_list("pk")[:2])
        if not ids:
            raise forms.ValidationError("No creator has this handle or number here.")
        if len(ids) > 1:
            raise forms.ValidationError("Several brands know this handle: choose the brand too.")
        return int(ids[0][0])

    def clean_plan(self) -> int | None:
        number: int | None = self.cleaned_data["plan"]
        if number and not Plan.objects.filter(pk=number).exists():
            raise forms.ValidationError("There is no plan with this number.")
        return number

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        start, end = given.get("start"), given.get("end")
        if start and end and not 0 <= (end - start).days < MOST_DAYS:
            self.add_error("end", f"A range has 1 to {MOST_DAYS} days, its start first.")
        return given

    def wanted(self) -> Wanted:
        given = self.cleaned_data
        return Wanted(
            start=given["start"],
            end=given["end"],
            creator_id=given["creator"],
            cluster_id=given["brand"].pk if given["brand"] else None,
            plan_id=given["plan"],
            currency=given["currency"],
        )
