"""How well paying works, cut by what a payment went through: one grouped question each."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from apps.clusters.models import Cluster
from apps.finance.payments.choices import PAID, Status
from apps.finance.payments.models import MerchantAccount, Transaction


class Cut(StrEnum):
    """What payments are counted by."""

    GATEWAY = "gateway"
    ACCOUNT = "account"
    BRAND = "brand"
    KIND = "kind"
    METHOD = "method"
    COUNTRY = "country"
    CARD = "card"


_COLUMNS = {
    Cut.GATEWAY: "gateway",
    Cut.ACCOUNT: "merchant_account_id",
    Cut.BRAND: "cluster__slug",
    Cut.KIND: "kind",
    Cut.METHOD: "method",
    Cut.COUNTRY: "card_country",
    Cut.CARD: "card_network",
}


class CutRow(NamedTuple):
    """Payments started in a period that share ``key``; amounts in the smallest unit.

    ``cost_minor`` is the processing fixed for those that were captured.
    """

    key: str
    currency: str
    started: int
    captured: int
    declined: int
    gross_minor: int
    cost_minor: int


class DayRow(NamedTuple):
    """Payments started on one day, UTC."""

    day: date
    currency: str
    started: int
    captured: int
    declined: int
    gross_minor: int


def cut_by(
    by: Cut, *, start: date, end: date, cluster: str = "", currency: str = ""
) -> list[CutRow]:
    """Return a row for each key and currency, the largest volume first.

    Country and network are told by the gateway when a payment is captured: what was declined
    counts under no country. By account the key is its name.
    """
    rows = (
        _started(start, end, cluster, currency)
        .values_list(F(_COLUMNS[by]), "currency")
        .annotate(
            started=Count("id"),
            captured=Count("id", filter=Q(status__in=PAID)),
            declined=Count("id", filter=Q(status=Status.FAILED)),
            gross=Sum("amount_minor", filter=Q(status__in=PAID), default=0),
            cost=Sum("processing_fee_minor", filter=Q(status__in=PAID), default=0),
        )
        .order_by("-gross", "currency")
    )
    found = [CutRow(str(key or ""), *rest) for key, *rest in rows]
    return _named(found) if by is Cut.ACCOUNT else found


def days_of(*, start: date, end: date, cluster: str = "", currency: str = "") -> list[DayRow]:
    """Return a row for each day and currency on which a payment was started."""
    rows = (
        _started(start, end, cluster, currency)
        .annotate(day=TruncDate("created_at", tzinfo=UTC))
        .values_list("day", "currency")
        .annotate(
            started=Count("id"),
            captured=Count("id", filter=Q(status__in=PAID)),
            declined=Count("id", filter=Q(status=Status.FAILED)),
            gross=Sum("amount_minor", filter=Q(status__in=PAID), default=0),
        )
        .order_by("day", "currency")
    )
    return [DayRow(*row) for row in rows]


def _named(rows: list[CutRow]) -> list[CutRow]:
    names = {
        str(account.pk): str(account)
        for account in MerchantAccount.objects.filter(pk__in=[row.key for row in rows if row.key])
    }
    return [row._replace(key=names.get(row.key, "")) for row in rows]


def _started(start: date, end: date, cluster: str, currency: str) -> QuerySet[Transaction]:
    """Name the brands, all if need be: the index of payments by time begins with the brand."""
    brands = Cluster.objects.filter(slug=cluster) if cluster else Cluster.objects.all()
    found = Transaction.objects.filter(
        cluster__in=list(brands.values_list("pk", flat=True)),
        created_at__gte=datetime.combine(start, time(), UTC),
        created_at__lt=datetime.combine(end + timedelta(days=1), time(), UTC),
    )
    return found.filter(currency=currency) if currency else found
