"""Lists are read from a cursor on; nothing is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

SIZE = 24


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a list; ``cursor`` is empty on the last one."""

    items: Sequence[Any]
    cursor: str
    is_later: bool


def cursor_of(request: HttpRequest) -> int | None:
    """Return the id after which to go on; what is no number starts from the beginning."""
    text = request.GET.get("after", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004


def page_of(request: HttpRequest, queryset: QuerySet[Any], size: int = SIZE) -> Page:
    """Return the newest ``size`` rows after the request's cursor."""
    after = cursor_of(request)
    rows = queryset.order_by("-id")
    if after is not None:
        rows = rows.filter(id__lt=after)
    return cut(list(rows[: size + 1]), after, size)


def cut(rows: list[Any], after: int | None, size: int = SIZE, key: str = "id") -> Page:
    """Make a page of up to ``size`` + 1 rows that were read; the extra one says there is more."""
    more = len(rows) > size
    rows = rows[:size]
    return Page(rows, str(getattr(rows[-1], key)) if more else "", after is not None)
