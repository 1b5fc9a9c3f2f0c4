"""Lists are read by cursor: stable while rows arrive, and no total is counted."""

from rest_framework import pagination


class CursorPagination(pagination.CursorPagination):
    """Newest first; ``?page_size=`` up to 100."""

    ordering = ("-created_at", "-id")
    page_size = 25
    page_size_query_param = "page_size"
    max_page_size = 100
