"""Make the figures of subscriptions from what happened; docs/metrics.md says what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Max, Min

from apps.core.db import joins_transaction, outside_transaction
from apps.finance.subscriptions.models import (
    Cohort,
    DailyFact,
    DailyTake,
    FactsMark,
    MrrMove,
    SubscriptionEvent,
)
from apps.finance.subscriptions.services import facts_sql as sql
from apps.finance.subscriptions.services.takes import make_take

#: Lines of history a pass looks at: seconds of work, in a transaction of its own.
LINES_A_PASS = 5_000
#: A line may be written with a lower number than one that is seen already, by a transaction that
#: took longer. Lines so young are looked at again.
SETTLES_IN = timedelta(minutes=15)
DAY = timedelta(days=1)


class Made(NamedTuple):
    """What a call made anew; ``behind`` when lines are left for the next."""

    days: int
    takes: int
    passes: int
    behind: bool


@outside_transaction
def make_facts(*, now: datetime, passes: int = 100, limit: int = LINES_A_PASS) -> Made:
    """
    Make the figures of what has changed since the last call: the movements of every fan and
    creator with new lines of history, the days and cohorts these touch, and what was taken in
    from the day of the last call on.

    Safe to repeat, to kill and to run twice at once: a second worker waits for the mark. Figures
    made from the same history are the same, in whatever steps.
    """
    days, done, behind = 0, 0, True
    while behind and done < passes:
        with transaction.atomic():
            mark = _mark()
            changed, behind = _pass(mark, now, limit)
            days, done = days + changed, done + 1
    takes = 0 if behind else _make_takes(now)
    return Made(days, takes, done, behind)


@transaction.atomic
def forget_facts() -> None:
    """Empty all figures; ``make_facts`` makes them again from the history."""
    mark = _mark()
    for derived in (Cohort, DailyFact, DailyTake, MrrMove):
        derived.objects.all().delete()
    mark.made_to, mark.cohorts_of, mark.made_at = 0, None, None
    mark.save()


def _mark() -> FactsMark:
    FactsMark.objects.bulk_create([FactsMark(pk=1)], ignore_conflicts=True)
    return FactsMark.objects.select_for_update().get(pk=1)


@joins_transaction
def _pass(mark: FactsMark, now: datetime, limit: int) -> tuple[int, bool]:
    low = mark.made_to
    lines = SubscriptionEvent.objects.filter(pk__gt=low).order_by("pk")
    high = lines[:limit].aggregate(high=Max("pk"))["high"] or low
    keys = _move(low, high) if high > low else []
    month = now.astimezone(UTC).date().replace(day=1)
    _make_days(sorted({(day, plan) for day, plan, _, _ in keys}))
    _make_cohorts(
        sorted({(first, plan) for _, _, first, plan in keys}),
        month,
        is_new_month=mark.cohorts_of is not None and mark.cohorts_of < month,
    )
    mark.cohorts_of, is_last = month, not lines.filter(pk__gt=high).exists()
    mark.made_to = _settled(low, high, now) if is_last else high
    mark.save()
    return len({day for day, *_ in keys}), not is_last


def _settled(low: int, high: int, now: datetime) -> int:
    """Return up to which line nothing can turn up any more."""
    young = SubscriptionEvent.objects.filter(pk__gt=low, pk__lte=high, at__gt=now - SETTLES_IN)
    first = young.order_by("pk").values_list("pk", flat=True).first()
    return high if first is None else first - 1


def _move(low: int, high: int) -> list[tuple[date, int, date, int]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.MOVES, {"low": low, "high": high})
        return list(cursor.fetchall())


def _make_days(keys: Sequence[tuple[date, int]]) -> None:
    given = {"days": [day for day, _ in keys], "plans": [plan for _, plan in keys]}
    if keys:
        _run(sql.FORGET_DAYS, given)
        _run(sql.MAKE_DAYS, given)


def _make_cohorts(keys: Sequence[tuple[date, int]], month: date, *, is_new_month: bool) -> None:
    """Make these cohorts anew; in a new month give all others one more age."""
    given = {"days": [day for day, _ in keys], "plans": [plan for _, plan in keys]}
    if keys or is_new_month:
        _run(sql.FORGET_COHORTS, given)
        _run(sql.MAKE_COHORTS, {**given, "month": month, "ages_all": is_new_month})


def _run(statement: str, given: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)


def _make_takes(now: datetime) -> int:
    """Make each day anew from the one before that of the last call to today."""
    with transaction.atomic():
        mark = _mark()
        today = now.astimezone(UTC).date()
        last = mark.made_at or SubscriptionEvent.objects.aggregate(first=Min("at"))["first"] or now
        first = last.astimezone(UTC).date() - DAY
        days = [first + n * DAY for n in range((today - first).days + 1)]
        rows = sum(make_take(day=day) for day in days)
        mark.made_at = now
        mark.save()
        return rows
