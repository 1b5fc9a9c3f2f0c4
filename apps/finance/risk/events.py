"""What risk tells higher apps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True)
class RiskReviewed(Event):
    """A person has decided about a payment that waited. ``subject`` is the payment's, as it was
    given to ``assess``."""

    name: ClassVar[str] = "risk.reviewed"
    assessment_id: int
    subject: str
    cluster: str
    approved: bool
    by_id: int
    reason: str
