"""What stands in the columns of each report's file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from apps.core.money import Money
from apps.finance.reports.rules.statements import Report

Cells = Sequence[str | int | Money | None]


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
