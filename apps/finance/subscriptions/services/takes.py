"""What subscriptions took in a day, by plan: from the payments, which the ledger proves."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    F,
    Func,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce

from apps.core.db import joins_transaction
from apps.finance.payments.choices import Kind
from apps.finance.payments.selectors.takes import captured_between, refunded_between
from apps.finance.subscriptions.models import DailyTake, Gift, Subscription, SubscriptionEvent

logger = logging.getLogger(__name__)

_SUMS = {
    "payments": Count("id"),
    "gross_minor": Sum("amount_minor"),
    "tax_minor": Sum("tax_minor"),
    "platform_fee_minor": Sum("platform_fee_minor"),
    "processing_fee_minor": Sum("processing_fee_minor"),
    "net_minor": Sum("net_minor"),
}


@joins_transaction
def make_take(*, day: date) -> int:
    """
    Make the rows of a day (UTC) anew from the payments captured and the refunds done in it.

    Returns how many rows there are. One group of plan and currency is one row; nothing is counted
    twice whatever happened in between. A payment of the kind that names no subscription and no
    gift has no plan and is logged.
    """
    rows: dict[tuple[int, str], DailyTake] = {}
    for found in _captured(day):
        row = _row_for(rows, day, found)
        for name in _SUMS:
            setattr(row, name, found[name])
    for found in _refunded(day):
        _row_for(rows, day, found).refunded_minor = found["back_minor"]
    DailyTake.objects.filter(day=day).delete()
    DailyTake.objects.bulk_create(rows.values(), batch_size=1000)
    return len(rows)


def _row_for(
    rows: dict[tuple[int, str], DailyTake], day: date, found: dict[str, Any]
) -> DailyTake:
    key = found["plan"], found["currency"]
    if key not in rows:
        rows[key] = DailyTake(
            day=day,
            cluster_id=found["brand"],
            creator_id=found["creator"],
            plan_id=found["plan"],
            currency=found["currency"],
            refunded_minor=0,
            **dict.fromkeys(_SUMS, 0),
        )
    return rows[key]


def _captured(day: date) -> Iterator[dict[str, Any]]:
    since, until = bounds_of(day)
    found = captured_between(kind=Kind.SUBSCRIPTION, since=since, until=until)
    groups = (
        _with_plan(found, "subject")
        .values("plan", "currency", brand=F("cluster_id"), creator=F("payee_id"))
        .annotate(**_SUMS)
        .order_by("plan", "currency")
    )
    return _placed(groups.iterator(chunk_size=1000), day)


def _refunded(day: date) -> Iterator[dict[str, Any]]:
    since, until = bounds_of(day)
    found = refunded_between(kind=Kind.SUBSCRIPTION, since=since, until=until)
    groups = (
        _with_plan(found, "transaction__subject")
        .values(
            "plan",
            "currency",
            brand=F("transaction__cluster_id"),
            creator=F("transaction__payee_id"),
        )
        .annotate(back_minor=Sum("amount_minor"))
        .order_by("plan", "currency")
    )
    return _placed(groups.iterator(chunk_size=1000), day)


def _placed(groups: Iterator[dict[str, Any]], day: date) -> Iterator[dict[str, Any]]:
    for group in groups:
        if group["plan"] is None:
            logger.error(
                "subscriptions.take_without_plan",
                extra={"day": str(day), "currency": group["currency"]},
            )
            continue
        yield group


def _with_plan(found: QuerySet[Any], subject: str) -> QuerySet[Any]:
    """Annotate ``plan``: what a payment was for, by its subject.

    ``subscription:7:period:3`` was for the plan that subscription 7 had once its third period was
    the last; ``subscription:7:change:3:41`` for what it changed to when that period ended;
    ``gift:2`` for that of the gift.
    """
    at_the_time = SubscriptionEvent.objects.filter(
        subscription_id=OuterRef("about"), plan__isnull=False, period_number__gte=OuterRef("nth")
    ).order_by("id")
    now = Subscription.objects.filter(pk=OuterRef("about"))
    given = Gift.objects.filter(pk=OuterRef("given"))
    placed: QuerySet[Any] = found.annotate(
        about=_number(subject, 2, f"{subject}__regex", r"^subscription:\d+"),
        nth=Coalesce(
            _number(subject, 4, f"{subject}__regex", r"^subscription:\d+:period:\d+"),
            _number(subject, 4, f"{subject}__regex", r"^subscription:\d+:change:\d+") + 1,
        ),
        given=_number(subject, 2, f"{subject}__regex", r"^gift:\d+"),
        plan=Coalesce(
            Subquery(at_the_time.values("plan_id")[:1]),
            Subquery(now.values("plan_id")),
            Subquery(given.values("plan_id")),
        ),
    )
    return placed


def _number(field: str, part: int, lookup: str, pattern: str) -> Case:
    """Return a part of ``field`` between colons as a number, where the field has the pattern."""
    found = Func(F(field), Value(":"), Value(part), function="split_part")
    return Case(When(**{lookup: pattern}, then=Cast(found, BigIntegerField())))


def bounds_of(day: date) -> tuple[datetime, datetime]:
    """Return when a day begins and ends, in UTC."""
    start = datetime.combine(day, time(), UTC)
    return start, start + timedelta(days=1)
