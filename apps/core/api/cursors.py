"""Pages of rows that no queryset makes: a cursor says after which row the next page begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar

from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

Key = TypeVar("Key")
PAGE_SIZE, MOST = 50, 200


class PageQuery(serializers.Serializer[Any]):
    cursor = serializers.CharField(
        required=False, max_length=300, help_text="From the page before; made by the server."
    )
    page_size = serializers.IntegerField(default=PAGE_SIZE, min_value=1, max_value=MOST)


def cursor_text(*parts: date | int | str) -> str:
    """Write where a page ended."""
    written = "\n".join(
        part.isoformat() if isinstance(part, date) else str(part) for part in parts
    )
    return base64.urlsafe_b64encode(written.encode()).decode()


def read_cursor(text: str | None, read: Callable[[Sequence[str]], Key]) -> Key | None:
    """Read where the page before ended; None without a cursor.

    :raises NotFound: it is none of ours
    """
    if not text:
        return None
    try:
        return read(base64.b64decode(text, altchars=b"-_", validate=True).decode().split("\n"))
    except (ValueError, IndexError, binascii.Error) as error:
        raise NotFound("Invalid cursor") from error


def entry_key(parts: Sequence[str]) -> tuple[date, int]:
    """Read day and id of an entry."""
    day, entry_id = parts
    return date.fromisoformat(day), _whole(entry_id)


def line_key(parts: Sequence[str]) -> tuple[date, int, int]:
    """Read day, entry and place of a line."""
    day, entry_id, n = parts
    return date.fromisoformat(day), _whole(entry_id), _whole(n)


def account_key(parts: Sequence[str]) -> tuple[str, str, str]:
    """Read code, owner and currency of an account."""
    code, owner, currency = parts
    if "\0" in code + owner + currency:
        raise ValueError("no such account")
    return code, owner, currency


def page(request: Request, results: Any, cursor: str | None, **members: Any) -> dict[str, Any]:
    """Return the members of a page; ``next`` is null on the last."""
    here = request.build_absolute_uri()
    following = replace_query_param(here, "cursor", cursor) if cursor else None
    return {"next": following, **members, "results": results}


def _whole(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**63:
        raise ValueError("no id")
    return number
