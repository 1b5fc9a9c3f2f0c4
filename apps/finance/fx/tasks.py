"""What beat starts (fanz/settings/beat.py)."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.finance.fx import services as fx


@shared_task(name="fx.watch")
def watch(**_: Any) -> None:
    """Log an error when rates are too old or positions differ (runbook: exchange-rates)."""
    fx.watch(now=timezone.now())
