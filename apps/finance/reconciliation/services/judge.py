"""Say what is wrong with all that found no partner, and count."""

# ruff: noqa: S608 (the SQL is put together from constants of this module)

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Q, Sum
from django.db.models.functions import Abs

from apps.core.db import joins_transaction
from apps.finance.reconciliation.choices import Progress, State
from apps.finance.reconciliation.models import Statement
from apps.finance.reconciliation.services.gather import starts_on

#: Which exceptions a statement should have now: (type, line_id, item_id, match_id, difference).
#: A line that stands there again is DUPLICATE; the rest of a reference pair up as DIFFERENT in
#: the order of days and amounts; what then remains is EXTRA or, once due, MISSING. The "+ 0" keeps
#: the planner from reading a whole statement beside the few lines of one reference.
_WANTED = """
WITH open_lines AS (
    SELECT l.id, l.reference, l.compared_minor AS minor, l.booked_on,
           l.reference <> '' AND (
               row_number() OVER (
                   PARTITION BY l.reference, l.compared_minor
                   ORDER BY l.booked_on, l.value_on, l.amount_minor, l.counterparty, l.text, l.n
               ) > 1
               OR (
                   SELECT t.id FROM reconciliation_statementline t
                   JOIN reconciliation_statement s ON s.id = t.statement_id + 0
                   WHERE t.reference = l.reference AND t.reference > '' AND t.id <> l.id
                     AND t.compared_minor = l.compared_minor AND t.match_id IS NOT NULL
                     AND s.source_id = %(source)s
                   LIMIT 1
               ) IS NOT NULL
           ) AS is_duplicate
    FROM reconciliation_statementline l
    WHERE l.statement_id = %(statement)s AND l.match_id IS NULL
      AND NOT EXISTS (SELECT FROM reconciliation_exception x
                      WHERE x.line_id = l.id AND x.state = 'ACCEPTED')
), lines AS (
    SELECT *, row_number() OVER (PARTITION BY reference ORDER BY booked_on, minor, id) AS rank
    FROM open_lines WHERE NOT is_duplicate
), items AS (
    SELECT i.id, i.reference, i.amount_minor AS minor, i.effective_on,
           row_number() OVER (
               PARTITION BY i.reference ORDER BY i.effective_on, i.amount_minor, i.entry_id, i.n
           ) AS rank
    FROM reconciliation_bookitem i
    WHERE i.source_id = %(source)s AND i.match_id IS NULL AND i.effective_on <= %(until)s
      AND NOT EXISTS (
          SELECT FROM reconciliation_exception x
          WHERE x.item_id = i.id
            AND (x.state = 'ACCEPTED'
                 OR (x.state = 'OPEN' AND x.type = 'DIFFERENT'
                     AND x.statement_id <> %(statement)s))
      )
), meeting AS (
    SELECT max(line_id) OVER same AS line_id, max(item_id) OVER same AS item_id,
           sum(minor) OVER same AS difference, count(*) OVER same AS count, is_line
    FROM (
        SELECT reference, rank, id AS line_id, NULL::bigint AS item_id, minor, true AS is_line
        FROM lines WHERE reference <> ''
        UNION ALL
        SELECT reference, rank, NULL, id, -minor, false FROM items WHERE reference <> ''
    ) b WINDOW same AS (PARTITION BY reference, rank)
), different AS MATERIALIZED (
    SELECT line_id, item_id, difference::bigint AS difference
    FROM meeting WHERE count = 2 AND is_line AND difference <> 0
), late AS (
    SELECT DISTINCT l.match_id
    FROM reconciliation_statementline l
    JOIN reconciliation_match m ON m.id = l.match_id
    JOIN reconciliation_bookitem i ON i.match_id = l.match_id AND i.match_id > 0
    WHERE l.statement_id = %(statement)s AND m.rule NOT IN ('BY_HAND', 'POSTED')
      AND (l.booked_on - i.effective_on > %(settlement)s OR i.effective_on > %(end)s)
      AND NOT EXISTS (SELECT FROM reconciliation_exception x
                      WHERE x.match_id = m.id AND x.state = 'ACCEPTED')
), wanted (type, line_id, item_id, match_id, difference) AS (
    SELECT 'DUPLICATE', id, NULL::bigint, NULL::bigint, minor FROM open_lines WHERE is_duplicate
    UNION ALL
    SELECT 'DIFFERENT', line_id, item_id, NULL, difference FROM different
    UNION ALL
    SELECT 'EXTRA', id, NULL, NULL, minor FROM lines
    WHERE id NOT IN (SELECT line_id FROM different)
    UNION ALL
    SELECT 'MISSING', NULL, i.id, NULL, -i.minor FROM items i
    WHERE i.effective_on BETWEEN %(first)s AND %(due)s
      AND i.id NOT IN (SELECT item_id FROM different)
      AND NOT EXISTS (SELECT FROM reconciliation_exception x
                      WHERE x.item_id = i.id AND x.state = 'OPEN'
                        AND x.statement_id <> %(statement)s)
    UNION ALL
    SELECT 'LATE', NULL, NULL, match_id, 0 FROM late
)
"""

