"""Answers that are no JSON: a CSV file, streamed, and a page to print."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from apps.core.admin.export import Line, text_of
from apps.core.money import Money

Cell = str | int | Decimal | Money | date | datetime | None
#: What the audit log keeps of a query: enough for every filter there is.
MOST_FACTS, LONGEST_FACT = 40, 2_000


class CsvRenderer(JSONRenderer):
    """Chooses CSV; the file itself is streamed, so only a problem ever comes through here."""

    media_type = "text/csv"
    format = "csv"


class PageRenderer(JSONRenderer):
    """Chooses the page to print; likewise."""

    media_type = "text/html"
    format = "html"


#: With ``renderer_classes`` of these a view answers ``?format=`` or Accept; JSON is the default.
JSON_OR_FILE = (JSONRenderer, CsvRenderer)
JSON_FILE_OR_PAGE = (JSONRenderer, CsvRenderer, PageRenderer)


def form_of(request: Request) -> str:
    """Return what was asked for: json, csv or html."""
    return str(request.accepted_renderer.format)


def question_of(request: Request) -> dict[str, str]:
    """Return the query as the audit log keeps it: cut to a size, and without NUL.

    A client may add whatever it likes to a query, and a text of PostgreSQL holds no NUL.
    """
    pairs = list(request.query_params.dict().items())[:MOST_FACTS]
    return {_kept(name): _kept(value) for name, value in pairs}


def _kept(text: str) -> str:
    return text[:LONGEST_FACT].replace("\0", "\N{REPLACEMENT CHARACTER}")


def described(shape: Any, *, page: bool = False) -> dict[Any, Any]:
    """Describe the answers for the API's schema."""
    forms = {(200, "application/json"): shape, (200, "text/csv"): OpenApiTypes.STR}
    return forms | ({(200, "text/html"): OpenApiTypes.STR} if page else {})


def csv_lines(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Yield a CSV file (RFC 4180) line by line, the headings first."""
    writer = csv.writer(Line())
    yield writer.writerow([text_of(heading) for heading in headings])
    for row in rows:
        yield writer.writerow([cell_of(value) for value in row])


def cell_of(value: Cell) -> str:
    """Return a cell's text: exact figures, and no text that a spreadsheet would run.

    Money has plain digits with all places of its currency, which stands in a column of its own.
    """
    if isinstance(value, Money):
        return f"{value.decimal:f}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return text_of(value)


def csv_file(name: str, lines: Iterable[str]) -> StreamingHttpResponse:
    """Stream ``name.csv`` as its lines are made."""
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def printable(request: Request, template: str, context: dict[str, Any]) -> HttpResponse:
    """Answer with a page to print, which says when it was made and by whom."""
    made = {"made_at": timezone.now(), "made_by": request.user}
    response = HttpResponse(render_to_string(template, context | made))
    response["Cache-Control"] = "no-store"
    return response
