"""Yearly statements of creators: who is on which form, and what stands in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple, Protocol

from apps.core.money import Money
from apps.finance.tax.choices import Form

#: What no table of the platform holds yet; a file without it cannot be sent to an authority.
IDENTITY = {
    Form.NEC: ("legal_name", "tin", "address"),
    Form.DAC7: ("legal_name", "tin", "address", "birth_date", "residence", "bank_account"),
}
#: How people call them.
_WORDS = {"tin": "tax number"}


class Threshold(NamedTuple):
    """From this amount in a year a form is due, for payments of years from ``since`` on."""

    form: Form
    since: date
    least: Money
    source: str


#: Dated data, newest first. DAC7's exclusion (30 sales, 2,000 EUR) is for sellers of goods only.
THRESHOLDS = (
    Threshold(
        Form.NEC,
        date(2026, 1, 1),
        Money(200_000, "USD"),
        "Public Law 119-21 section 70433: payments after 31 December 2025; indexed from 2027",
    ),
    Threshold(
        Form.NEC, date(1900, 1, 1), Money(60_000, "USD"), "26 U.S.C. 6041(a) and 6041A(a) before"
    ),
    Threshold(
        Form.DAC7,
        date(2023, 1, 1),
        Money(1, "USD"),
        "Directive (EU) 2021/514, annex V section I B (4): personal services have no threshold",
    ),
)


class Flow(Protocol):
    """What events of one class brought in a quarter (``ledger.selectors.CreatorFlow``)."""

    @property
    def quarter(self) -> int: ...
    @property
    def flow(self) -> str: ...
    @property
    def entries(self) -> int: ...
    @property
    def net(self) -> int: ...
    @property
    def platform(self) -> int: ...
    @property
    def processing(self) -> int: ...
    @property
    def tax(self) -> int: ...


@dataclass
class Quarter:
    """Figures of a quarter in smallest units; what went back is below zero."""

    gross: int = 0
    refunds: int = 0
    fees: int = 0
    tax: int = 0
    net: int = 0
    activities: int = 0


@dataclass
class Year:
    """Figures of one person in one currency.

    Gross is what fans paid, refunds what went back to them, fees what platform and processors
    kept (of refunds: gave back). Net = gross + refunds - fees - tax + other. ``other`` is what
    neither sale nor refund explains: adjustments and write-offs.
    """

    quarters: list[Quarter] = field(default_factory=lambda: [Quarter() for _ in range(4)])
    other: int = 0
    paid_out: int = 0
    withheld: int = 0

    @property
    def gross(self) -> int:
        return sum(quarter.gross for quarter in self.quarters)

    @property
    def refunds(self) -> int:
        return sum(quarter.refunds for quarter in self.quarters)

    @property
    def fees(self) -> int:
        return sum(quarter.fees for quarter in self.quarters)

    @property
    def tax(self) -> int:
        return sum(quarter.tax for quarter in self.quarters)

    @property
    def net(self) -> int:
        return sum(quarter.net for quarter in self.quarters)


def year_of(flows: Iterable[Flow]) -> Year:
    """Add up what one person's profiles did in a year, in one currency."""
    year = Year()
    for flow in flows:
        quarter = year.quarters[flow.quarter - 1]
        if flow.flow == "PAID":
            year.paid_out -= flow.net
        elif flow.flow == "WITHHELD":
            year.withheld -= flow.net
        else:
            _add(year, quarter, flow)
    return year


def _add(year: Year, quarter: Quarter, flow: Flow) -> None:
    whole = flow.net + flow.platform + flow.processing + flow.tax
    quarter.net += flow.net
    if flow.flow == "OTHER":
        year.other += flow.net
        return
    quarter.fees += flow.platform + flow.processing
    quarter.tax += flow.tax
    if flow.flow == "SALE":
        quarter.gross += whole
        quarter.activities += flow.entries
    else:
        quarter.refunds += whole


def threshold_of(form: Form, year: int) -> Threshold:
    """Return what is in force for payments of a year."""
    return next(
        each for each in THRESHOLDS if each.form == form and each.since <= date(year, 1, 1)
    )


def is_due(form: Form, year: int, person: Mapping[str, Year]) -> bool:
    """Test if a person's year, by currency, is on the form.

    The threshold is of all that a person got in a year. What is in another currency than the
    threshold's is added by whoever files it, so a person with any is on the list, with all of
    it. From whom tax was withheld is on the list whatever the amount (26 CFR 31.3406;
    instructions of form 1099-NEC).
    """
    least = threshold_of(form, year).least
    if any(each.withheld > 0 for each in person.values()):
        return True
    return any(
        each.net > 0 and (currency != least.currency or each.net >= least.minor)
        for currency, each in person.items()
    )


def columns_of(form: Form) -> tuple[str, ...]:
    """Return the headings of a form's file; apps/finance/tax/README.md says what each is."""
    if form == Form.NEC:
        return (
            "recipient_account", "recipient_email", *(f"recipient_{n}" for n in IDENTITY[form]),
            "currency", "box1_nonemployee_compensation", "box4_federal_income_tax_withheld",
            "gross", "refunds", "fees", "sales_tax", "other", "paid_out", "threshold", "missing",
        )  # fmt: skip
    quarters = [
        f"PersonalServices/{group}/{name}{q}"
        for group, name in (
            ("Consideration", "ConsQ"), ("NumberOfActivities", "NumbQ"), ("Fees", "FeesQ"),
            ("Taxes", "TaxQ"),
        )
        for q in range(1, 5)
    ]  # fmt: skip
    return (
        "AccountNumber", "Email", *IDENTITY[form], "currCode", *quarters,
        "gross", "refunds", "other", "missing",
    )  # fmt: skip


def values_of(form: Form, *, account: str, email: str, currency: str, year: Year,
              least: str) -> list[str]:  # fmt: skip
    """Write a person's line of a form's file. Identity is left empty and named as missing."""
    missing = " ".join(IDENTITY[form])
    empty = [""] * len(IDENTITY[form])
    money = _Writer(currency)
    if form == Form.NEC:
        return [
            account, email, *empty, currency, money(year.net), money(year.withheld),
            *(money(v) for v in (year.gross, year.refunds, year.fees, year.tax, year.other,
                                 year.paid_out)),
            least, missing,
        ]  # fmt: skip
    return [
        account, email, *empty, currency,
        *(money(q.net) for q in year.quarters),
        *(str(q.activities) for q in year.quarters),
        *(money(q.fees) for q in year.quarters),
        *(money(q.tax) for q in year.quarters),
        *(money(v) for v in (year.gross, year.refunds, year.other)),
        missing,
    ]  # fmt: skip


def words_of(missing: str) -> str:
    """Write what is missing, as the file has it, for people: ``legal name, tax number``."""
    return ", ".join(_WORDS.get(name, name.replace("_", " ")) for name in missing.split())


class _Writer:
    """Writes smallest units as whole units: 1250 as 12.50."""

    def __init__(self, currency: str) -> None:
        self.currency = currency

    def __call__(self, minor: int) -> str:
        return f"{Decimal(Money(minor, self.currency).decimal):f}"


def with_values(columns: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    """Return a row of a form by its columns; there must be as many values."""
    return dict(zip(columns, values, strict=True))
