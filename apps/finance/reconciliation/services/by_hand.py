"""What a person puts together, and takes apart again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, Sum

from apps.audit import services as audit
from apps.finance.reconciliation import errors
from apps.finance.reconciliation.choices import Rule
from apps.finance.reconciliation.models import BookItem, Match, Statement, StatementLine
from apps.finance.reconciliation.services import passes
from apps.finance.reconciliation.services.judge import judge
from apps.finance.reconciliation.services.match import locked, make_matches

#: So many parts a person can have looked at.
MOST_PARTS = 500

# One statement, so that the guards see the match undone and empty at once.
_UNDO = """
WITH undone AS (
    UPDATE reconciliation_match
    SET undone_at = %(now)s, undone_by_id = %(by)s, undo_reason = %(reason)s,
        undone_parts = jsonb_build_object(
            'lines', (SELECT coalesce(jsonb_agg(id ORDER BY id), '[]')
                      FROM reconciliation_statementline WHERE match_id = %(match)s),
            'items', (SELECT coalesce(jsonb_agg(id ORDER BY id), '[]')
                      FROM reconciliation_bookitem WHERE match_id = %(match)s)
        )
    WHERE id = %(match)s
), lines AS (
    UPDATE reconciliation_statementline SET match_id = NULL, by_hand_only = true
    WHERE match_id = %(match)s
    RETURNING statement_id
), items AS (
    UPDATE reconciliation_bookitem SET match_id = NULL, by_hand_only = true
    WHERE match_id = %(match)s
)
SELECT DISTINCT statement_id FROM lines
"""


@transaction.atomic
def match_by_hand(
    *,
    statement_id: int,
    line_ids: Collection[int],
    item_ids: Collection[int],
    by: Any,
    reason: str,
    now: datetime,
) -> Match:
    """Match chosen lines with chosen book items of the same account; their sums must agree.

    Lines alone, or items alone, match if they cancel out. What was matched already is refused,
    also if somebody else does it at this moment.

    :raises ReasonMissing: no reason is given
    :raises NothingChosen: fewer than two parts, or more than a person can look at
    :raises LineTaken: a part is matched already or belongs to another account
    :raises SumsDiffer: the sides do not agree
    :raises StatementUnknown, NotReady: as they say
    """
    _check_reason(reason)
    lines_wanted, items_wanted = set(line_ids), set(item_ids)
    if not 2 <= len(lines_wanted) + len(items_wanted) <= MOST_PARTS:  # noqa: PLR2004
        raise errors.NothingChosen()
    statement = locked(statement_id)
    lines = StatementLine.objects.filter(
        pk__in=lines_wanted, statement__source=statement.source_id, match=None
    )
    items = BookItem.objects.filter(pk__in=items_wanted, source=statement.source_id, match=None)
    if lines.count() != len(lines_wanted) or items.count() != len(items_wanted):
        raise errors.LineTaken()
    there = lines.aggregate(sum=Sum("compared_minor"))["sum"] or 0
    here = items.aggregate(sum=Sum("amount_minor"))["sum"] or 0
    if there != here:
        raise errors.SumsDiffer(
            lines=str(statement.money(int(there))), items=str(statement.money(int(here)))
        )
    match_id = put_together(
        statement,
        line_ids=lines_wanted,
        item_ids=items_wanted,
        rule=Rule.BY_HAND,
        by=by,
        reason=reason,
        now=now,
    )
    audit.record(
        by=by,
        action="reconciliation.matched_by_hand",
        subject=f"reconciliation.match:{match_id}",
        reason=reason,
        facts={"lines": sorted(lines_wanted), "items": sorted(items_wanted)},
    )
    return Match.objects.get(pk=match_id)


def put_together(
    statement: Statement,
    *,
    line_ids: Collection[int],
    item_ids: Collection[int],
    rule: Rule,
    by: Any,
    reason: str,
    now: datetime,
) -> int:
    """Make one match of chosen parts and judge every statement whose lines are in it."""
    facts = {"lines": list(line_ids), "items": list(item_ids)}
    _, match_id = make_matches(
        statement, passes.CHOSEN, rule=rule, now=now, facts=facts, by=by, reason=reason
    )
    _judge_all(statement, line_ids, now)
    if match_id is None:
        raise errors.NothingChosen()
    return match_id


@transaction.atomic
def undo_match(*, match_id: int, by: Any, reason: str, now: datetime) -> Match:
    """Take a match apart. Its lines and items are open again, and the machine leaves them alone.

    :raises ReasonMissing: no reason is given
    :raises MatchUnknown: there is no such match
    :raises MatchUndone: it was undone before
    """
    _check_reason(reason)
    match = Match.objects.filter(pk=match_id).first()
    if match is None:
        raise errors.MatchUnknown(match=match_id)
    statement = locked(match.statement_id)
    match.refresh_from_db()
    if match.undone_at is not None:
        raise errors.MatchUndone(match=match_id)
    with connection.cursor() as cursor:
        cursor.execute(_UNDO, {"match": match.pk, "by": by.pk, "reason": reason, "now": now})
        others = {row[0] for row in cursor.fetchall()} - {statement.pk}
    judge(statement, now=now)
    for other in Statement.objects.filter(pk__in=others).select_related("source").order_by("pk"):
        judge(other, now=now)
    match.refresh_from_db()
    audit.record(
        by=by,
        action="reconciliation.match_undone",
        subject=match,
        reason=reason,
        facts={"rule": match.rule, **match.undone_parts},
    )
    return match


def _judge_all(statement: Statement, line_ids: Collection[int], now: datetime) -> None:
    others = (
        Statement.objects.filter(Q(lines__in=list(line_ids)) | Q(pk=statement.pk))
        .select_related("source")
        .distinct()
        .order_by("pk")
    )
    for other in others:
        judge(other, now=now)


def _check_reason(reason: str) -> None:
    """
    :raises ReasonMissing: no reason is given
    """
    if not reason.strip():
        raise errors.ReasonMissing()
