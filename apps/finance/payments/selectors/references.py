"""Under which name the gateway knows what we have booked."""

from __future__ import annotations

from datetime import date

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
