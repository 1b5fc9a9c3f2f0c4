"""What the clock does with purchases. Each task is one service call."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.finance.purchases import services as purchases


@shared_task(name="purchases.follow_missed", acks_late=True)
def follow_missed(**_: Any) -> int:
    """Every 5 minutes (fanz/settings/beat.py)."""
    return purchases.follow_missed(now=timezone.now())
