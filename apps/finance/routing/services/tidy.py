"""Decisions are kept as long as a payment can be disputed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from apps.finance.routing.models import Decision, Options

#: Longer than the longest time limit of a chargeback (540 days).
KEPT = timedelta(days=550)
BATCH = 5_000


@transaction.atomic
def forget_decisions(*, now: datetime) -> int:
    """Delete the oldest decisions past KEPT, and options that no decision names; return how many
    decisions. At most BATCH a call."""
    old = Decision.objects.filter(decided_at__lt=now - KEPT).order_by("decided_at", "id")
    ids = list(old.values_list("pk", flat=True)[:BATCH])
    gone, _ = Decision.objects.filter(pk__in=ids).delete()
    unused = Options.objects.filter(taken_at__lt=now - KEPT).exclude(
        Exists(Decision.objects.filter(options=OuterRef("pk")))
    )
    Options.objects.filter(pk__in=list(unused.values_list("pk", flat=True)[:BATCH])).delete()
    return gone
