"""What beat starts (fanz/settings/beat.py)."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.finance.routing import services as routing


@shared_task(name="routing.run_replays")
def run_replays(**_: Any) -> int:
    """Take replays that staff asked for a stretch further."""
    return routing.run_replays(now=timezone.now())


@shared_task(name="routing.forget_decisions")
def forget_decisions(**_: Any) -> int:
    """Delete decisions older than any dispute."""
    return routing.forget_decisions(now=timezone.now())
