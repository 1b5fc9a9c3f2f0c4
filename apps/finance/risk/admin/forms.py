"""What people fill in about risk."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.core.money import SCALES, Money
from apps.finance.risk.choices import ListKind, Pair, RuleKind, What, Who

CURRENCIES = [(code, code) for code in SCALES]


def reason_field() -> forms.CharField:
    return forms.CharField(
        label="Reason, for the record", max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )


class RuleForm(forms.Form):
    """What every kind of rule asks for; each kind adds its own and returns it by ``params``."""

    code = forms.CharField(
        max_length=40,
        label="Name",
        help_text="Small letters, digits, underscores. The name of an existing rule makes a new"
        " version of it.",
    )
    score = forms.IntegerField(
        min_value=0, max_value=100, label="Score", help_text="Added when the rule applies."
    )

    def params(self) -> dict[str, Any]:
        """Return the rule's parameters as they are kept."""
        common = {"code", "score", "reason"}
        return {name: value for name, value in self.cleaned_data.items() if name not in common}

    @classmethod
    def filled_with(cls, params: dict[str, Any]) -> dict[str, Any]:
        """Return parameters as the form shows them."""
        return dict(params)


class VelocityForm(RuleForm):
    who = forms.ChoiceField(choices=Who.choices, label="Of one")
    what = forms.ChoiceField(choices=What.choices, label="Count")
    minutes = forms.IntegerField(min_value=1, label="In the last minutes")
    more_than = forms.CharField(
        label="More than", help_text="A whole number; for amounts as 100.00."
    )
    currency = forms.ChoiceField(
        choices=[("", "none"), *CURRENCIES], required=False, label="Currency, for amounts"
    )
    reason = reason_field()

    def params(self) -> dict[str, Any]:
        given = super().params()
        text, currency = given["more_than"].strip(), given.pop("currency")
        if given["what"] == What.AMOUNT:
            minor = Money.of(text, currency).minor if currency else None
            return {**given, "more_than": minor, "currency": currency}
        whole = int(text) if text.isascii() and text.isdigit() and len(text) < 13 else None  # noqa: PLR2004
        return {**given, "more_than": whole}

    @classmethod
    def filled_with(cls, params: dict[str, Any]) -> dict[str, Any]:
        return _with_amount(params) if params["what"] == What.AMOUNT else dict(params)


class MismatchForm(RuleForm):
    pair = forms.ChoiceField(choices=Pair.choices, label="Country of")
    reason = reason_field()


class YoungForm(RuleForm):
    hours = forms.IntegerField(min_value=1, label="Younger than hours")
    reason = reason_field()


class LargeForm(RuleForm):
    more_than = forms.CharField(label="Above", help_text="As 250.00")
    currency = forms.ChoiceField(choices=CURRENCIES, label="Currency")
    reason = reason_field()

    def params(self) -> dict[str, Any]:
        given = super().params()
        return {**given, "more_than": Money.of(given["more_than"], given["currency"]).minor}

    @classmethod
    def filled_with(cls, params: dict[str, Any]) -> dict[str, Any]:
        return _with_amount(params)


class UnusualForm(RuleForm):
    times = forms.IntegerField(min_value=1, label="Times the usual")
    least_payments = forms.IntegerField(
        min_value=1, label="After so many payments", help_text="With fewer there is no usual."
    )
    reason = reason_field()


class ListedForm(RuleForm):
    lists = forms.MultipleChoiceField(
        choices=ListKind.choices, label="Lists", widget=forms.CheckboxSelectMultiple
    )
    reason = reason_field()


RULE_FORMS: dict[RuleKind, type[RuleForm]] = {
    RuleKind.VELOCITY: VelocityForm,
    RuleKind.MISMATCH: MismatchForm,
    RuleKind.YOUNG_ACCOUNT: YoungForm,
    RuleKind.LARGE_AMOUNT: LargeForm,
    RuleKind.UNUSUAL_AMOUNT: UnusualForm,
    RuleKind.BLOCK_LIST: ListedForm,
}


class LimitsForm(forms.Form):
    challenge = forms.IntegerField(min_value=1, max_value=101, label="Challenge from")
    review = forms.IntegerField(min_value=1, max_value=101, label="Review from")
    block = forms.IntegerField(
        min_value=1, max_value=101, label="Block from", help_text="101 is never."
    )
    reason = reason_field()


class EntryForm(forms.Form):
    kind = forms.ChoiceField(
        choices=[(k.value, k.label) for k in ListKind if k != ListKind.CARD], label="What"
    )
    value = forms.CharField(
        max_length=253,
        label="Which",
        help_text="A profile's number, 192.0.2.0/24, mail.example or 411111. A card is put on"
        " its list from one of its payments.",
    )
    expires_at = forms.DateTimeField(
        required=False,
        label="Until (UTC)",
        help_text="Empty: for ever.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    reason = reason_field()

    def clean_kind(self) -> ListKind:
        return ListKind(self.cleaned_data["kind"])


class PartForm(forms.Form):
    """Which part of a payment goes on a list."""

    kind = forms.ChoiceField(choices=ListKind.choices, label="Block its")
    days = forms.IntegerField(
        required=False, min_value=1, max_value=3650, label="For days", help_text="Empty: for ever."
    )


class DaysForm(forms.Form):
    days = forms.IntegerField(
        min_value=1, max_value=90, initial=30, label="Days", help_text="1 to 90, back from now."
    )


def _with_amount(params: dict[str, Any]) -> dict[str, Any]:
    shown = str(Money(params["more_than"], params["currency"]).decimal)
    return {**params, "more_than": shown}
