"""Pages of FanzDash that are no list of rows."""

from apps.dash.views.home import (
    check_books_now,
    environment,
    home_context,
    queues_of,
    search,
)
from apps.dash.views.reports import REPORTS, report_entries, report_page

__all__ = [
    "REPORTS",
    "check_books_now",
    "environment",
    "home_context",
    "queues_of",
    "report_entries",
    "report_page",
    "search",
]
