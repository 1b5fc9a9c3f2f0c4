"""What people fill in to write a rule."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.clusters.models import Cluster
from apps.core.money import SCALES, Money
from apps.finance.routing import selectors
from apps.finance.routing.choices import CARD_BRANDS, KINDS, METHODS, Action, SortBy
from apps.finance.routing.rules.conditions import Conditions
from apps.finance.routing.rules.plan import PlannedRule, Share

#: Lines for accounts that a form shows beyond those already chosen.
SPARE = 4
_EITHER = [("", "either"), ("yes", "yes"), ("no", "no")]
#: Which field of the form shows what the service says of a field of the rule.
FIELDS = {"shares": "to_0"}


def _many(label: str, help_text: str = "") -> Any:
    return forms.MultipleChoiceField(
        label=label, required=False, widget=forms.CheckboxSelectMultiple, help_text=help_text
    )


class TitleForm(forms.Form):
    title = forms.CharField(max_length=80, label="Title", help_text="What this version is for.")


class RevisionForm(forms.Form):
    revision = forms.IntegerField(
        min_value=0,
        label="Revision you have read",
        help_text="It stands on the version's page. If somebody changed it since, read it again.",
    )


class DaysForm(forms.Form):
    days = forms.IntegerField(
        min_value=1, max_value=31, initial=7, label="Days", help_text="1 to 31, back from now."
    )


class RuleForm(forms.Form):
    """A rule: when it applies, and what it does. What is left empty asks for nothing."""

    name = forms.CharField(max_length=80, label="Name", help_text="Shown with every decision.")
    clusters = _many("Brands")
    kinds = _many("Kinds of payment")
    methods = _many("Methods")
    currencies = _many("Currencies", "An amount below needs exactly one.")
    card_brands = _many("Card brands")
    countries = forms.CharField(
        required=False, label="Payer's country", help_text="Codes with commas: DE, FR"
    )
    bins = forms.CharField(
        required=False,
        label="Card number begins with",
        help_text="4 to 8 digits each, with commas: 411111, 5555",
    )
    least = forms.CharField(required=False, label="Amount from", help_text="As 25.00")
    most = forms.CharField(required=False, label="Amount to")
    least_risk = forms.IntegerField(
        required=False, min_value=0, max_value=100, label="Risk score from"
    )
    most_risk = forms.IntegerField(
        required=False, min_value=0, max_value=100, label="Risk score to"
    )
    first_purchase = forms.ChoiceField(
        choices=_EITHER, required=False, label="The payer's first purchase"
    )
    action = forms.ChoiceField(choices=Action.choices, label="Do this")
    sort_by = forms.ChoiceField(
        choices=SortBy.choices, label="Order", help_text="Only for: take the best by an order."
    )
    only_these = forms.BooleanField(
        required=False,
        label="Only these accounts, never another",
        help_text="If none of them can take a payment, it is refused.",
    )

    when_fields = ("clusters", "kinds", "methods", "currencies", "card_brands")
    range_fields = (
        "countries", "bins", "least", "most", "least_risk", "most_risk", "first_purchase",
    )  # fmt: skip

    def __init__(self, *args: Any, lines: int = SPARE, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        brands = Cluster.objects.order_by("position").values_list("slug", "name")
        for name, choices in (
            ("clusters", list(brands)),
            ("kinds", list(KINDS.items())),
            ("methods", list(METHODS.items())),
            ("currencies", [(code, code) for code in SCALES]),
            ("card_brands", list(CARD_BRANDS.items())),
        ):
            self.fields[name].choices = choices  # type: ignore[attr-defined]
        targets = target_choices()
        self.lines = lines
        for line in range(lines):
            self.fields[f"to_{line}"] = forms.ChoiceField(
                choices=targets, required=False, label=f"Account {line + 1}"
            )
            self.fields[f"share_{line}"] = forms.IntegerField(
                required=False, min_value=0, max_value=10_000, label=f"Share {line + 1}"
            )

    @property
    def share_lines(self) -> list[tuple[Any, Any]]:
        return [(self[f"to_{line}"], self[f"share_{line}"]) for line in range(self.lines)]

    @property
    def when(self) -> list[Any]:
        return [self[name] for name in self.when_fields]

    @property
    def ranges(self) -> list[Any]:
        return [self[name] for name in self.range_fields]

    def rule(self) -> PlannedRule:
        """Return the rule that was filled in.

        :raises DomainError: an amount is none
        """
        given = self.cleaned_data
        currency = given["currencies"][0] if len(given["currencies"]) == 1 else "USD"
        return PlannedRule(
            position=0,
            name=given["name"],
            action=Action(given["action"]),
            conditions=Conditions(
                clusters=tuple(given["clusters"]),
                kinds=tuple(given["kinds"]),
                methods=tuple(given["methods"]),
                currencies=tuple(given["currencies"]),
                card_brands=tuple(given["card_brands"]),
                countries=_codes(given["countries"].upper()),
                bins=_codes(given["bins"]),
                least_minor=_minor(given["least"], currency),
                most_minor=_minor(given["most"], currency),
                least_risk=given["least_risk"],
                most_risk=given["most_risk"],
                first_purchase={"yes": True, "no": False}.get(given["first_purchase"]),
            ),
            shares=self._shares(),
            sort_by=SortBy(given["sort_by"]),
            only_these=given["only_these"],
        )

    def _shares(self) -> tuple[Share, ...]:
        found = []
        for line in range(self.lines):
            target = self.cleaned_data.get(f"to_{line}")
            if target:
                what, _, name = target.partition(":")
                weight = self.cleaned_data.get(f"share_{line}") or 0
                found.append(
                    Share(account_id=int(name), weight=weight)
                    if what == "account"
                    else Share(gateway=name, weight=weight)
                )
        return tuple(found)


def target_choices() -> list[tuple[str, Any]]:
    """Every account and gateway there is, grouped."""
    routes = [one for one in selectors.routes() if one.is_active]
    gateways = sorted({one.gateway for one in routes})
    return [
        ("", "none"),
        ("Gateways", [(f"gateway:{name}", f"all accounts at {name}") for name in gateways]),
        ("Accounts", [(f"account:{one.account_id}", one.label) for one in routes]),
    ]


def filled_with(rule: PlannedRule) -> dict[str, Any]:
    """Return a rule as the form shows it."""
    asked = rule.conditions
    currency = asked.currencies[0] if len(asked.currencies) == 1 else "USD"
    shares: dict[str, Any] = {}
    for line, share in enumerate(rule.shares):
        shares[f"to_{line}"] = (
            f"gateway:{share.gateway}"
            if share.account_id is None
            else f"account:{share.account_id}"
        )
        shares[f"share_{line}"] = share.weight
    return {
        "name": rule.name,
        "clusters": list(asked.clusters),
        "kinds": list(asked.kinds),
        "methods": list(asked.methods),
        "currencies": list(asked.currencies),
        "card_brands": list(asked.card_brands),
        "countries": ", ".join(asked.countries),
        "bins": ", ".join(asked.bins),
        "least": _shown(asked.least_minor, currency),
        "most": _shown(asked.most_minor, currency),
        "least_risk": asked.least_risk,
        "most_risk": asked.most_risk,
        "first_purchase": {True: "yes", False: "no", None: ""}[asked.first_purchase],
        "action": rule.action.value,
        "sort_by": rule.sort_by.value,
        "only_these": rule.only_these,
        **shares,
    }


def _codes(text: str) -> tuple[str, ...]:
    return tuple(code.strip() for code in text.split(",") if code.strip())


def _minor(text: str, currency: str) -> int | None:
    return Money.of(text.strip(), currency).minor if text.strip() else None


def _shown(minor: int | None, currency: str) -> str:
    return "" if minor is None else str(Money(minor, currency).decimal)
