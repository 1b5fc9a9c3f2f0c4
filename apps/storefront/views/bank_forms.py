"""What people type to pay from a bank account."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.core.errors import DomainError
from apps.core.money import SYMBOLS, Money
from apps.finance.debits import selectors as debits_selectors
from apps.finance.debits.choices import AccountKind, Scheme
from apps.storefront.views.forms import KeyForm


class SumForm(KeyForm):
    """An amount in the currency of the bank's account, read as strictly as the API reads it."""

    amount = forms.CharField(
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, way: debits_selectors.BankWay, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = way.least.currency
        self.symbol = SYMBOLS.get(self.currency, "")
        self.fields["amount"].label = f"Amount in {self.currency}"

    def clean_amount(self) -> Money:
        text = str(self.cleaned_data["amount"]).strip().removeprefix(self.symbol)
        wrong = forms.ValidationError(f"Enter an amount in {self.currency}, for example 50.00.")
        try:
            money = Money.of(text, self.currency)
        except DomainError as error:
            raise wrong from error
        if money <= Money.zero(self.currency):
            raise wrong
        return money


class SignForm(forms.Form):
    """A bank account, and the payer's word that it may be debited. Nothing is ticked for them."""

    holder = forms.CharField(
        label="Account holder",
        max_length=70,
        help_text="As the bank writes it.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    iban = forms.CharField(
        label="IBAN",
        max_length=42,
        help_text="On your card or your statement, for example DE89 3704 0044 0532 0130 00.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    routing = forms.CharField(
        label="Routing number",
        max_length=9,
        help_text="Nine digits, at the bottom left of a check.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    account = forms.CharField(
        label="Account number",
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(
        label="Kind of account", choices=AccountKind.choices, widget=forms.RadioSelect
    )
    words_version = forms.CharField(max_length=40, widget=forms.HiddenInput)
    agreed = forms.BooleanField(
        label="I have read this, and I agree to it.",
        error_messages={"required": "Read the text and tick the box to go on."},
    )

    def __init__(self, *args: Any, way: debits_selectors.BankWay, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_sepa = way.kind == Scheme.SEPA
        for name in ("routing", "account", "kind") if is_sepa else ("iban",):
            del self.fields[name]
        self.fields["words_version"].initial = way.words.version if way.words else ""

    @property
    def asked(self) -> list[Any]:
        """Return the fields of the account, in the order they are typed."""
        return [self[name] for name in self.fields if name not in {"words_version", "agreed"}]
