"""The outbox's tasks: one message after its commit, and the ticks."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.core import events


@shared_task(name="core.deliver_event")
def deliver_event(*, message_id: int, **_: Any) -> bool:
    """After the commit that published the event."""
    return events.deliver(message_id, now=timezone.now())


@shared_task(name="core.deliver_events")
def deliver_events(*, first: int, last: int, **_: Any) -> int:
    """After the commit that published many events at once."""
    return events.deliver_range(first, last, now=timezone.now())


@shared_task(name="core.sweep_outbox")
def sweep_outbox(**_: Any) -> int:
    """Every 10 seconds (fanz/settings/beat.py)."""
    return events.sweep(now=timezone.now())


@shared_task(name="core.forget_delivered")
def forget_delivered(**_: Any) -> int:
    """Every hour (fanz/settings/beat.py)."""
    return events.forget_delivered(now=timezone.now())
