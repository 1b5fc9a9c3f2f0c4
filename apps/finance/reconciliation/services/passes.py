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

#: Both sides of pairs, as parts.
_OF_PAIRS = """
, parts AS (
    SELECT line_id AS g, line_id, NULL::bigint AS item_id, line_minor AS minor FROM pairs
    UNION ALL
    SELECT line_id, NULL, item_id, -item_minor FROM pairs
)
"""

_REFERENCE = (
    OPEN
    + """
, pairs AS MATERIALIZED (
    SELECT l.id AS line_id, i.id AS item_id, l.minor AS line_minor, i.minor AS item_minor
    FROM l JOIN i USING (reference, minor, rank)
    WHERE reference <> ''
)
"""
    + _OF_PAIRS
)

_SUMS = """
, ls AS (
    SELECT reference, count(*) AS count, sum(minor) AS minor, min(id) AS first
    FROM l WHERE reference <> '' GROUP BY reference
), sums AS (
    SELECT reference, count(*) AS count, sum(minor) AS minor, min(id) AS first
    FROM i WHERE reference <> '' GROUP BY reference
)
"""

_TOLERANCE = (
    OPEN
    + _SUMS
    + """
, pairs AS MATERIALIZED (
    SELECT ls.first AS line_id, sums.first AS item_id, ls.minor AS line_minor,
           sums.minor AS item_minor
    FROM ls JOIN sums USING (reference)
    WHERE ls.count = 1 AND sums.count = 1 AND abs(ls.minor - sums.minor) <= %(tolerance)s
)
"""
    + _OF_PAIRS
)

_GROUP = (
    OPEN
    + _SUMS
    + """
, agreeing AS MATERIALIZED (
    SELECT reference, ls.first AS g FROM ls JOIN sums USING (reference, minor)
)
, parts AS MATERIALIZED (
    SELECT a.g, l.id AS line_id, NULL::bigint AS item_id, l.minor
    FROM agreeing a JOIN l USING (reference)
    UNION ALL
    SELECT a.g, NULL, i.id, -i.minor FROM agreeing a JOIN i USING (reference)
)
"""
)

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
, groups AS MATERIALIZED (
    SELECT g, nextval(pg_get_serial_sequence('reconciliation_match', 'id')) AS id,
           sum(minor) AS difference
    FROM parts GROUP BY g
)
, made AS (
    INSERT INTO reconciliation_match
        (id, source_id, statement_id, rule, difference_minor, matched_at, matched_by_id, reason,
         undo_reason, undone_parts)
    SELECT id, %(source)s, %(statement)s, %(rule)s, difference, %(now)s, %(by)s, %(reason)s,
           '', '{}'
    FROM groups
)
, lines AS (
    UPDATE reconciliation_statementline t SET match_id = m.id
    FROM parts p JOIN groups m USING (g) WHERE t.id = p.line_id
)
, items AS (
    UPDATE reconciliation_bookitem t SET match_id = m.id
    FROM parts p JOIN groups m USING (g) WHERE t.id = p.item_id
)
SELECT count(*), min(id) FROM groups
"""

#: In this order: what is surest first.
PASSES = (
    (Rule.REFERENCE, _REFERENCE),
    (Rule.TOLERANCE, _TOLERANCE),
    (Rule.GROUP, _GROUP),
    (Rule.AMOUNT_AND_DATE, _AMOUNT_AND_DATE),
)
