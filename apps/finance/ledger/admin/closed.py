"""What the page of a closed month says: its figures, who closed it, where its proof is."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.admin import Cell, Fact, Facts, Table, Way, amount, state, when
from apps.core.money import Money
from apps.finance.ledger.choices import PeriodState
from apps.finance.ledger.selectors.closed import ClosedMonth

#: The statements people read of a month: label, and the page's name in its address.
STATEMENTS = (
    ("Profit and loss", "profit-loss"),
    ("Balance sheet", "balance-sheet"),
    ("Cash flow", "cash-flow"),
    ("Trial balance", "trial-balance"),
)


def month_state(found: PeriodState) -> SafeString:
    """Return the state of a month; closed is what it is to become."""
    return state("OK" if found == PeriodState.CLOSED else found, str(found.label))


def report_ways(month: date, by: Any) -> list[Way]:
    """Return the ways to the month's statements, for who may read them."""
    if not by.has_perm("reports.view_report"):
        return []
    return [
        Way(label, f"{reverse('admin:report', args=[name])}?period={month:%Y-%m}")
        for label, name in STATEMENTS
    ]


def figures_table(found: ClosedMonth) -> Table:
    def shown(money: Money) -> SafeString:
        return amount(money.minor, money.currency)

    rows = [
        [
            sheet.currency,
            *(shown(m) for m in (sheet.result, sheet.assets, sheet.liabilities, sheet.equity)),
        ]
        for sheet in found.sheets
    ]
    columns = [
        Cell("Currency"),
        Cell("Result of the month", number=True),
        Cell("Assets at its end", number=True),
        Cell("Liabilities", number=True),
        Cell("Equity and results", number=True),
    ]
    return Table("What it closed with", columns, rows, empty="Nothing stood in the books.")


def closing_facts(found: ClosedMonth) -> list[Facts]:
    closing, block = found.closing, found.block
    proof = [Fact("Kept", f"{found.balances} balances", "one for each account code and brand")]
    if block:
        proof += [
            Fact("Chain", f"block {block.number}", f"to entry {block.last_id}"),
            Fact("Hash", format_html('<span class="c-mono">{}</span>', block.hash)),
        ]
    return [
        Facts(
            "Closing",
            [
                Fact("Closed", when(closing.at)),
                Fact("By", closing.by),
                Fact("Reason", closing.reason or "none"),
            ],
        ),
        Facts("Proof", proof),
    ]
