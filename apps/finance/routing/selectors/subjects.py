"""What was decided about one payment."""

from __future__ import annotations

from apps.finance.routing.models import Decision


def decisions_of(subject: str, *, limit: int = 10) -> list[Decision]:
    """Return the decisions about a payment, oldest first."""
    return list(Decision.objects.filter(subject=subject).order_by("id")[:limit])
