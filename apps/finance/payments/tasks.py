"""The ticks of payments (fanz/settings/beat.py)."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.finance.payments import services as payments
from apps.finance.payments.services.route import sync_routes as tell_routing


@shared_task(name="payments.process_webhooks", acks_late=True)
def process_webhooks(**_: Any) -> int:
    """Every few seconds, and right after a webhook was stored."""
    return payments.process_webhooks(now=timezone.now())


@shared_task(name="payments.empty_webhooks", acks_late=True)
def empty_webhooks(**_: Any) -> int:
    """Every hour."""
    return payments.empty_webhooks(now=timezone.now())


@shared_task(name="payments.resolve_stale", acks_late=True)
def resolve_stale(**_: Any) -> int:
    """Every minute."""
    return payments.resolve_stale(now=timezone.now())


@shared_task(name="payments.sync_routes")
def sync_routes(**_: Any) -> int:
    """Tell routing, every minute, which accounts its rules may name."""
    return tell_routing(now=timezone.now())
