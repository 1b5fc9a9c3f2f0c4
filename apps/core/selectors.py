"""Questions about the outbox."""

from __future__ import annotations

from datetime import datetime

from apps.core.models import OutboxMessage


def undelivered_events(*, before: datetime, limit: int) -> list[datetime]:
    """Return when the oldest events not yet delivered were recorded, ``limit`` at most."""
    return list(
        OutboxMessage.objects.filter(delivered_at__isnull=True, recorded_at__lt=before)
        .order_by("id")
        .values_list("recorded_at", flat=True)[:limit]
    )
