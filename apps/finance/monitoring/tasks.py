"""The tick of monitoring (fanz/settings/beat.py)."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.finance.monitoring import services as monitoring


@shared_task(name="monitoring.measure", acks_late=True)
def measure(**_: Any) -> int:
    """Every ten minutes."""
    return monitoring.measure(now=timezone.now())
