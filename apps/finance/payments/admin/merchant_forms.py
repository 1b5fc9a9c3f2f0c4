"""What FanzDash asks for to open or change a merchant account at one gateway."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.clusters.models import Cluster
from apps.core.money import Money
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.models import MerchantAccount
from apps.finance.payments.rules.merchants import CARD_BRANDS, PARTS, Place, Terms
from apps.finance.payments.selectors.merchants import credential_sets, missing_keys


class Words(forms.CharField):
    """Codes with blanks or commas between them."""

    def to_python(self, value: Any) -> tuple[str, ...]:  # type: ignore[override]
        return tuple((value or "").upper().replace(",", " ").split())

    def prepare_value(self, value: Any) -> Any:
        return " ".join(value) if isinstance(value, list | tuple) else value


class TermsForm(forms.Form):
    """How an account may be used. Amounts are written like 25.00, in its currency."""

    label = forms.CharField(
        max_length=60, required=False, help_text="What staff call it; empty: its number."
    )
    descriptor = forms.CharField(
        max_length=60, label="On the statement", help_text="What the payer's statement shows."
    )
    mcc = forms.CharField(
        max_length=4, required=False, label="Category code", help_text="ISO 18245, like 5967."
    )
    least = forms.CharField(max_length=20, initial="2.95", label="Smallest charge")
    most = forms.CharField(max_length=20, initial="100.00", label="Largest charge")
    cap = forms.CharField(
        max_length=20, required=False, label="Most in a month", help_text="Empty: no cap."
    )
    countries = Words(
        max_length=1000,
        required=False,
        label="Payers' countries",
        help_text="Codes like US DE; empty: all.",
    )
    card_brands = Words(
        max_length=100,
        required=False,
        label="Card brands",
        help_text=f"Of {' '.join(CARD_BRANDS)}; empty: all.",
    )
    cost_bps = forms.IntegerField(
        min_value=0, initial=0, label="Costs us of a charge", help_text="Basis points; 350: 3.5 %."
    )
    cost_fixed = forms.CharField(max_length=20, initial="0.00", label="Costs us each charge")
    processes_from = forms.DateField(
        required=False, label="First day", widget=forms.DateInput(attrs={"type": "date"})
    )
    processes_until = forms.DateField(
        required=False, label="Last day", widget=forms.DateInput(attrs={"type": "date"})
    )
    rank = forms.IntegerField(
        min_value=0, initial=100, help_text="Among equals the lowest goes first."
    )
    reason = forms.CharField(max_length=300, label="Why, or who decided it")


class OpeningForm(TermsForm):
    """A new account: the parts its gateway has, under the gateway's own names for them."""

    cluster = forms.ModelChoiceField(Cluster.objects.order_by("position"), label="Brand")
    number = forms.CharField(max_length=80)
    subaccount = forms.CharField(max_length=40)
    form = forms.CharField(max_length=60)
    currency = forms.ChoiceField()
    credentials = forms.ChoiceField(required=False, label="Set of secrets")

    field_order = ("cluster", "number", "subaccount", "form", "currency", "credentials")

    def __init__(self, data: Any, gateway: str) -> None:
        super().__init__(data)
        self.gateway = gateway
        parts, fields = PARTS[gateway], self.fields
        for name in ("number", "subaccount", "form"):
            theirs = getattr(parts, name)
            if not theirs:
                del fields[name]
                continue
            fields[name].label = f"Account: {theirs}" if name == "number" else theirs
            fields[name].required = name not in parts.optional
        currencies = sorted(gateway_for(gateway).capabilities.currencies)
        fields["currency"] = forms.ChoiceField(
            choices=[(code, code) for code in currencies],
            initial="USD" if "USD" in currencies else currencies[0],
        )
        fields["credentials"] = credentials_field(gateway)
        self.order_fields(self.field_order)

    def place(self) -> Place:
        given = self.cleaned_data
        return Place(
            gateway=self.gateway,
            number=given["number"].strip(),
            currency=given["currency"],
            subaccount=given.get("subaccount", "").strip(),
            form=given.get("form", "").strip(),
            credentials="" if given["credentials"] == self.gateway else given["credentials"],
        )


class DestinationForm(forms.Form):
    """Other secrets, another form; what is left empty stays as it is."""

    credentials = forms.CharField(
        max_length=40,
        required=False,
        label="Set of secrets",
        help_text="Its name, like adyen-boyfanz, as it is written in GATEWAY_CREDENTIALS.",
    )
    form = forms.CharField(
        max_length=60, required=False, help_text="FlexForms id, e-ticket, pi_code or offer."
    )


def credentials_field(gateway: str) -> forms.ChoiceField:
    """Names of sets, and which of them are whole; no secret is ever shown."""
    names = credential_sets(gateway) or [gateway]
    return forms.ChoiceField(
        choices=[(name, f"{name} ({said_of(gateway, name)})") for name in names],
        label="Set of secrets",
        help_text="Their values are set outside, in GATEWAY_CREDENTIALS, and shown nowhere.",
    )


def said_of(gateway: str, credentials: str) -> str:
    missing = missing_keys(gateway, credentials)
    return f"lacks {', '.join(missing)}" if missing else "complete"


def terms_of(given: dict[str, Any], currency: str) -> Terms:
    """Return what the form asks for.

    :raises DomainError: an amount is none in this currency
    """

    def minor(text: str) -> int:
        return Money.of(text.strip(), currency).minor

    return Terms(
        descriptor=given["descriptor"].strip(),
        least_minor=minor(given["least"]),
        most_minor=minor(given["most"]),
        label=given["label"].strip(),
        mcc=given["mcc"].strip(),
        monthly_cap_minor=minor(given["cap"]) if given["cap"].strip() else None,
        countries=given["countries"],
        card_brands=given["card_brands"],
        cost_bps=given["cost_bps"],
        cost_fixed_minor=minor(given["cost_fixed"]),
        processes_from=given["processes_from"],
        processes_until=given["processes_until"],
        rank=given["rank"],
    )


def as_initial(row: MerchantAccount) -> dict[str, Any]:
    """Return a row's terms as the form shows them."""

    def text(minor: int) -> str:
        return str(Money(minor, row.currency).decimal)

    return {
        "label": row.label,
        "descriptor": row.descriptor,
        "mcc": row.mcc,
        "least": text(row.least_minor),
        "most": text(row.most_minor),
        "cap": "" if row.monthly_cap_minor is None else text(row.monthly_cap_minor),
        "countries": row.countries,
        "card_brands": row.card_brands,
        "cost_bps": row.cost_bps,
        "cost_fixed": text(row.cost_fixed_minor),
        "processes_from": row.processes_from,
        "processes_until": row.processes_until,
        "rank": row.rank,
    }
