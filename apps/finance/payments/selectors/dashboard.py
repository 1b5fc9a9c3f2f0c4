"""What the console's home asks of payments: capped counts, and days by index."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate

from apps.core.money import Money
from apps.finance.payments.choices import (
    PAID,
    WEBHOOK_NEEDS_STAFF,
    WEBHOOK_TROUBLE,
    Status,
)
from apps.finance.payments.models import Transaction, WebhookEvent


@dataclass(frozen=True, slots=True)
class DayVolume:
    """What fans paid on one day (UTC) in one currency."""

    day: date
    count: int
    amount: Money


def volume_by_day(*, since: datetime, until: datetime) -> list[DayVolume]:
    """Return captured gross volume per day and currency, the oldest day first."""
    rows = (
        Transaction.objects.filter(status__in=PAID, captured_at__gte=since, captured_at__lt=until)
        .annotate(day=TruncDate("captured_at"))
        .values("day", "currency")
        .annotate(count=Count("id"), total=Sum("amount_minor"))
        .order_by("day", "currency")
    )
    return [
        DayVolume(row["day"], row["count"], Money(int(row["total"]), row["currency"]))
        for row in rows
    ]


def unknown_since(*, limit: int) -> list[datetime]:
    """Return when payments of unknown outcome were started, oldest first, ``limit`` at most."""
    return list(
        Transaction.objects.filter(status=Status.UNKNOWN)
        .order_by("id")
        .values_list("created_at", flat=True)[:limit]
    )


def parked_webhooks(*, limit: int) -> list[datetime]:
    """Return when the deliveries that a person must look at came, oldest first."""
    oldest: list[datetime] = []
    for status in sorted(WEBHOOK_NEEDS_STAFF):  # each by its own part of the index
        oldest += (
            WebhookEvent.objects.filter(status=status)
            .order_by("received_at", "id")
            .values_list("received_at", flat=True)[:limit]
        )
    return sorted(oldest)[:limit]


def webhook_failures(*, since: datetime, until: datetime, limit: int) -> int:
    """Return how many deliveries of a period were refused or parked, ``limit`` at most."""
    return (
        WebhookEvent.objects.filter(
            received_at__gte=since,
            received_at__lt=until,
            status__in=sorted(WEBHOOK_TROUBLE),
        )
        .order_by("id")[:limit]
        .count()
    )
