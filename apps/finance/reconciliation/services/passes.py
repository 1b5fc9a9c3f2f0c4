"""The passes of the machine, as SQL: each finds groups of lines and items that belong together.

A pass gives ``parts``: rows (g, line_id, item_id, minor), where all parts of a group share ``g``
and ``minor`` counts lines up and items down. TAIL makes a match of each group. Whatever order
the file had, the same lines find the same items: ties are broken by what a line says.
"""

# ruff: noqa: S608 (the SQL is put together from constants of this module)

from __future__ import annotations

from apps.finance.reconciliation.choices import Rule

#: What is still open on both sides, and not for a person alone.
OPEN = """
WITH l AS (
    SELECT l.id, l.reference, l.compared_minor AS minor, l.booked_on,
           row_number() OVER (
               PARTITION BY l.reference, l.compared_minor
               ORDER BY l.booked_on, l.value_on, l.amount_minor, l.counterparty, l.text, l.n
           ) AS rank
    FROM reconciliation_statementline l
    WHERE l.statement_id = %(statement)s AND l.match_id IS NULL AND NOT l.by_hand_only
      AND NOT EXISTS (SELECT FROM reconciliation_exception x
                      WHERE x.line_id = l.id AND x.state = 'ACCEPTED')
), i AS (
    SELECT i.id, i.reference, i.amount_minor AS minor, i.effective_on,
           row_number() OVER (
               PARTITION BY i.reference, i.amount_minor ORDER BY i.effective_on, i.entry_id, i.n
           ) AS rank
    FROM reconciliation_bookitem i
    WHERE i.source_id = %(source)s AND i.match_id IS NULL AND NOT i.by_hand_only
      AND i.effective_on <= %(until)s
      AND NOT EXISTS (SELECT FROM reconciliation_exception x
                      WHERE x.item_id = i.id AND x.state = 'ACCEPTED')
)
"""

# Lines and items meet in windows, not in joins: the tables have just been filled, and a planner
# without statistics would compare each row of one side with each of the other.
_BOTH = (
    OPEN
    + """
, both_sides AS (
    SELECT reference, minor AS size, rank, id AS line_id, NULL::bigint AS item_id, minor
    FROM l WHERE reference <> ''
    UNION ALL
    SELECT reference, minor, rank, NULL, id, -minor FROM i WHERE reference <> ''
)
"""
)

_REFERENCE = (
    _BOTH
    + """
, parts AS (
    SELECT * FROM (
        SELECT min(line_id) OVER same AS g, line_id, item_id, minor, count(*) OVER same AS count
        FROM both_sides WINDOW same AS (PARTITION BY reference, size, rank)
    ) p WHERE count = 2
)
"""
)

_SUMS = """
, sums AS (
    SELECT min(line_id) OVER same AS g, line_id, item_id, minor,
           sum(minor) OVER same AS difference,
           count(line_id) OVER same AS lines, count(item_id) OVER same AS items
    FROM both_sides WINDOW same AS (PARTITION BY reference)
)
"""

_TOLERANCE = (
    _BOTH
    + _SUMS
    + """
, parts AS (
    SELECT * FROM sums WHERE lines = 1 AND items = 1 AND abs(difference) <= %(tolerance)s
)
"""
)

_GROUP = (
    _BOTH
    + _SUMS
    + """
, parts AS (
    SELECT * FROM sums WHERE lines > 0 AND items > 0 AND difference = 0
)
"""
)

#: Both sides of pairs, as parts.
_OF_PAIRS = """
, parts AS (
    SELECT line_id AS g, line_id, NULL::bigint AS item_id, line_minor AS minor FROM pairs
    UNION ALL
    SELECT line_id, NULL, item_id, -item_minor FROM pairs
)
"""

# LIMIT 2 behind an index: whether exactly one fits is known without looking at all that do.
_AMOUNT_AND_DATE = (
    OPEN
    + """
, one_item AS MATERIALIZED (
    SELECT l.id AS line_id, l.reference, l.booked_on, l.minor, f.item_id
    FROM l CROSS JOIN LATERAL (
        SELECT min(c.id) AS item_id, count(*) AS count FROM (
            SELECT b.id FROM reconciliation_bookitem b
            WHERE b.source_id = %(source)s AND b.match_id IS NULL AND b.amount_minor = l.minor
              AND b.effective_on BETWEEN l.booked_on - %(window)s AND l.booked_on + %(window)s
              AND (b.reference = '' OR l.reference = '') AND NOT b.by_hand_only
              AND NOT EXISTS (SELECT FROM reconciliation_exception x
                              WHERE x.item_id = b.id AND x.state = 'ACCEPTED')
            LIMIT 2
        ) c
    ) f WHERE f.count = 1
)
, pairs AS MATERIALIZED (
    SELECT o.line_id, o.item_id, o.minor AS line_minor, b.amount_minor AS item_minor
    FROM one_item o
    JOIN reconciliation_bookitem b ON b.id = o.item_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS count FROM (
            SELECT s.id FROM reconciliation_statementline s
            WHERE s.statement_id = %(statement)s AND s.match_id IS NULL
              AND s.compared_minor = o.minor
              AND s.booked_on BETWEEN b.effective_on - %(window)s AND b.effective_on + %(window)s
              AND (b.reference = '' OR s.reference = '') AND NOT s.by_hand_only
              AND NOT EXISTS (SELECT FROM reconciliation_exception x
                              WHERE x.line_id = s.id AND x.state = 'ACCEPTED')
            LIMIT 2
        ) c
    ) f WHERE f.count = 1
)
"""
    + _OF_PAIRS
)

#: A person's choice: two arrays of keys.
CHOSEN = """
WITH parts AS MATERIALIZED (
    SELECT 1 AS g, l.id AS line_id, NULL::bigint AS item_id, l.compared_minor AS minor
    FROM reconciliation_statementline l
    JOIN reconciliation_statement s ON s.id = l.statement_id AND s.source_id = %(source)s
    WHERE l.id = ANY(%(lines)s)
    UNION ALL
    SELECT 1, NULL, i.id, -i.amount_minor
    FROM reconciliation_bookitem i
    WHERE i.id = ANY(%(items)s) AND i.source_id = %(source)s
)
"""

#: Matches, and their parts, in one statement: the guards judge it as a whole.
TAIL = """
, numbered AS MATERIALIZED (
    SELECT line_id, item_id, minor, min(number) OVER (PARTITION BY g) AS match_id
    FROM (
        SELECT *, nextval(pg_get_serial_sequence('reconciliation_match', 'id')) AS number
        FROM parts
    ) p
)
, made AS (
    INSERT INTO reconciliation_match
        (id, source_id, statement_id, rule, difference_minor, matched_at, matched_by_id, reason,
         undo_reason, undone_parts)
    SELECT match_id, %(source)s, %(statement)s, %(rule)s, sum(minor), %(now)s, %(by)s, %(reason)s,
           '', '{}'
    FROM numbered GROUP BY match_id
    RETURNING id
)
, lines AS (
    UPDATE reconciliation_statementline t SET match_id = p.match_id
    FROM numbered p WHERE t.id = p.line_id
)
, items AS (
    UPDATE reconciliation_bookitem t SET match_id = p.match_id
    FROM numbered p WHERE t.id = p.item_id
)
SELECT count(*), min(id) FROM made
"""

#: In this order: what is surest first.
PASSES = (
    (Rule.REFERENCE, _REFERENCE),
    (Rule.TOLERANCE, _TOLERANCE),
    (Rule.GROUP, _GROUP),
    (Rule.AMOUNT_AND_DATE, _AMOUNT_AND_DATE),
)
