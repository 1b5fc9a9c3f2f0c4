"""What payments of one kind took and gave back in a stretch of time, for higher apps to sum up."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from apps.finance.payments.choices import PAID, Kind
from apps.finance.payments.models import Refund, Transaction
from apps.finance.payments.rules.refunds import RefundState


def captured_between(*, kind: Kind, since: datetime, until: datetime) -> QuerySet[Transaction]:
    """Return the payments of a kind whose money was taken from ``since`` on, before ``until``."""
    return Transaction.objects.filter(
        kind=kind, status__in=PAID, captured_at__gte=since, captured_at__lt=until
    )


def refunded_between(*, kind: Kind, since: datetime, until: datetime) -> QuerySet[Refund]:
    """Return the refunds of payments of a kind that were done from ``since`` on."""
    return Refund.objects.filter(
        transaction__kind=kind,
        state=RefundState.DONE,
        ended_at__gte=since,
        ended_at__lt=until,
    )
