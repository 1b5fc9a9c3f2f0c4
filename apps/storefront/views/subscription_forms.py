"""What people type and choose about a subscription."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet

from apps.core.money import Money
from apps.finance.subscriptions.rules.calendar import add_months
from apps.storefront.choices import SUBSCRIBER_GROUPS
from apps.storefront.views.forms import PLACES

AT_END, AT_ONCE = "END", "NOW"


class ReasonForm(forms.Form):
    """Why somebody cancels; never asked before it is done, and never needed."""

    reason = forms.CharField(max_length=200, required=False)


class EndForm(forms.Form):
    """Why a creator ends a fan's subscription."""

    reason = forms.CharField(
        label="Why", max_length=200, help_text="Our support reads it. The fan does not."
    )


class PauseForm(forms.Form):
    months = forms.TypedChoiceField(
        label="For how long",
        coerce=int,
        choices=[(1, "One month"), (2, "Two months"), (3, "Three months")],
    )

    begins = forms.ChoiceField(
        label="From when",
        choices=[
            (AT_END, "When what you paid is used up"),
            (AT_ONCE, "Now: what you paid and did not use comes back after it"),
        ],
        initial=AT_END,
        required=False,
        widget=forms.RadioSelect,
    )

    @property
    def is_at_once(self) -> bool:
        """Say whether it rests from now on."""
        return bool(self.cleaned_data["begins"] == AT_ONCE)

    def until(self, begins: datetime, *, zone: str) -> datetime:
        """Return when a pause that begins then is over."""
        return add_months(begins, int(self.cleaned_data["months"]), zone)


class SeenForm(forms.Form):
    """The sum that was shown as charged at once, in the smallest unit; 0: nothing."""

    total_minor = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def seen(self, currency: str) -> Money | None:
        """Return it as money; None: none was shown."""
        return Money(self.cleaned_data["total_minor"], currency) if self.is_valid() else None


class MeansForm(forms.Form):
    """What the next periods are paid with."""

    means = forms.ChoiceField(label="Pay with", widget=forms.RadioSelect)

    def __init__(self, *args: Any, choices: Sequence[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["means"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = list(choices)


class AgreeForm(forms.Form):
    """The fan's word that the terms shown hold. Nothing is ticked for them."""

    agreed = forms.BooleanField(
        label="I agree to these terms.",
        error_messages={"required": "Read the terms and tick the box to go on."},
    )


class ChangeForm(AgreeForm):
    """Names the quote that was shown."""

    token = forms.CharField(max_length=100, widget=forms.HiddenInput)


class SubscribeForm(AgreeForm):
    """The terms that were shown, by their hash, and the sum."""

    terms_hash = forms.CharField(max_length=64, widget=forms.HiddenInput)
    total_minor = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class FollowForm(forms.Form):
    plan = forms.UUIDField(widget=forms.HiddenInput)


class AskForm(forms.Form):
    """What a quote depends on, as it stands in the address of the checkout."""

    price = forms.UUIDField()
    method = forms.CharField(max_length=40, required=False)
    code = forms.CharField(
        label="Code", max_length=30, required=False,
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "autocomplete": "off"}),
    )  # fmt: skip
    country = forms.ChoiceField(
        label="Country you live in",
        help_text="The tax in the price depends on it.",
        choices=PLACES,
        required=False,
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )
    zone = forms.CharField(max_length=40, required=False)


class SubscribersFilter(forms.Form):
    """Narrows a creator's list; what cannot be read narrows nothing and is said beside it."""

    state = forms.ChoiceField(
        label="State",
        choices=[("", "All"), *((name, words) for name, (words, _) in SUBSCRIBER_GROUPS.items())],
        required=False,
    )
    plan = forms.ChoiceField(label="Plan", required=False)

    def __init__(self, *args: Any, plans: Iterable[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["plan"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [("", "All"), *((str(plan.public_id), plan.name) for plan in plans)]

    def given(self) -> dict[str, str]:
        """Return what narrows the list, as it stands in an address."""
        valid = self.cleaned_data if self.is_bound and self.errors is not None else {}
        return {name: str(value) for name, value in valid.items() if value}

    def chosen(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow a list of subscribers."""
        self.full_clean()
        data = self.cleaned_data
        if data.get("state"):
            rows = rows.filter(**SUBSCRIBER_GROUPS[data["state"]][1])
        if data.get("plan"):
            rows = rows.filter(plan__public_id=data["plan"])
        return rows
