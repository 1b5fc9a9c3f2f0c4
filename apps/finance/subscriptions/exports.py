"""Subscribers as a file."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet

from apps.core.api.files import Cell, csv_lines
from apps.core.money import Money
from apps.finance.subscriptions.choices import Movement
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.rules.metrics import Moved
from apps.finance.subscriptions.selectors.analytics import Analytics

COLUMNS = (
    "id", "fan", "plan", "tier", "state", "cancelling", "price", "currency", "months",
    "started_at", "paid_until", "ended_at", "end_reason", "earned",
)  # fmt: skip
#: Rows read at a time: memory stays flat however many there are.
CHUNK = 1_000


def subscriber_lines(rows: QuerySet[Subscription]) -> Iterator[str]:
    """Yield ``selectors.with_earned`` rows as CSV (RFC 4180), line by line.

    Names that fans and creators chose are written so that no spreadsheet runs them.
    """
    return csv_lines(COLUMNS, (_cells(row) for row in rows.iterator(chunk_size=CHUNK)))


def _cells(row: Subscription) -> list[Cell]:
    earned = Money(getattr(row, "earned_minor", 0), row.currency) if row.currency else None
    return [
        str(row.public_id),
        row.fan.handle,
        row.plan.name,
        row.tier,
        row.state,
        "yes" if row.cancel_at_end else "",
        row.amount if row.currency else "",
        row.currency,
        row.months,
        row.started_at.isoformat() if row.started_at else "",
        row.current_until.isoformat() if row.current_until else "",
        row.ended_at.isoformat() if row.ended_at else "",
        row.end_reason,
        earned,
    ]


MRR_COLUMNS = (
    "currency", "start", "end", "mrr_start", *(each.value.lower() for each in Movement),
    "mrr_end", "subscribers_came_and_went", "subscribers_end",
)  # fmt: skip


def mrr_lines(found: Analytics) -> Iterator[str]:
    """Yield each day or month of the figures as CSV: MRR before, its movements, MRR after."""
    return csv_lines(MRR_COLUMNS, _mrr_cells(found))


def _mrr_cells(found: Analytics) -> Iterator[list[Cell]]:
    for sheet in found.sheets:
        before = sheet.mrr_start
        for step in sheet.steps:
            moved = [step.moved.get(each, Moved()) for each in Movement]
            yield [
                sheet.currency,
                step.start.isoformat(),
                step.end.isoformat(),
                before,
                *(Money(each.minor, sheet.currency) for each in moved),
                step.mrr_end,
                sum(each.subscribers for each in moved),
                step.subscribers_end,
            ]
            before = step.mrr_end
