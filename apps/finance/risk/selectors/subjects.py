"""What was thought of one payment."""

from __future__ import annotations

from datetime import datetime

from apps.finance.risk.choices import ReviewState
from apps.finance.risk.models import Assessment


def assessment_of(subject: str) -> Assessment | None:
    """Return the assessment of a payment, if there is one."""
    return Assessment.objects.filter(subject=subject).first()


def waiting_since(limit: int) -> list[datetime]:
    """Return since when payments wait for a person, the oldest first, at most so many."""
    waiting = Assessment.objects.filter(review=ReviewState.WAITING).order_by("id")
    return list(waiting.values_list("at", flat=True)[:limit])
