"""Files of yearly statements, streamed."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from apps.finance.tax.choices import Form
from apps.finance.tax.models import StatementLine, StatementRun
from apps.finance.tax.rules.forms import columns_of

_CHUNK = 500


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def statement_csv(run: StatementRun) -> Iterator[str]:
    """Write a run's lines as CSV (RFC 4180), some hundred in memory at a time, by person."""
    writer = csv.writer(_Echo())
    yield writer.writerow(columns_of(Form(run.form)))
    lines = StatementLine.objects.filter(run=run).order_by("id")
    for line in lines.iterator(chunk_size=_CHUNK):
        yield writer.writerow([_safe(value) for value in line.values])


def _safe(text: str) -> str:
    """Keep a spreadsheet from reading a person's words as a formula (OWASP, CSV injection).

    A figure below zero stays a figure.
    """
    is_figure = text.lstrip("-").replace(".", "", 1).isdigit()
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} and not is_figure else text
