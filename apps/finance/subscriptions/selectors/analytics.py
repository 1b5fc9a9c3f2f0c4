"""Figures of subscriptions for a range of days: sums of daily facts, never rows of people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from apps.core.money import Money
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import Movement, PeriodKind, PeriodState, State
from apps.finance.subscriptions.models import Cohort, DailyFact, DailyTake, FactsMark, Period
from apps.finance.subscriptions.rules.metrics import (
    CohortRow,
    Moved,
    Sheet,
    Step,
    Taken,
    Trials,
    months_between,
    total,
)

#: Nobody asks for more days at once, nor for more months of cohorts.
MOST_DAYS = 1100
MOST_MONTHS = 36
#: A longer range is told by month.
DAYS_BY_DAY = 62
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: days (both counted, UTC) and whose; nothing narrows to all."""

    start: date
    end: date
    creator_id: int | None = None
    cluster_id: int | None = None
    plan_id: int | None = None
    currency: str = ""

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of facts that are its own, whatever their day."""
        asked = {
            "creator_id": self.creator_id,
            "cluster_id": self.cluster_id,
            "plan_id": self.plan_id,
        }
        found = rows.filter(**{name: value for name, value in asked.items() if value is not None})
        return found.filter(currency=self.currency) if self.currency else found


@dataclass(frozen=True, slots=True)
class Analytics:
    """All of it, at one state of the facts."""

    wanted: Wanted
    sheets: tuple[Sheet, ...]
    trials: Trials
    cohorts: tuple[CohortRow, ...]
    made_at: datetime | None


def analytics_of(wanted: Wanted) -> Analytics:
    """
    Return MRR and its movements, churn, value, takings, trials and cohorts of a range.

    A fixed number of questions, whatever the range and however many subscribers. Currencies are
    not added to one another.

    :raises RangeInvalid: it ends before it starts, or is longer than MOST_DAYS
    """
    if not 0 <= (wanted.end - wanted.start).days < MOST_DAYS:
        raise errors.RangeInvalid(most_days=MOST_DAYS)
    before = _before(wanted)
    moved = _moved(wanted)
    taken = _taken(wanted)
    mark = FactsMark.objects.first()
    return Analytics(
        wanted=wanted,
        sheets=tuple(
            _sheet(wanted, currency, before[currency], moved[currency], taken[currency])
            for currency in sorted({*before, *moved, *taken})
        ),
        trials=trials_of(wanted),
        cohorts=cohorts_of(wanted),
        made_at=mark.made_at if mark else None,
    )


def _before(wanted: Wanted) -> dict[str, Moved]:
    """What all movements before the range came to, by currency."""
    rows = (
        wanted.narrow(DailyFact.objects.filter(day__lt=wanted.start))
        .values_list("currency")
        .annotate(Sum("subscribers"), Sum("minor"))
        .order_by("currency")
    )
    found: dict[str, Moved] = defaultdict(Moved)
    for currency, subscribers, minor in rows:
        if subscribers or minor:
            found[currency] = Moved(0, subscribers, int(minor))
    return found


_ByDay = dict[date, dict[Movement, Moved]]


def _moved(wanted: Wanted) -> dict[str, _ByDay]:
    rows = (
        wanted.narrow(DailyFact.objects.filter(day__range=(wanted.start, wanted.end)))
        .values_list("currency", "day", "movement")
        .annotate(Sum("count"), Sum("subscribers"), Sum("minor"))
        .order_by("currency", "day")
    )
    found: dict[str, _ByDay] = defaultdict(lambda: defaultdict(dict))
    for currency, day, movement, count, subscribers, minor in rows:
        found[currency][day][Movement(movement)] = Moved(count, subscribers, int(minor))
    return found


_TAKEN = (
    "gross_minor",
    "tax_minor",
    "platform_fee_minor",
    "processing_fee_minor",
    "net_minor",
    "refunded_minor",
)


def _taken(wanted: Wanted) -> dict[str, tuple[int, ...]]:
    rows = (
        wanted.narrow(DailyTake.objects.filter(day__range=(wanted.start, wanted.end)))
        .values_list("currency")
        .annotate(Sum("payments"), *(Sum(name) for name in _TAKEN))
        .order_by("currency")
    )
    found: dict[str, tuple[int, ...]] = defaultdict(lambda: (0,) * (1 + len(_TAKEN)))
    found.update({currency: tuple(int(each) for each in sums) for currency, *sums in rows})
    return found


def _sheet(
    wanted: Wanted, currency: str, before: Moved, moved: _ByDay, taken: Sequence[int]
) -> Sheet:
    steps, standing, days = [], before, 0
    for start, end in _stretches(wanted):
        within = []
        for n in range((end - start).days + 1):
            today = moved.get(start + n * DAY, {})
            within.append(today)
            standing = sum(today.values(), standing)
            days += standing.subscribers
        steps.append(
            Step(start, end, total(within), Money(standing.minor, currency), standing.subscribers)
        )
    payments, *sums = taken
    return Sheet(
        currency=currency,
        start=wanted.start,
        end=wanted.end,
        mrr_start=Money(before.minor, currency),
        subscribers_start=before.subscribers,
        steps=tuple(steps),
        taken=Taken(payments, *(Money(minor, currency) for minor in sums)),
        subscriber_days=days,
        moved=total(step.moved for step in steps),
    )


def _stretches(wanted: Wanted) -> list[tuple[date, date]]:
    days = (wanted.end - wanted.start).days + 1
    if days > DAYS_BY_DAY:
        return months_between(wanted.start, wanted.end)
    return [(wanted.start + n * DAY,) * 2 for n in range(days)]


def trials_of(wanted: Wanted) -> Trials:
    """Return what became of the trials whose last moment is in the range.

    Converted: a period after it was paid. Not decided: it is past due, or its charge is on the
    way. All others did not convert.
    """
    start = datetime.combine(wanted.start, time(), UTC)
    end = datetime.combine(wanted.end + DAY, time(), UTC)
    trials = Period.objects.filter(
        kind=PeriodKind.TRIAL, state=PeriodState.PAID, until_at__gte=start, until_at__lt=end
    )
    asked = {
        "subscription__creator_id": wanted.creator_id,
        "subscription__cluster_id": wanted.cluster_id,
        "subscription__plan_id": wanted.plan_id,
        "subscription__currency": wanted.currency or None,
    }
    trials = trials.filter(**{name: value for name, value in asked.items() if value is not None})
    paid = Period.objects.filter(
        subscription=OuterRef("subscription"),
        number__gt=OuterRef("number"),
        kind=PeriodKind.PAID,
        state__in=[PeriodState.PAID, PeriodState.REFUNDED],
    )
    sums = trials.annotate(paid=Exists(paid)).aggregate(
        over=Count("id"),
        converted=Count("id", filter=Q(paid=True)),
        undecided=Count("id", filter=Q(paid=False) & ~Q(subscription__state=State.ENDED)),
    )
    return Trials(**sums)


def cohorts_of(wanted: Wanted) -> tuple[CohortRow, ...]:
    """Return who began to pay in each month that the range touches, at most the last MOST_MONTHS,
    and how many of them still did later. A cohort has the plan its fans began with; it has no
    currency."""
    first = wanted.start.replace(day=1)
    months = [start for start, _ in months_between(first, wanted.end)][-MOST_MONTHS:]
    rows = (
        Wanted(wanted.start, wanted.end, wanted.creator_id, wanted.cluster_id, wanted.plan_id)
        .narrow(Cohort.objects.filter(month__range=(months[0], wanted.end)))
        .values_list("month", "age")
        .annotate(Sum("began"), Sum("stayed"))
        .order_by("month", "age")
    )
    found: dict[date, list[tuple[int, int]]] = defaultdict(list)
    for month, _age, began, stayed in rows:
        found[month].append((began, stayed))
    return tuple(
        CohortRow(month, ages[0][0], tuple(stayed for _, stayed in ages))
        for month, ages in found.items()
    )
