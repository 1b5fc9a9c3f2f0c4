"""What stands in the columns of each report's file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from apps.core.money import Money
from apps.finance.ledger.chart import CHART
from apps.finance.ledger.selectors.general import LedgerLine
from apps.finance.reports.rules.earnings import CreatorStatement
from apps.finance.reports.rules.statements import Report

Cell = str | int | Decimal | Money | date | None
Cells = Sequence[Cell]


def headings_of(report: Report) -> list[str]:
    """Return the headings of a statement: what a row is, then a column for each figure."""
    labels = [f"{column.label} ({column.key})" for column in report.columns]
    return ["currency", "code", "key", "role", "level", "label", *labels]


def rows_of(report: Report) -> Iterator[Cells]:
    """Yield a statement: one line for each row of each sheet."""
    for sheet in report.sheets:
        for row in sheet.rows:
            figures = [figure.amount for figure in row.figures]
            empty = [None] * (len(report.columns) - len(figures))
            yield [
                sheet.currency, row.code, row.key, row.role.value, row.level, row.label,
                *figures, *empty,
            ]  # fmt: skip


LEDGER_HEADINGS = (
    "code", "account", "owner", "currency", "date", "entry", "line", "number", "kind", "source",
    "brand", "memo", "debit", "credit", "balance",
)  # fmt: skip


def ledger_rows(lines: Iterable[LedgerLine]) -> Iterator[Cells]:
    """Yield the general ledger line by line, by account and date."""
    for line in lines:
        debit = line.amount if line.amount.minor > 0 else None
        credit = -line.amount if line.amount.minor < 0 else None
        yield [
            line.code, CHART[line.code].name, line.owner, line.amount.currency, line.effective_on,
            line.entry_id, line.n, line.number, line.kind, line.source, line.cluster, line.memo,
            debit, credit, line.balance,
        ]  # fmt: skip


CREATOR_HEADINGS = (
    "creator", "brand", "start", "end", "currency", "section", "kind", "label", "gross",
    "platform_fee", "processing_fee", "net",
)  # fmt: skip


def creator_rows(statement: CreatorStatement) -> Iterator[Cells]:
    """Yield a creator's statement: opening, each kind, closing; the last column adds up."""
    head: list[Cell] = [
        statement.handle,
        statement.cluster,
        statement.period.start,
        statement.period.end,
    ]
    for sheet in statement.sheets:
        none: list[Cell] = [None, None, None]
        yield [*head, sheet.currency, "opening", None, "Opening", *none, sheet.opening.total]
        for line in sheet.lines:
            yield [
                *head, sheet.currency, line.section.value, line.kind, line.label, line.gross,
                line.platform_fee, line.processing_fee, line.net,
            ]  # fmt: skip
        yield [*head, sheet.currency, "closing", None, "Closing", *none, sheet.closing.total]
