"""What creators type about plans, prices and promotions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from django import forms

from apps.finance.subscriptions.choices import Alignment, Audience, Discount
from apps.finance.subscriptions.rules import offers
from apps.finance.subscriptions.services import Offered
from apps.storefront.choices import PRICE_LENGTHS
from apps.storefront.views.forms import DollarsField

if TYPE_CHECKING:
    from apps.finance.subscriptions.models import Plan

_LINES = forms.Textarea(attrs={"rows": 4})


class WordsForm(forms.Form):
    """What a plan says of itself."""

    name = forms.CharField(
        label="Name", max_length=offers.NAME_MAX, help_text="Fans see it: for example Gold."
    )
    description = forms.CharField(
        label="Description",
        required=False,
        max_length=offers.DESCRIPTION_MAX,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    benefits = forms.CharField(
        label="Benefits", required=False, help_text="One a line.", widget=_LINES
    )

    def clean_benefits(self) -> list[str]:
        """Return the lines that say something."""
        lines = self.cleaned_data["benefits"].splitlines()
        return [text for line in lines if (text := line.strip())]


class PlanForm(WordsForm):
    """A new plan: what it opens, how it begins, and what it costs."""

    tier = forms.IntegerField(
        label="Tier",
        min_value=1,
        max_value=offers.TIER_MAX,
        initial=1,
        help_text="A higher tier opens everything of a lower one.",
    )
    is_free = forms.BooleanField(label="A free follow: nothing is charged", required=False)
    month = DollarsField(label="Price a month, in dollars", required=False, max_length=20)
    quarter = DollarsField(label="Price of 3 months", required=False, max_length=20)
    half = DollarsField(label="Price of 6 months", required=False, max_length=20)
    year = DollarsField(label="Price of 12 months", required=False, max_length=20)
    life = DollarsField(label="Price for life, paid once", required=False, max_length=20)
    trial_days = forms.IntegerField(
        label="Days of trial",
        required=False,
        min_value=0,
        max_value=offers.TRIAL_DAYS_MAX,
        help_text="Each person and each card has one with you.",
    )
    trial = DollarsField(
        label="Price of the trial, in dollars",
        required=False,
        max_length=20,
        help_text="Empty: it is free.",
    )
    alignment = forms.ChoiceField(
        label="Renews",
        choices=Alignment.choices,
        initial=Alignment.ANNIVERSARY,
        widget=forms.RadioSelect,
    )

    def clean(self) -> dict[str, Any]:
        """Gather the prices; a plan costs something or says that it does not."""
        data = super().clean() or {}
        lengths = {"month": 1, "quarter": 3, "half": 6, "year": 12, "life": 0}
        data["prices"] = [
            Offered(months, amount)
            for name, months in lengths.items()
            if (amount := data.pop(name, None)) is not None
        ]
        data["trial_days"] = data.get("trial_days") or 0
        if not data["prices"] and not data.get("is_free") and not self.errors:
            self.add_error("month", "Give at least one price, or make it a free follow.")
        return data


class PriceForm(forms.Form):
    """What newcomers pay for so many months."""

    months = forms.TypedChoiceField(label="For", coerce=int, choices=list(PRICE_LENGTHS.items()))
    amount = DollarsField(label="Price in dollars", max_length=20)


class MoveForm(forms.Form):
    """From when subscribers pay the new price."""

    day = forms.DateField(
        label="From",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The first period that begins on this day (UTC) or later costs the new price.",
    )
    reason = forms.CharField(
        label="Why", required=False, max_length=offers.REASON_MAX, help_text="For our records."
    )

    @property
    def effective_at(self) -> datetime:
        """The beginning of that day."""
        return start_of(self.cleaned_data["day"])


class PromotionForm(forms.Form):
    """A lower price for a while."""

    name = forms.CharField(label="Name", max_length=offers.NAME_MAX, help_text="Fans see it.")
    code = forms.CharField(
        label="Code",
        required=False,
        max_length=offers.CODE_MAX,
        help_text="Empty: everybody whom it is for gets it without one.",
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "autocomplete": "off"}),
    )
    percent = forms.DecimalField(
        label="Percent off", required=False, min_value=0, max_value=100, decimal_places=2
    )
    amount = DollarsField(label="Or dollars off", required=False, max_length=20)
    periods = forms.IntegerField(
        label="For how many periods",
        min_value=0,
        max_value=offers.PROMOTION_PERIODS_MAX,
        initial=1,
        help_text="0: for as long as they stay.",
    )
    plan = forms.ChoiceField(label="Plan", required=False)
    months = forms.TypedChoiceField(
        label="Only for prices of",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "Any length"), *PRICE_LENGTHS.items()],
    )
    audience = forms.ChoiceField(
        label="For whom", choices=Audience.choices, initial=Audience.ALL, widget=forms.RadioSelect
    )
    ends_on = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="UTC. Empty: until you end it.",
    )
    most = forms.IntegerField(
        label="How often in all",
        required=False,
        min_value=1,
        max_value=offers.PROMOTION_MOST,
        help_text="Empty: no limit.",
    )

    def __init__(self, *args: Any, plans: Iterable[Plan], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["plan"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        paid = [(str(plan.public_id), plan.name) for plan in plans if not plan.is_free]
        field.choices = [("", "All your plans"), *paid]

    def clean(self) -> dict[str, Any]:
        """Take either a percentage or an amount off."""
        data = super().clean() or {}
        percent, amount = data.get("percent"), data.get("amount")
        if (percent is None) == (amount is None) and not self.errors:
            self.add_error("percent", "Give a percentage or an amount, one of them.")
        return data

    def wish(self) -> dict[str, Any]:
        """Return what ``create_promotion`` is asked for, but for the plan."""
        data = self.cleaned_data
        percent, last = data["percent"], data["ends_on"]
        return {
            "name": data["name"],
            "code": data["code"],
            "discount": Discount.AMOUNT if percent is None else Discount.PERCENT,
            "percent_bps": 0 if percent is None else int(percent * 100),
            "amount": data["amount"],
            "periods": data["periods"],
            "months": data["months"],
            "audience": Audience(data["audience"]),
            "ends_at": end_of(last) if last else None,
            "most": data["most"],
        }


def start_of(day: date) -> datetime:
    """Return when a day begins, in UTC."""
    return datetime.combine(day, time(0), UTC)


def end_of(day: date) -> datetime:
    """Return the last instant of a day, in UTC."""
    return datetime.combine(day, time.max, UTC)
