"""One report as JSON, as a file or as a page to print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from apps.audit import services as audit
from apps.core.api.files import Cell, csv_file, csv_lines, form_of, printable, question_of
from apps.finance.reports.api.serializers import ReportOutput
from apps.finance.reports.exports import files
from apps.finance.reports.rules.statements import Report


def answer(request: Request, report: Report) -> HttpResponseBase | Response:
    """Answer with a statement in the form the client asked for."""
    match form_of(request):
        case "csv":
            return file(request, report.name, files.headings_of(report), files.rows_of(report))
        case "html":
            return printable(request, "reports/statement.html", {"report": report})
    return as_json(ReportOutput(report))


def as_json(shape: BaseSerializer[Any]) -> Response:
    """Answer with figures that no cache keeps."""
    return Response(shape.data, headers={"Cache-Control": "no-store"})


def file(
    request: Request, name: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> StreamingHttpResponse:
    """Stream a file, and put on record who took it out of the books."""
    with transaction.atomic():
        audit.record(
            by=request.user,
            action="reports.exported",
            subject=f"reports.report:{name}",
            facts={"query": question_of(request)},
        )
    return csv_file(name, csv_lines(headings, rows))
