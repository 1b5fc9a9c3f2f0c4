"""An entry by hand as people write it: accounts, debits and credits, amounts with commas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError

from apps.clusters.models import Cluster
from apps.core.errors import DomainError
from apps.core.money import SCALES, SYMBOLS, Money
from apps.core.show import money_text
from apps.finance.ledger.chart import LEAVES
from apps.finance.ledger.choices import OwnerKind
from apps.finance.ledger.models import Line
from apps.finance.ledger.postings import AccountRef, Movement, credit, debit

#: Rows an entry by hand begins with, and how many "More lines" adds.
FIRST_LINES, MORE_LINES, MOST_LINES = 4, 4, 100
#: Digits, in groups of three or in one; a decimal point; never a decimal comma, which here
#: separates thousands.
_WRITTEN = re.compile(r"([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?", re.ASCII)
_OWNER = re.compile(r"[a-z]+:[A-Za-z0-9_.-]+", re.ASCII)


def written_amount(text: str, currency: str) -> Money:
    """Read ``1,250.00``, ``$1250`` or ``1250.5 USD``.

    :raises ValidationError: it is no amount above zero, or too fine for the currency
    """
    bare = text.strip().removeprefix(SYMBOLS.get(currency, "")).removesuffix(currency).strip()
    if not _WRITTEN.fullmatch(bare):
        raise ValidationError("Write the amount like 1250.00 or 1,250.00.")
    try:
        money = Money.of(bare.replace(",", ""), currency)
    except DomainError as error:
        raise ValidationError(str(error)) from error
    if not money:
        raise ValidationError("Zero moves nothing: leave the line empty.")
    return money


def account_choices() -> list[tuple[str, Any]]:
    """Return the chart's nodes that take postings, by type."""
    nodes = sorted(LEAVES.values(), key=lambda node: node.code)
    found: list[tuple[str, Any]] = [("", "Choose an account")]
    for kind, group in groupby(nodes, key=lambda node: node.type):
        found.append((kind.label, [(node.code, f"{node.code} {node.name}") for node in group]))
    return found


class LineForm(forms.Form):
    """One line: an account, and an amount on one side of it."""

    account = forms.ChoiceField(choices=account_choices, required=False)
    owner = forms.CharField(max_length=80, required=False)
    currency = forms.ChoiceField(choices=[(code, code) for code in SCALES], initial="USD")
    debit = forms.CharField(max_length=40, required=False)
    credit = forms.CharField(max_length=40, required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors or self.is_blank:
            return given
        code, owner = given["account"], given["owner"].strip()
        if not code:
            raise ValidationError({"account": "Choose an account, or empty the line."})
        self._check_owner(code, owner)
        if bool(given["debit"]) == bool(given["credit"]):
            raise ValidationError({"debit": "Write an amount as debit or as credit."})
        side = "debit" if given["debit"] else "credit"
        try:
            money = written_amount(given[side], given["currency"])
        except ValidationError as error:
            raise ValidationError({side: error.messages}) from error
        make = debit if side == "debit" else credit
        given["movement"] = make(AccountRef(code, owner), money)
        return given

    def _check_owner(self, code: str, owner: str) -> None:
        kind = LEAVES[code].owner
        if kind == OwnerKind.NONE and owner:
            raise ValidationError({"owner": "This account is the platform's own: leave it empty."})
        if kind != OwnerKind.NONE and not (
            _OWNER.fullmatch(owner) and owner.startswith(f"{kind.value}:")
        ):
            example = f"{kind.value}:{'17' if kind == OwnerKind.PROFILE else 'name'}"
            raise ValidationError({"owner": f"Whose account: write it like {example}."})

    @property
    def is_blank(self) -> bool:
        given = self.cleaned_data
        return not any(given.get(name) for name in ("account", "owner", "debit", "credit"))


LineFormSet = forms.formset_factory(
    LineForm, extra=0, max_num=MOST_LINES, absolute_max=MOST_LINES, validate_max=True
)


class EntryForm(forms.Form):
    """What an entry by hand has beside its lines."""

    effective_on = forms.DateField(
        label="Accounting date", widget=forms.DateInput(attrs={"type": "date"})
    )
    cluster = forms.ChoiceField(label="Brand", required=False)
    reason = forms.CharField(
        label="Reason, for the record",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="It becomes the entry's memo. Name the paper that proves it.",
    )
    key = forms.CharField(widget=forms.HiddenInput, initial=uuid4, max_length=80)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        brands = Cluster.objects.order_by("slug").values_list("slug", "name")
        field = self.fields["cluster"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "All brands"), *brands]


def movements_of(lines: Sequence[LineForm]) -> list[Movement]:
    """Return the filled lines, in their order."""
    return [line.cleaned_data["movement"] for line in lines if "movement" in line.cleaned_data]


def sums_of(movements: Sequence[Movement]) -> list[tuple[str, Money, Money]]:
    """Return debits and credits of each currency."""
    by_currency = sorted((m.amount.currency, m.amount.minor) for m in movements)
    found = []
    for currency, group in groupby(by_currency, key=itemgetter(0)):
        minors = [minor for _, minor in group]
        debits = sum(minor for minor in minors if minor > 0)
        credits_ = -sum(minor for minor in minors if minor < 0)
        found.append((currency, Money(debits, currency), Money(credits_, currency)))
    return found


def imbalance_of(movements: Sequence[Movement]) -> str:
    """Return what is wrong with the sums, ``""`` if nothing is."""
    if len(movements) < 2:  # noqa: PLR2004 (double entry)
        return "An entry needs two lines at least: one debit and one credit."
    wrong = [
        f"{money_text(debits - credits_)} more debits than credits"
        if credits_ < debits
        else f"{money_text(credits_ - debits)} more credits than debits"
        for _, debits, credits_ in sums_of(movements)
        if debits != credits_
    ]
    return f"It does not balance: {' and '.join(wrong)}." if wrong else ""


ON_DATES = [("today", "The day it is approved"), ("original", "The entry's own date")]


class CorrectionForm(forms.Form):
    """Which part of each line of an entry to take back; an empty line stays as it is."""

    date = forms.ChoiceField(
        label="Accounting date of the correction",
        choices=ON_DATES,
        help_text="A closed month takes nothing; then only the day of approval is possible.",
    )
    reason = forms.CharField(
        label="Reason, for the record", max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
    key = forms.CharField(widget=forms.HiddenInput, initial=uuid4, max_length=80)

    def __init__(self, *args: Any, lines: Sequence[Line], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        for line in lines:
            self.fields[f"line-{line.n}"] = forms.CharField(
                label=f"Take back of line {line.n}", max_length=40, required=False
            )

    def rows(self) -> list[tuple[Line, forms.BoundField]]:
        return [(line, self[f"line-{line.n}"]) for line in self.lines]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        movements = []
        for line in self.lines:
            name = f"line-{line.n}"
            if not given.get(name):
                continue
            try:
                money = written_amount(given[name], line.currency)
            except ValidationError as error:
                self.add_error(name, error)
                continue
            account = AccountRef(line.account.code, line.account.owner)
            movements.append((credit if line.amount_minor > 0 else debit)(account, money))
        if not self.errors and (wrong := imbalance_of(movements)):
            raise ValidationError(wrong)
        given["movements"] = movements
        return given

    def asked(self) -> dict[str, Any]:
        """Return a valid form as what the service takes."""
        given = self.cleaned_data
        return {
            "movements": given["movements"],
            "on_original_date": given["date"] == "original",
            "reason": given["reason"],
            "key": given["key"],
        }
