"""Lists are read by cursor: stable while rows arrive, and no total is counted."""

from typing import Any

from django.utils.dateparse import parse_datetime
from rest_framework import pagination
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

#: Digits of an id that surely fit a BIGINT.
LONGEST_ID = 18


class CursorPagination(pagination.CursorPagination):
    """Newest first, by a time; ``?page_size=`` up to 100."""

    ordering = ("-created_at", "-id")
    page_size = 25
    page_size_query_param = "page_size"
    max_page_size = 100

    def decode_cursor(self, request: Request) -> Any:
        """Read the cursor; its position is the time a page begins at.

        :raises NotFound: it is none of ours
        """
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            try:
                known = parse_datetime(str(cursor.position))
            except ValueError:
                known = None
            if known is None:
                raise NotFound(self.invalid_cursor_message)
        return cursor


class ById(pagination.CursorPagination):
    """The newest first, by the order in which rows were made; ``?page_size=`` up to 100."""

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
            if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_ID):
                raise NotFound(self.invalid_cursor_message)
        return cursor
