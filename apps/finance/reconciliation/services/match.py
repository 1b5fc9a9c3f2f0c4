"""Match a statement with the books: gather, pass by pass, then judge what is left."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from apps.core.db import joins_transaction
from apps.finance.reconciliation import errors
from apps.finance.reconciliation.choices import LIVE, Rule, State
from apps.finance.reconciliation.models import Statement, StatementSource
from apps.finance.reconciliation.services import passes
from apps.finance.reconciliation.services.gather import gather_items
from apps.finance.reconciliation.services.judge import judge

#: Months are closed within so many days; nothing is booked in them later.
YOUNG = timedelta(days=45)


def match_waiting(*, now: datetime, limit: int = 5) -> int:
    """Match the statements that are loaded and not yet matched; return how many."""
    waiting = Statement.objects.filter(state=State.LOADED).order_by("period_start", "id")
    keys = list(waiting.values_list("pk", flat=True)[:limit])
    for key in keys:
        match_statement(statement_id=key, now=now)
    return len(keys)


def match_open_again(*, now: datetime, limit: int = 50) -> int:
    """Match again what is open, and what is so young that the books may still get an older date.

    Return how many statements were looked at.
    """
    young = Q(state=State.COMPLETE, period_end__gte=now.date() - YOUNG)
    waiting = Statement.objects.filter(Q(state=State.OPEN) | young).order_by("period_start", "id")
    keys = list(waiting.values_list("pk", flat=True)[:limit])
    for key in keys:
        match_statement(statement_id=key, now=now)
    return len(keys)


@transaction.atomic
def match_statement(*, statement_id: int, now: datetime) -> Statement:
    """Match a loaded statement's lines; running it again changes nothing that has not changed.

    Whatever order its lines have, the matches are the same. Runs on one account queue.

    :raises StatementUnknown: there is no such statement
    :raises NotReady: it is not loaded
    """
    statement = locked(statement_id)
    gather_items(statement)
    rules = {
        "tolerance": statement.source.tolerance_minor,
        "window": statement.source.date_window_days,
        "until": statement.period_end + timedelta(days=statement.source.date_window_days),
    }
    for rule, sql in passes.PASSES:
        if rule == Rule.TOLERANCE and not statement.source.tolerance_minor:
            continue
        make_matches(statement, sql, rule=rule, now=now, facts=rules)
    return judge(statement, now=now)


@joins_transaction
def locked(statement_id: int) -> Statement:
    """Return the statement; whoever matches on the same account waits.

    :raises StatementUnknown: there is no such statement
    :raises NotReady: it is not loaded
    """
    statement = Statement.objects.select_related("source").filter(pk=statement_id).first()
    if statement is None:
        raise errors.StatementUnknown(statement=statement_id)
    StatementSource.objects.select_for_update(no_key=True).get(pk=statement.source_id)
    statement = (
        Statement.objects.select_for_update(of=("self",))
        .select_related("source")
        .get(pk=statement_id)
    )
    if statement.state not in LIVE:
        raise errors.NotReady(statement=statement.pk, state=statement.state)
    return statement


@joins_transaction
def make_matches(
    statement: Statement,
    sql: str,
    *,
    rule: Rule,
    now: datetime,
    facts: dict[str, Any],
    by: Any = None,
    reason: str = "",
) -> tuple[int, int | None]:
    """Make a match of each group that ``sql`` finds; return how many, and the first's id."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql + passes.TAIL,
            {
                "statement": statement.pk,
                "source": statement.source_id,
                "rule": rule.value,
                "now": now,
                "by": by.pk if by else None,
                "reason": reason,
                **facts,
            },
        )
        count, first = cursor.fetchone()
    return int(count), first
