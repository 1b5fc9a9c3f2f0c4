"""What the clock does with statements. Each task is one service call."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.finance.reconciliation import services as reconciliation


@shared_task(name="reconciliation.load_statements", acks_late=True)
def load_statements(**_: Any) -> int:
    """Every 5 seconds (fanz/settings/beat.py)."""
    return reconciliation.load_waiting(now=timezone.now())


@shared_task(name="reconciliation.match_statements", acks_late=True)
def match_statements(**_: Any) -> int:
    """Every 5 seconds (fanz/settings/beat.py)."""
    return reconciliation.match_waiting(now=timezone.now())


@shared_task(name="reconciliation.match_again", acks_late=True)
def match_again(**_: Any) -> int:
    """Every hour (fanz/settings/beat.py)."""
    return reconciliation.match_open_again(now=timezone.now())
