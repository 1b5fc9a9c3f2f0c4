"""The ticks of outgoing webhooks (fanz/settings/beat.py)."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.webhooks import services as webhooks


@shared_task(name="webhooks.send_due", acks_late=True)
def send_due(**_: Any) -> int:
    """Every five seconds."""
    return webhooks.send_due(now=timezone.now())


@shared_task(name="webhooks.forget_old", acks_late=True)
def forget_old(**_: Any) -> int:
    """Every night."""
    return webhooks.forget_old(now=timezone.now())
