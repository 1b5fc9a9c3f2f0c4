"""From the balance of the books to the statement's, with every step between explained."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from django.db import connection

from apps.core.money import Money
from apps.finance.ledger.selectors.totals import balance_as_of
from apps.finance.reconciliation.choices import Progress, Type
from apps.finance.reconciliation.models import Statement


class Step(NamedTuple):
    """One line of the proof: so much, from so many lines and book items."""

    title: str
    amount: Money
    parts: int
    hint: str = ""


class Proof(NamedTuple):
    """``unexplained`` is zero, or the books have moved since the statement was matched."""

    books: Money
    steps: list[Step]
    statement: Money
    unexplained: Money

    @property
    def holds(self) -> bool:
        return not self.unexplained


#: The open side of a statement: its lines count up, the period's book items down.
_OPEN = """
SELECT coalesce(type, ''), coalesce(state, ''), sum(minor)::bigint, count(*)
FROM (
    SELECT x.type, x.state, l.compared_minor AS minor
    FROM reconciliation_statementline l
    LEFT JOIN reconciliation_exception x
        ON x.line_id = l.id AND x.state IN ('OPEN', 'ACCEPTED')
    WHERE l.statement_id = %(statement)s AND l.match_id IS NULL
    UNION ALL
    SELECT x.type, x.state, -i.amount_minor
    FROM reconciliation_bookitem i
    LEFT JOIN reconciliation_exception x
        ON x.item_id = i.id AND x.state IN ('OPEN', 'ACCEPTED')
    WHERE i.source_id = %(source)s AND i.effective_on BETWEEN %(start)s AND %(end)s
      AND i.match_id IS NULL
) p
GROUP BY 1, 2 ORDER BY 1, 2
"""

#: What matches of this statement, or of its period, hold on the other side of its border.
_MATCHED = """
WITH mine AS (
    SELECT match_id FROM reconciliation_statementline
    WHERE statement_id = %(statement)s AND match_id > 0
    UNION
    SELECT match_id FROM reconciliation_bookitem
    WHERE source_id = %(source)s AND effective_on BETWEEN %(start)s AND %(end)s AND match_id > 0
)
SELECT
    (SELECT coalesce(sum(i.amount_minor), 0)::bigint FROM reconciliation_bookitem i
     JOIN mine USING (match_id)
     WHERE i.match_id > 0 AND i.effective_on NOT BETWEEN %(start)s AND %(end)s),
    (SELECT count(*) FROM reconciliation_bookitem i JOIN mine USING (match_id)
     WHERE i.match_id > 0 AND i.effective_on NOT BETWEEN %(start)s AND %(end)s),
    (SELECT coalesce(sum(l.compared_minor), 0)::bigint FROM reconciliation_statementline l
     JOIN mine USING (match_id) WHERE l.match_id > 0 AND l.statement_id <> %(statement)s),
    (SELECT count(*) FROM reconciliation_statementline l
     JOIN mine USING (match_id) WHERE l.match_id > 0 AND l.statement_id <> %(statement)s),
    (SELECT coalesce(sum(m.difference_minor), 0)::bigint FROM reconciliation_match m
     JOIN mine ON mine.match_id = m.id),
    (SELECT count(*) FROM reconciliation_match m
     JOIN mine ON mine.match_id = m.id WHERE m.difference_minor <> 0),
    (SELECT coalesce(sum(l.compared_minor - l.amount_minor), 0)::bigint
     FROM reconciliation_statementline l WHERE l.statement_id = %(statement)s),
    (SELECT count(*) FROM reconciliation_statementline l
     WHERE l.statement_id = %(statement)s AND l.compared_minor <> l.amount_minor)
"""

_OPEN_TITLES = {
    "": ("In transit", "booked by us, not yet due on a statement"),
    Type.MISSING: ("Missing on the statement", "in the books only"),
    Type.EXTRA: ("Not in the books", "on the statement only"),
    Type.DUPLICATE: ("On the statement twice", ""),
    Type.DIFFERENT: ("Amounts differ", "statement less books"),
}


def proof_of(statement: Statement) -> Proof:
    """Return how the statement's closing balance follows from the books'.

    The steps are computed each for itself, not one as what the others leave. Both balances and
    all amounts are positive where the account holds money for us.
    """
    source = statement.source
    facts: dict[str, Any] = {
        "statement": statement.pk,
        "source": source.pk,
        "start": statement.period_start,
        "end": statement.period_end,
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, facts)
        open_rows = cursor.fetchall()
        cursor.execute(_MATCHED, facts)
        matched = [int(value) for value in cursor.fetchone()]
    day_before = statement.period_start - timedelta(days=1)
    before = balance_as_of(source.account, source.currency, on=day_before)
    books = balance_as_of(source.account, source.currency, on=statement.period_end)
    opening = statement.money(statement.opening_minor or 0)
    steps = [
        Step("Brought forward", opening - before, 0, "opening balance less the books before it"),
        *(_open_step(statement, *row) for row in open_rows),
        *_matched_steps(statement, matched),
    ]
    closing = statement.money(statement.closing_minor or 0)
    reached = sum((step.amount.minor for step in steps), books.minor)
    return Proof(
        books=books,
        steps=[step for step in steps if step.amount or step.parts],
        statement=closing,
        unexplained=closing - statement.money(reached),
    )


def _open_step(statement: Statement, kind: str, progress: str, minor: int, parts: int) -> Step:
    title, hint = _OPEN_TITLES[kind]
    if progress == Progress.ACCEPTED:
        title, hint = f"{title}, accepted", "a person has explained it"
    return Step(title, statement.money(int(minor)), int(parts), hint)


def _matched_steps(statement: Statement, values: list[int]) -> list[Step]:
    items, items_count, lines, lines_count, tolerated, tolerated_count, fees, fees_count = values
    return [
        Step(
            "Booked in another period",
            statement.money(items),
            items_count,
            "on this statement, in the books before or after",
        ),
        Step(
            "On another statement",
            statement.money(-lines),
            lines_count,
            "in the books of this period, on a statement before or after",
        ),
        Step("Within the tolerance", statement.money(tolerated), tolerated_count),
        Step(
            "Fees kept by the other side",
            statement.money(-fees),
            fees_count,
            "not on this account in the books",
        ),
    ]
