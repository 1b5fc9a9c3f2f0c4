"""What the clock does with payouts. Each task is one service call."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.payouts import services as payouts


@shared_task(name="payouts.send_approved", acks_late=True)
def send_approved(**_: Any) -> int:
    """Every 15 seconds (fanz/settings/beat.py)."""
    return payouts.send_approved(now=timezone.now())


@shared_task(name="payouts.resolve_unknown", acks_late=True)
def resolve_unknown(**_: Any) -> int:
    """Every 30 seconds (fanz/settings/beat.py)."""
    return payouts.resolve_unknown(now=timezone.now())
