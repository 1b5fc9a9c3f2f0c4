"""The statements as data: which codes of the chart stand in which section, and what adds up.

A section of ``rest`` takes every code of its type that no section names, so that an account new
to the chart is never left out of a statement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from apps.finance.ledger.chart import CHART, LEAVES
from apps.finance.ledger.choices import AccountType

#: Shown positive: what stands on the debit side (assets, expenses), or on the credit side.
DEBIT, CREDIT = 1, -1


@dataclass(frozen=True, slots=True)
class Section:
    """Accounts under one heading, with their subtotal."""

    key: str
    label: str
    sign: int
    codes: tuple[str, ...] = ()
    rest: AccountType | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of everything in ``sections``, debits shown positive or credits."""

    key: str
    label: str
    sign: int
    sections: tuple[str, ...]


Layout = tuple[Section | Total, ...]

#: IAS 1.99 and 1.102: expenses by their function in making the revenue.
PROFIT_AND_LOSS: Layout = (
    Section("revenue", "Revenue", CREDIT, ("4000", "4100")),
    Section("cost_of_revenue", "Cost of revenue", DEBIT, ("5100", "5200", "5300", "5310")),
    Total("gross_profit", "Gross profit", CREDIT, ("revenue", "cost_of_revenue")),
    Section(
        "operating_expenses",
        "Operating expenses",
        DEBIT,
        ("5400", "5500", "5900"),
        AccountType.EXPENSE,
    ),
    Section("other_income", "Other income", CREDIT, ("4900",), AccountType.INCOME),
    Total(
        "operating_result",
        "Operating result",
        CREDIT,
        ("revenue", "cost_of_revenue", "operating_expenses", "other_income"),
    ),
    Section("currency", "Currency gains and losses", CREDIT, ("4200", "5600")),
    Total(
        "result",
        "Result of the period",
        CREDIT,
        ("revenue", "cost_of_revenue", "operating_expenses", "other_income", "currency"),
    ),
)

ASSETS: Layout = (
    Section("cash", "Cash", DEBIT, ("1000", "1200")),
    Section("processors", "Due from processors", DEBIT, ("1100", "1150", "1400")),
    Section("debtors", "Due from creators", DEBIT, ("1300",)),
    Section("other_assets", "Other assets", DEBIT, ("1500",), AccountType.ASSET),
    Total("assets", "Total assets", DEBIT, ("cash", "processors", "debtors", "other_assets")),
)
LIABILITIES: Layout = (
    Section("fans", "Owed to fans", CREDIT, ("2000", "2050")),
    Section("creators", "Owed to creators", CREDIT, ("2100", "2150", "2300")),
    Section("taxes", "Taxes payable", CREDIT, ("2400", "2450")),
    Section(
        "other_liabilities",
        "Other liabilities",
        CREDIT,
        ("2200", "2600", "2900"),
        AccountType.LIABILITY,
    ),
    Total(
        "liabilities",
        "Total liabilities",
        CREDIT,
        ("fans", "creators", "taxes", "other_liabilities"),
    ),
)
EQUITY: Layout = (
    Section("capital", "Equity", CREDIT, ("3000", "3100", "3900"), AccountType.EQUITY),
)

RESULT_TYPES = frozenset({AccountType.INCOME, AccountType.EXPENSE})
#: Income and expenses, which the close of a year empties.
RESULT_CODES = tuple(code for code, leaf in LEAVES.items() if leaf.type in RESULT_TYPES)


def sections_of(layout: Layout) -> tuple[Section, ...]:
    """Return the sections, without the totals."""
    return tuple(part for part in layout if isinstance(part, Section))


def codes_within(layout: Layout, section: Section, seen: Iterable[str]) -> tuple[str, ...]:
    """Return the codes of a section, in the layout's order, then the rest by code.

    ``seen`` are the codes that occur; the named ones of the section count whether or not.
    """
    if section.rest is None:
        return section.codes
    named = {code for part in sections_of(layout) for code in part.codes}
    others = {code for code in seen if code not in named and type_of(code) == section.rest}
    return section.codes + tuple(sorted(others))


def codes_of(kind: AccountType) -> tuple[str, ...]:
    """Return the codes of a type."""
    return tuple(code for code, leaf in LEAVES.items() if leaf.type == kind)


def is_result(code: str) -> bool:
    """Test if an account is income or expense, which the close of a year empties."""
    return type_of(code) in RESULT_TYPES


def type_of(code: str) -> AccountType:
    """Return the type of a code of the chart."""
    return CHART[code].type


def name_of(code: str) -> str:
    """Return the name of a code of the chart."""
    return CHART[code].name
