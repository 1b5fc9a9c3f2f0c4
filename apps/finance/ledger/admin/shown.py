"""How entries, accounts and lines look wherever the ledger's pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.admin import Cell, Table, amount, change_link, state, when
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.core.show import money_text
from apps.finance.ledger.chart import CHART
from apps.finance.ledger.choices import Side
from apps.finance.ledger.models import Account, Line, Proposal
from apps.finance.ledger.selectors import PreviewLine


def entry_link(pk: int, text: str = "") -> SafeString:
    """Return a link to an entry; its number stays on one line."""
    return whole(change_link("ledger_entry", pk, text or f"entry {pk}"))


def whole(text: SafeString) -> SafeString:
    """Return what no line break parts."""
    return format_html('<span class="c-whole">{}</span>', text)


def debits_of(lines: Iterable[Line | PreviewLine]) -> list[tuple[int, str]]:
    """Return what an entry debits, per currency; it credits the same."""
    ordered = sorted(lines, key=attrgetter("currency"))
    return [
        (sum(line.amount_minor for line in group if line.amount_minor > 0), currency)
        for currency, group in groupby(ordered, key=attrgetter("currency"))
    ]


def account_name(account: Account) -> str:
    name = CHART[account.code].name
    return f"{account.code} {name}" + (f" · {account.owner}" if account.owner else "")


def line_cells(line: Line) -> list[Any]:
    """Return a line as account, debit and credit."""
    minor = line.amount_minor
    return [
        change_link("ledger_account", line.account_id, account_name(line.account)),
        amount(minor, line.currency) if minor > 0 else "",
        amount(-minor, line.currency) if minor < 0 else "",
    ]


def lines_table(lines: list[Line]) -> Table:
    rows = [line_cells(line) for line in lines]
    totals = [
        [f"Total {currency}", amount(minor, currency), amount(minor, currency)]
        for minor, currency in debits_of(lines)
    ]
    columns = [Cell("Account"), Cell("Debit", number=True), Cell("Credit", number=True)]
    return Table("Lines", columns, rows, empty="It has no lines.", totals=totals)


def sign_of(account: Account) -> int:
    return 1 if account.normal_side == Side.DEBIT else -1


def proposals_table(title: str, proposals: Sequence[Proposal]) -> Table:
    """What was proposed about one thing, newest first."""
    rows = [
        [
            whole(change_link("ledger_proposal", proposal.pk, f"Proposal {proposal.pk}")),
            proposal.get_kind_display(),
            state(proposal.state),
            proposal.proposed_by,
            proposal.decided_by or "",
            when(proposal.proposed_at),
        ]
        for proposal in proposals
    ]
    headings = ("Proposal", "What", "State", "Proposed by", "Decided by", "Proposed")
    return Table(
        title, [Cell(text) for text in headings], rows, empty="Nothing was proposed about it."
    )


def preview_table(title: str, lines: Sequence[PreviewLine]) -> Table:
    """Lines not yet posted, their sums, and what their accounts would have."""
    rows = [
        [
            f"{line.code} {line.name}" + (f" · {line.owner}" if line.owner else ""),
            amount(line.amount_minor, line.currency) if line.amount_minor > 0 else "",
            amount(-line.amount_minor, line.currency) if line.amount_minor < 0 else "",
            amount(line.balance_minor, line.currency),
        ]
        for line in lines
    ]
    totals = [
        [f"Total {currency}", amount(minor, currency), amount(minor, currency), ""]
        for minor, currency in debits_of(lines)
    ]
    columns = [
        Cell("Account"),
        Cell("Debit", number=True),
        Cell("Credit", number=True),
        Cell("Balance then", number=True),
    ]
    return Table(title, columns, rows, empty="It posts nothing.", totals=totals)


def totals_text(lines: Sequence[dict[str, Any]]) -> str:
    """Return what the lines of a proposal debit, per currency: ``$1,000.00 · €5.00``."""
    debits: dict[str, int] = {}
    for line in lines:
        if line["amount_minor"] > 0:
            currency = line["currency"]
            debits[currency] = debits.get(currency, 0) + line["amount_minor"]
    return " · ".join(money_text(Money(minor, code)) for code, minor in sorted(debits.items()))


def refusal_text(error: DomainError) -> str:
    """Return a refusal of the books with what it is about, for people."""
    facts = error.facts
    account = " ".join(str(facts[name]) for name in ("account", "owner") if facts.get(name))
    text = f"{error} Account {account}." if account else str(error)
    if "available_minor" in facts:
        has = Money(int(str(facts["available_minor"])), str(facts["currency"]))
        text += f" It has {money_text(has)} available."
    return text
