"""What people look at when they settle exceptions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Abs

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.reconciliation.choices import WAITING, Progress, State
from apps.finance.reconciliation.models import (
    BookItem,
    ReconciliationException,
    Statement,
    StatementLine,
    StatementSource,
)

#: Rows of one side that a person can look through.
ROWS = 100


class TypeFigure(NamedTuple):
    type: str
    open_count: int
    open: Money
    decided_count: int


def exceptions_by_type(statement: Statement) -> list[TypeFigure]:
    """Return how many exceptions of each type there are, and what the open ones differ by."""
    is_open = Q(state=Progress.OPEN)
    rows = (
        statement.exceptions.values("type")
        .annotate(
            open=Count("pk", filter=is_open),
            minor=Sum(Abs("difference_minor"), filter=is_open),
            decided=Count("pk", filter=~is_open),
        )
        .order_by("type")
    )
    return [
        TypeFigure(
            row["type"], row["open"], statement.money(int(row["minor"] or 0)), row["decided"]
        )
        for row in rows
    ]


def open_lines(statement: Statement, *, term: str = "") -> QuerySet[StatementLine]:
    """Return unmatched lines of the statement's account, by reference or amount if asked."""
    lines = StatementLine.objects.filter(
        statement__source=statement.source_id, match=None, statement__state__in=[State.OPEN]
    )
    if term:
        lines = lines.filter(Q(reference=term) | _amount_is("compared_minor", term, statement))
    return lines.order_by("booked_on", "id")[:ROWS]


def open_items(statement: Statement, *, term: str = "") -> QuerySet[BookItem]:
    """Return unmatched book items of the statement's account up to its end."""
    items = BookItem.objects.filter(source=statement.source_id, match=None)
    if term:
        items = items.filter(
            Q(reference=term) | Q(event=term) | _amount_is("amount_minor", term, statement)
        )
    else:
        items = items.filter(effective_on__lte=statement.period_end)
    return items.order_by("effective_on", "id")[:ROWS]


def _amount_is(field: str, term: str, statement: Statement) -> Q:
    """Return the condition that an amount is ``term``, on either side of zero."""
    try:
        minor = Money.of(term.replace(",", "").removeprefix("-"), statement.source.currency).minor
    except DomainError:
        return Q(pk__in=[])
    return Q(**{f"{field}__in": [minor, -minor]})


def chosen_lines(statement: Statement, ids: Collection[int]) -> list[StatementLine]:
    """Return chosen lines that are still free, of the statement's account."""
    return list(
        StatementLine.objects.filter(
            pk__in=ids, statement__source=statement.source_id, match=None
        ).order_by("booked_on", "id")
    )


def chosen_items(statement: Statement, ids: Collection[int]) -> list[BookItem]:
    """Return chosen book items that are still free, of the statement's account."""
    return list(
        BookItem.objects.filter(pk__in=ids, source=statement.source_id, match=None).order_by(
            "effective_on", "id"
        )
    )


def could_belong_to(found: ReconciliationException) -> list[BookItem]:
    """Return free book items that a line without partner could mean: same amount, nearest day."""
    if found.line is None or found.item_id is not None:
        return []
    same = BookItem.objects.filter(
        source=found.statement.source_id, match=None, amount_minor=found.line.compared_minor
    )
    day: date = found.line.booked_on
    before = list(same.filter(effective_on__lte=day).order_by("-effective_on", "-id")[:5])
    after = list(same.filter(effective_on__gt=day).order_by("effective_on", "id")[:5])
    return sorted([*before, *after], key=lambda i: (abs((i.effective_on - day).days), i.pk))[:5]


def open_since(*, limit: int) -> list[datetime]:
    """Return since when exceptions wait for a person, the oldest first."""
    waiting = ReconciliationException.objects.filter(state=Progress.OPEN)
    return list(waiting.order_by("found_at", "id").values_list("found_at", flat=True)[:limit])


class Unproven(NamedTuple):
    """An account that statements prove, and why a period of it is not proven."""

    source: str
    why: str


def unproven_in(*, start: date, end: date) -> list[Unproven]:
    """Return what of a period is not reconciled: no statement, one still open, or a gap of days.

    Both days count. Empty means that every active source that was there by the end covers the
    period with complete statements; the closing of a month asks for it.
    """
    found = []
    in_use = StatementSource.objects.filter(is_active=True, created_at__date__lte=end)
    for source in in_use.order_by("name"):
        statements = source.statements.exclude(state=State.REFUSED).filter(
            period_start__lte=end, period_end__gte=start
        )
        rows = list(
            statements.order_by("period_start").values_list(
                "period_start", "period_end", "state", "open_count"
            )
        )
        if not rows:
            found.append(Unproven(source.name, "no statement was imported"))
            continue
        working = sum(state in WAITING for _, _, state, _ in rows)
        waiting = sum(count for *_, count in rows)
        if working:
            found.append(Unproven(source.name, "a statement is still being read"))
        if waiting:
            found.append(Unproven(source.name, f"{waiting} open exceptions"))
        missing = _missing_days(start, end, [(first, last) for first, last, *_ in rows])
        if missing:
            found.append(Unproven(source.name, f"no statement for {missing} days"))
    return found


def _missing_days(start: date, end: date, periods: list[tuple[date, date]]) -> int:
    """Return how many days no period covers; periods do not overlap."""
    covered = sum((min(last, end) - max(first, start)).days + 1 for first, last in periods)
    return (end - start).days + 1 - covered
