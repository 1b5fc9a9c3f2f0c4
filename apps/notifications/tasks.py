"""The ticks of mail (fanz/settings/beat.py)."""

from pathlib import Path
from typing import Any

from celery import shared_task
from django.conf import settings
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


@shared_task(name="notifications.read_returned", acks_late=True)
def read_returned(**_: Any) -> int:
    """Every minute; nothing where no box is named (MAIL_RETURN_BOX)."""
    box = settings.MAIL_RETURN_BOX
    return notifications.read_returned(box=Path(box), now=timezone.now()) if box else 0
