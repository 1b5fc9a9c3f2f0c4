"""Lists in the order in which rows were made, by their ids."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

_LONGEST = 18


class ById(CursorPagination):
    """The newest first, by an index that every list has; ``?page_size=`` up to 100."""

    ordering = ("-id",)
    page_size = 25
    page_size_query_param = "page_size"
    max_page_size = 100

    def decode_cursor(self, request: Request) -> Any:
        """Read the cursor; its position is the id a page begins at.

        :raises NotFound: it is none of ours
        """
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            text = str(cursor.position)
            if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST):
                raise NotFound(self.invalid_cursor_message)
        return cursor
