"""Bring our side together: the ledger's lines of an account, with their outside names."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import Max, Min, QuerySet

from apps.core.db import joins_transaction
from apps.finance.ledger.selectors import lines as ledger_lines
from apps.finance.payments.selectors import references as payments
from apps.finance.reconciliation.choices import State
from apps.finance.reconciliation.models import Statement, StatementSource
from apps.payouts import selectors as payouts

#: The day of an event and the day of its entry can differ by a zone.
MARGIN = timedelta(days=2)

_GATHER = """
INSERT INTO reconciliation_bookitem
    (source_id, entry_id, n, amount_minor, effective_on, event, reference, by_hand_only)
SELECT %s, l.entry_id, l.n, l.amount_minor, l.effective_on, l.event,
       coalesce(r.outside, ''), false
FROM ({lines}) AS l (entry_id, n, amount_minor, effective_on, event)
LEFT JOIN ({references}) AS r (event, outside) ON r.event = l.event
WHERE NOT EXISTS (
    SELECT FROM reconciliation_bookitem b
    WHERE b.entry_id = l.entry_id AND b.n = l.n
      AND b.source_id = %s AND b.effective_on BETWEEN %s AND %s
)
ON CONFLICT (entry_id, n) DO NOTHING
"""


@joins_transaction
def gather_items(statement: Statement) -> int:
    """Copy the ledger's lines that a statement could mean, those not yet here; return how many."""
    source = statement.source
    reach = timedelta(days=max(source.date_window_days, source.settlement_days))
    start = _first_unread(statement) - reach
    end = statement.period_end + reach
    lines = ledger_lines.lines_between(source.account, source.currency, start=start, end=end)
    return _insert(source, lines, start=start, end=end)


@joins_transaction
def gather_entries(source: StatementSource, entry_ids: Collection[int]) -> int:
    """Copy the lines of entries that were posted for the account just now."""
    lines = ledger_lines.lines_of_entries(source.account, source.currency, entry_ids=entry_ids)
    return _insert(source, lines, start=date.min, end=date.min)


def _first_unread(statement: Statement) -> date:
    """Return the day after the statement before: days that none covers are looked at, too."""
    before = (
        statement.source.statements.exclude(state=State.REFUSED)
        .filter(period_end__lt=statement.period_start)
        .aggregate(last=Max("period_end"))["last"]
    )
    return before + timedelta(days=1) if before else statement.period_start


def starts_on(source: StatementSource) -> date | None:
    """Return the first day that statements prove; what the books hold before is the opening."""
    found = source.statements.exclude(state=State.REFUSED).aggregate(first=Min("period_start"))
    first: date | None = found["first"]
    return first


def _insert(source: StatementSource, lines: QuerySet[Any, Any], *, start: date, end: date) -> int:
    lines_sql, lines_params = lines.query.sql_with_params()
    references_sql, references_params = _references(source, start, end)
    sql = _GATHER.format(lines=lines_sql, references=references_sql)
    with connection.cursor() as cursor:
        # Both sides are as large as the period; a planner that takes them for small would
        # compare each line with each payment.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(sql, [source.pk, *lines_params, *references_params, source.pk, start, end])
        count = int(cursor.rowcount)
        cursor.execute("SET LOCAL enable_nestloop = on")
    return count


def _references(source: StatementSource, start: date, end: date) -> tuple[str, tuple[Any, ...]]:
    """Return the query for what the other side calls our events."""
    kind, _, name = source.owner.partition(":")
    days = {
        "start": start if start == date.min else start - MARGIN,
        "end": end if end == date.min else end + MARGIN,
    }
    if kind == "processor":
        found: QuerySet[Any, Any] = payments.gateway_references(name, **days)
    elif kind == "rail":
        found = payouts.rail_references(name, "settled", **days).union(
            payouts.rail_references(name, "returned", **days), all=True
        )
    else:
        return "SELECT NULL::text, NULL::text WHERE false", ()
    return found.query.sql_with_params()
