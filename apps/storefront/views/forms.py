"""What people type on brand pages."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.html import format_html

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.payments.errors import CardDataRefused
from apps.finance.payments.rules.redact import has_card_number
from apps.finance.tax.rules.countries import COUNTRIES, STATES, name_of
from apps.storefront.choices import CURRENCY, DEPOSIT_PRESETS, PAYMENT_GROUPS, TIP_PRESETS
from apps.storefront.selectors import Ways

OTHER = "other"
#: Countries, and the states of those whose states tax by themselves.
PLACES: list[Any] = [
    ("", "Choose"),
    ("Countries", [*COUNTRIES.items()]),
    ("States and provinces", [(code, name_of(code)) for code in STATES]),
]


class DollarsField(forms.CharField):
    """An amount read as strictly as the API reads it; only a dollar sign in front is forgiven."""

    WORDS = "Enter an amount in dollars, for example 12.50."
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def clean(self, value: Any) -> Any:
        """Return Money above zero, or None for an empty field that is not required."""
        text = super().clean(value).strip().removeprefix("$")
        if not text:
            return None
        try:
            money = Money.of(text, CURRENCY)
        except DomainError as error:
            raise forms.ValidationError(self.WORDS) from error
        if money <= Money.zero(CURRENCY):
            raise forms.ValidationError(self.WORDS)
        return money


class AmountForm(forms.Form):
    """A preset amount or one's own."""

    presets: tuple[str, ...] = ()

    preset = forms.ChoiceField(label="Amount", widget=forms.RadioSelect, required=False)
    amount = DollarsField(label="Your amount in dollars", required=False, max_length=20)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["preset"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [(value, f"${value}") for value in self.presets] + [(OTHER, "Other")]
        field.initial = self.presets[1] if len(self.presets) > 1 else OTHER

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        preset = data.get("preset")
        if preset and preset != OTHER:
            self.errors.pop("amount", None)
            data["amount"] = Money.of(preset, CURRENCY)
        elif data.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", DollarsField.WORDS)
        data["money"] = data.get("amount")
        return data


class PayForm(AmountForm):
    """An amount, and what it is paid with."""

    method = forms.ChoiceField(label="Pay with", widget=forms.RadioSelect)
    keep = forms.BooleanField(
        label="Keep my new card for next time",
        help_text="The card processor keeps it; we never see its number. "
        "You can remove it in your wallet at any time.",
        required=False,
    )

    def __init__(self, *args: Any, ways: Ways, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["method"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [
            (way.value, format_html("{} <small>{}</small>", way.label, way.note))
            for way in ways.all
        ]
        field.initial = ways.first
        if not ways.keeps:
            del self.fields["keep"]

    @property
    def keeps(self) -> bool:
        """Say whether the payer asked that a new card is kept."""
        return bool(self.cleaned_data.get("keep"))


class TipForm(PayForm):
    presets = TIP_PRESETS

    message = forms.CharField(
        label="Message",
        required=False,
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "Say something nice"}),
    )
    country = forms.ChoiceField(
        label="Country you live in",
        help_text="The tax in the price depends on it.",
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )

    def __init__(self, *args: Any, asks_country: bool, **kwargs: Any) -> None:
        """Ask for the country only where the brand collects tax."""
        super().__init__(*args, **kwargs)
        if not asks_country:
            del self.fields["country"]
            return
        field = self.fields["country"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = PLACES


class DepositForm(PayForm):
    """Offers only amounts that the brand's accounts may charge at once."""

    def __init__(self, *args: Any, ways: Ways, **kwargs: Any) -> None:
        least, most = ways.limits or (Money.zero(CURRENCY), Money.zero(CURRENCY))
        amounts = [Money.of(preset, CURRENCY) for preset in DEPOSIT_PRESETS]
        self.presets = tuple(
            preset
            for preset, amount in zip(DEPOSIT_PRESETS, amounts, strict=True)
            if least <= amount <= most
        )
        super().__init__(*args, ways=ways, **kwargs)


class PaymentsFilter(forms.Form):
    """Narrows a payer's list; what cannot be read narrows nothing and is said beside it."""

    state = forms.ChoiceField(
        label="State",
        choices=[("", "All"), *((name, words) for name, (words, _) in PAYMENT_GROUPS.items())],
        required=False,
    )
    kind = forms.ChoiceField(
        label="What",
        choices=[
            ("", "All"),
            ("SUBSCRIPTION", "Subscriptions"),
            ("TIP", "Tips"),
            ("CONTENT", "Content"),
            ("MESSAGE", "Messages"),
            ("WALLET_DEPOSIT", "Money added"),
        ],
        required=False,
    )
    since = forms.DateField(
        label="From day", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label="To day", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def given(self) -> dict[str, str]:
        """Return what narrows the list, as it stands in an address."""
        valid = self.cleaned_data if self.is_bound and self.errors is not None else {}
        return {name: str(value) for name, value in valid.items() if value}

    def chosen(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow a list of payments; days are those of UTC."""
        self.full_clean()
        data = self.cleaned_data
        if data.get("state"):
            rows = rows.filter(status__in=PAYMENT_GROUPS[data["state"]][1])
        if data.get("kind"):
            rows = rows.filter(kind=data["kind"])
        if data.get("since"):
            rows = rows.filter(created_at__gte=datetime.combine(data["since"], time.min, UTC))
        if data.get("until"):
            end = data["until"] + timedelta(days=1)
            rows = rows.filter(created_at__lt=datetime.combine(end, time.min, UTC))
        return rows


class KeyForm(forms.Form):
    """Makes sending a form twice harmless: the key is made when the form is shown."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    @staticmethod
    def fresh() -> str:
        """Return a key for a form about to be shown."""
        return str(uuid.uuid4())


class TokenForm(forms.Form):
    """What the gateway's fields gave the browser; never a card number, whatever its name."""

    MISSING = "The card was not read. Please type it again; scripts must be on for this page."

    token = forms.CharField(
        max_length=4000, strip=False, error_messages={"required": MISSING, "max_length": MISSING}
    )
    wallet = forms.ChoiceField(
        choices=[("", ""), ("applepay", ""), ("googlepay", "")], required=False
    )

    def clean_token(self) -> str:
        token: str = self.cleaned_data["token"]
        if has_card_number(token):
            raise forms.ValidationError(CardDataRefused.message)
        return token


class PayoutForm(KeyForm):
    method: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        queryset=None, label="Pay to", empty_label=None
    )
    amount = DollarsField(label="Amount in dollars", max_length=20)

    def __init__(self, *args: Any, methods: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["method"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = methods


class MethodForm(forms.Form):
    email = forms.EmailField(
        label="E-mail address of your Paxum account",
        max_length=254,
        help_text="Payouts go to this account. Check it twice.",
    )
    first_name = forms.CharField(label="First name at Paxum", max_length=80)
    last_name = forms.CharField(label="Last name at Paxum", max_length=80)


class ProfileForm(forms.Form):
    display_name = forms.CharField(
        label="Name", max_length=80, widget=forms.TextInput(attrs={"autocomplete": "nickname"})
    )
    handle = forms.SlugField(
        label="Handle",
        max_length=40,
        help_text="Small letters, digits, hyphens. It is the address of the page: /@handle/.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    bio = forms.CharField(
        label="About you",
        required=False,
        max_length=1000,
        help_text="Up to 1000 characters, for everybody to read.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
