"""What routing is told about accounts by the apps above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from apps.finance.routing.models import Route


@dataclass(frozen=True, slots=True)
class RouteRow:
    account_id: int
    gateway: str
    label: str
    cluster: str
    currency: str
    is_active: bool


@transaction.atomic
def sync_routes(*, rows: Sequence[RouteRow], now: datetime) -> int:
    """Make the accounts that rules may name equal to ``rows``; one no longer named is inactive.

    Ratios stay. Repeating changes nothing but when they were seen.
    """
    Route.objects.bulk_create(
        [
            Route(
                account_id=row.account_id,
                gateway=row.gateway,
                label=row.label[:120],
                cluster=row.cluster,
                currency=row.currency,
                is_active=row.is_active,
                seen_at=now,
            )
            for row in rows
        ],
        update_conflicts=True,
        unique_fields=["account_id"],
        update_fields=["gateway", "label", "cluster", "currency", "is_active", "seen_at"],
    )
    Route.objects.exclude(account_id__in=[row.account_id for row in rows]).filter(
        is_active=True
    ).update(is_active=False)
    return len(rows)


def note_ratio(
    *, account_id: int, ratio_bps: int, limit_bps: int, programme: str, now: datetime
) -> bool:
    """Note how close an account is to a card network's limit; routing leaves it at 90 %.

    The newest measurement counts. Returns False for an account that is not known yet.
    """
    return bool(
        Route.objects.filter(account_id=account_id).update(
            ratio_bps=ratio_bps,
            ratio_limit_bps=limit_bps,
            ratio_programme=programme[:20],
            ratio_at=now,
        )
    )
