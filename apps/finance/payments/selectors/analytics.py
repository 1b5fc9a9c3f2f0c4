"""What was paid, by whom and how well: sums and counts of a period, never rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from django.db.models import Count, QuerySet, Sum

from apps.clusters.models import Cluster
from apps.finance.payments.choices import PAID, Status
from apps.finance.payments.models import Transaction


class VolumeRow(NamedTuple):
    """Captured payments of one sort; amounts in the currency's smallest unit."""

    cluster: str
    kind: str
    method: str
    gateway: str
    currency: str
    payments: int
    gross_minor: int
    platform_fee_minor: int


class OutcomeRow(NamedTuple):
    """How many payments started in a period are in a state today; no gateway: from the wallet."""

    gateway: str
    status: str
    payments: int


class DeclineRow(NamedTuple):
    """How many payments started in a period were declined for a reason."""

    gateway: str
    code: str
    reason: str
    payments: int


def volume_of(*, start: date, end: date, cluster: str = "") -> list[VolumeRow]:
    """Return captured volume by brand, kind, method, gateway and currency; days in UTC."""
    rows = (
        _captured(start, end, cluster)
        .values_list("cluster__slug", "kind", "method", "gateway", "currency")
        .annotate(payments=Count("id"), gross=Sum("amount_minor"), fees=Sum("platform_fee_minor"))
        .order_by("cluster__slug", "kind", "method", "gateway", "currency")
    )
    return [VolumeRow._make([*row[:6], int(row[6]), int(row[7])]) for row in rows]


class PlaceRow(NamedTuple):
    """Captured payments of buyers in one place (ISO 3166), as far as tax had to know it."""

    place: str
    currency: str
    payments: int
    gross_minor: int
    tax_minor: int


def places_of(*, start: date, end: date, cluster: str = "", currency: str = "") -> list[PlaceRow]:
    """Return captured payments by the place that taxes them; "" where it is not known."""
    found = _captured(start, end, cluster)
    if currency:
        found = found.filter(currency=currency)
    rows = (
        found.values_list("tax_place", "currency")
        .annotate(payments=Count("id"), gross=Sum("amount_minor"), taxes=Sum("tax_minor"))
        .order_by("tax_place", "currency")
    )
    return [PlaceRow._make([*row[:3], int(row[3]), int(row[4])]) for row in rows]


def active_payers(*, start: date, end: date, cluster: str = "", currency: str = "") -> int:
    """Return how many people (not profiles) had a payment captured in a period."""
    payments = _captured(start, end, cluster)
    if currency:
        payments = payments.filter(currency=currency)
    people: int = payments.aggregate(people=Count("payer__user", distinct=True))["people"]
    return people


def outcomes_of(*, start: date, end: date, cluster: str = "") -> list[OutcomeRow]:
    """Return what became of the payments started in a period, by gateway."""
    rows = (
        _started(start, end, cluster)
        .values_list("gateway", "status")
        .annotate(payments=Count("id"))
        .order_by("gateway", "status")
    )
    return [OutcomeRow(*row) for row in rows]


def declines_of(*, start: date, end: date, cluster: str = "", limit: int = 10) -> list[DeclineRow]:
    """Return why payments started in a period were declined, the most frequent reason first."""
    rows = (
        _started(start, end, cluster)
        .filter(status=Status.FAILED)
        .values_list("gateway", "failure_code", "failure_reason")
        .annotate(payments=Count("id"))
        .order_by("-payments", "gateway", "failure_code", "failure_reason")[:limit]
    )
    return [DeclineRow(*row) for row in rows]


def _captured(start: date, end: date, cluster: str) -> QuerySet[Transaction]:
    since, until = _moments(start, end)
    found = Transaction.objects.filter(
        status__in=PAID, captured_at__gte=since, captured_at__lt=until
    )
    return found.filter(cluster__slug=cluster) if cluster else found


def _started(start: date, end: date, cluster: str) -> QuerySet[Transaction]:
    """Name the brands, all if need be: the index of payments by time begins with the brand."""
    since, until = _moments(start, end)
    brands = Cluster.objects.filter(slug=cluster) if cluster else Cluster.objects.all()
    return Transaction.objects.filter(
        cluster__in=list(brands.values_list("pk", flat=True)),
        created_at__gte=since,
        created_at__lt=until,
    )


def _moments(start: date, end: date) -> tuple[datetime, datetime]:
    return (
        datetime.combine(start, time(), UTC),
        datetime.combine(end + timedelta(days=1), time(), UTC),
    )
