"""What is known of people is kept as long as it serves, and no longer."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from apps.finance.risk.models import Assessment, BlockEntry

#: Velocity looks back 30 days, the usual 90; addresses serve nothing after that.
ADDRESSES_KEPT = timedelta(days=90)
#: The longest time limit of a chargeback (540 days) and some.
KEPT = timedelta(days=550)
BATCH = 5_000


@transaction.atomic
def forget(*, now: datetime) -> int:
    """Empty old addresses, delete assessments past KEPT and entries long off their lists.

    At most BATCH of each a call; returns how many rows were touched.
    """
    with_address = Assessment.objects.filter(
        ~Q(ip_hash="", network=""), at__lt=now - ADDRESSES_KEPT
    )
    emptied = Assessment.objects.filter(pk__in=_first(with_address.order_by("at"))).update(
        ip_hash="", network=""
    )
    old = Assessment.objects.filter(at__lt=now - KEPT).order_by("at", "id")
    deleted, _ = Assessment.objects.filter(pk__in=_first(old)).delete()
    over = BlockEntry.objects.filter(Q(removed_at__lt=now - KEPT) | Q(expires_at__lt=now - KEPT))
    gone, _ = BlockEntry.objects.filter(pk__in=_first(over.order_by("id"))).delete()
    return emptied + deleted + gone


def _first(rows: object) -> list[int]:
    return list(rows.values_list("pk", flat=True)[:BATCH])  # type: ignore[attr-defined]
