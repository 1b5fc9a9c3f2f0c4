"""The ticks of mail (fanz/settings/beat.py)."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.notifications import services as notifications


@shared_task(name="notifications.send_due", acks_late=True)
def send_due(**_: Any) -> int:
    """Every five seconds."""
    return notifications.send_due(now=timezone.now())


@shared_task(name="notifications.empty_old", acks_late=True)
def empty_old(**_: Any) -> int:
    """Every hour."""
    return notifications.empty_old(now=timezone.now())
