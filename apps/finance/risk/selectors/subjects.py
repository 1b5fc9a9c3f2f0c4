"""What was thought of one payment."""

from __future__ import annotations

from apps.finance.risk.models import Assessment


def assessment_of(subject: str) -> Assessment | None:
    """Return the assessment of a payment, if there is one."""
    return Assessment.objects.filter(subject=subject).first()
