"""Pages of FanzDash that are no list of rows."""

from apps.dash.views.home import (
    check_books_now,
    environment,
    home_context,
    queues_of,
    search,
)
from apps.dash.views.insights import analytics_page
from apps.dash.views.ledgers import creator_page, ledger_page
from apps.dash.views.paying import paying_page
from apps.dash.views.reports import REPORTS, report_entries, report_page

__all__ = [
    "REPORTS",
    "analytics_page",
    "check_books_now",
    "creator_page",
    "environment",
    "home_context",
    "ledger_page",
    "paying_page",
    "queues_of",
    "report_entries",
    "report_page",
    "search",
]