_KEY = "{0}.type, coalesce({0}.line_id, 0), coalesce({0}.item_id, 0), coalesce({0}.match_id, 0)"
_IN_TABLE, _IN_WANTED = _KEY.format("x"), _KEY.format("w")

#: What is not so any more, here, or on an earlier statement of the same item.
_RESOLVE = (
    _WANTED
    + f"""
UPDATE reconciliation_exception x
SET state = 'RESOLVED', decided_at = %(now)s, reason = 'It is not so any more.'
WHERE x.state = 'OPEN' AND (
    (x.statement_id = %(statement)s AND ({_IN_TABLE}) NOT IN (SELECT {_IN_WANTED} FROM wanted w))
    OR (x.statement_id <> %(statement)s
        AND x.item_id IN (SELECT item_id FROM wanted WHERE type = 'DIFFERENT'))
)
RETURNING x.statement_id
"""
)

_FIND = (
    _WANTED
    + f"""
INSERT INTO reconciliation_exception
    (statement_id, type, line_id, item_id, match_id, difference_minor, state, found_at, reason,
     entry_source, proposal)
SELECT %(statement)s, w.type, w.line_id, w.item_id, w.match_id, w.difference, 'OPEN', %(now)s,
       '', '', '{{}}'
FROM wanted w
WHERE ({_IN_WANTED}) NOT IN (
    SELECT {_IN_TABLE} FROM reconciliation_exception x
    WHERE x.state = 'OPEN' AND x.statement_id = %(statement)s
)
ORDER BY w.line_id, w.item_id, w.match_id
"""
)

#: Exceptions of other statements whose item has found its line here.
_RESOLVE_MATCHED = """
UPDATE reconciliation_exception x
SET state = 'RESOLVED', decided_at = %(now)s, reason = 'It was matched.'
FROM reconciliation_statement s
WHERE s.id = x.statement_id AND s.source_id = %(source)s AND x.state = 'OPEN' AND (
    EXISTS (SELECT FROM reconciliation_bookitem i WHERE i.id = x.item_id
                                                  AND i.match_id IS NOT NULL)
    OR EXISTS (SELECT FROM reconciliation_statementline l WHERE l.id = x.line_id
                                                          AND l.match_id IS NOT NULL)
    OR EXISTS (SELECT FROM reconciliation_match m WHERE m.id = x.match_id
                                                  AND m.undone_at IS NOT NULL)
)
RETURNING x.statement_id
"""


@joins_transaction
def judge(statement: Statement, *, now: datetime) -> Statement:
    """Bring a statement's exceptions and figures up to date, and those of others it touched.

    The account must be locked. Exceptions that hold no longer are resolved, new ones found; a
    statement with nothing open is COMPLETE.
    """
    source = statement.source
    facts: dict[str, Any] = {
        "statement": statement.pk,
        "source": source.pk,
        "settlement": source.settlement_days,
        "first": starts_on(source),
        "end": statement.period_end,
        "due": statement.period_end - timedelta(days=source.settlement_days),
        "until": statement.period_end + timedelta(days=source.date_window_days),
        "now": now,
    }
    touched = {statement.pk}
    with connection.cursor() as cursor:
        for sql in (_RESOLVE_MATCHED, _RESOLVE):
            cursor.execute(sql, facts)
            touched |= {row[0] for row in cursor.fetchall()}
        cursor.execute(_FIND, facts)
    for other in Statement.objects.filter(pk__in=touched - {statement.pk}).order_by("pk"):
        count(other, now=now)
    return count(statement, now=now)


@joins_transaction
def count(statement: Statement, *, now: datetime) -> Statement:
    """Store how many lines are matched and exceptions open, and whether it is complete."""
    lines = statement.lines.aggregate(matched=Count("pk", filter=Q(match__isnull=False)))
    found = statement.exceptions.filter(state=Progress.OPEN).aggregate(
        count=Count("pk"), minor=Sum(Abs("difference_minor"))
    )
    statement.matched_count = lines["matched"]
    statement.open_count, statement.open_minor = found["count"], int(found["minor"] or 0)
    statement.state = State.OPEN if statement.open_count else State.COMPLETE
    statement.matched_at = now
    statement.save(
        update_fields=["matched_count", "open_count", "open_minor", "state", "matched_at"]
    )
    return statement
