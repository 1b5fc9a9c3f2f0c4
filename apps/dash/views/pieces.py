"""What reports that are no statement are drawn of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from apps.core.admin import Facts, Table
from apps.core.errors import DomainError
from apps.dash.views.charts import Chart
from apps.dash.views.filters import ReportForm, first_words, shortcuts
from apps.dash.views.reports import PERMISSION, drawn


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of such a page: figures, bars, or a table."""

    title: str = ""
    figures: Sequence[tuple[str, str, str]] = ()
    chart: Chart | None = None
    section: Facts | Table | None = None


def page_of(
    request: HttpRequest,
    *,
    title: str,
    lead: str,
    form: ReportForm,
    pieces: Callable[[], list[Piece]],
    api: str,
    forms_of_file: Sequence[tuple[str, str]],
) -> HttpResponse:
    """Draw the page: the bar, then its pieces, or in words what is wrong with the question."""
    found: list[Piece] = []
    wrong = ""
    if not form.is_valid():
        wrong = first_words(form)
    else:
        try:
            found = pieces()
        except DomainError as error:
            wrong = str(error)
    query = {name: value for name, value in form.data.items() if value}
    context = {
        "title": title,
        "lead": lead,
        "form": form,
        "wrong": wrong,
        "pieces": found,
        "shortcuts": shortcuts(timezone.now().date(), request.GET),
        "files": [
            (label, f"{reverse(api)}?{urlencode({**query, 'format': name})}")
            for label, name in (forms_of_file if found else ())
        ],
    }
    return drawn(request, "admin/reports/pieces.html", context, status=422 if wrong else 200)


def asked_of(request: HttpRequest, **default: str) -> Any:
    """Return the query, or this month where nothing is asked."""
    return request.GET or {"period": f"{timezone.now():%Y-%m}", **default}


def check(request: HttpRequest) -> None:
    """:raises PermissionDenied: the person's roles do not include the reports"""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
