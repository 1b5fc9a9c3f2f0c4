"""A list as a file: the rows the filters leave, streamed, capped, on record."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet
from django.http import StreamingHttpResponse

#: Rows one file may hold; a longer report is a query of finance, not a click.
CAP = 10_000
#: A spreadsheet runs a cell that starts so (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Line:
    """A file that hands each written line back."""

    def write(self, line: str) -> str:
        return line


def text_of(value: Any) -> str:
    """Return a cell's text: dates in ISO 8601, and nothing a spreadsheet would run."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, int):
        return str(value)
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def value_at(row: Any, path: str) -> Any:
    """Follow ``payer.handle`` from a row; None where a link is missing."""
    for name in path.split("."):
        row = getattr(row, name, None)
        if row is None:
            return None
    return row


def lines(rows: Iterable[Model], columns: tuple[str, ...]) -> Iterator[str]:
    """Yield the file line by line, the headings first."""
    writer = csv.writer(Line())
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([text_of(value_at(row, column)) for column in columns])


def as_csv(
    queryset: QuerySet[Model], columns: tuple[str, ...], *, name: str
) -> StreamingHttpResponse:
    """Answer with ``queryset`` as ``name.csv``; money stays in minor units with its currency."""
    rows = queryset[:CAP].iterator(chunk_size=500)
    response = StreamingHttpResponse(lines(rows, columns), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response
