"""Under which name the gateway knows what we have booked."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Concat

from apps.finance.payments.choices import PAID
from apps.finance.payments.models import Transaction


def gateway_references(
    gateway: str, *, start: date, end: date
) -> QuerySet[Transaction, tuple[str, str]]:
    """Return the journal source and the gateway's reference of what it captured in those days."""
    return (
        Transaction.objects.filter(
            status__in=PAID, gateway=gateway, captured_at__date__range=(start, end)
        )
        .annotate(
            event=Concat(
                Value("transaction:"),
                Cast("pk", CharField()),
                Value(":captured"),
                output_field=CharField(),
            ),
            outside=F("gateway_reference"),
        )
        .values_list("event", "outside")
    )


def newest_sale(
    *, cluster: str, gateway: str, status: str, kind: str, before: datetime
) -> Transaction | None:
    """Return the newest payment in a state that was captured there before a moment."""
    return (
        Transaction.objects.filter(
            cluster__slug=cluster,
            gateway=gateway,
            status=status,
            kind=kind,
            captured_at__lt=before,
        )
        .order_by("-captured_at", "-id")
        .first()
    )
