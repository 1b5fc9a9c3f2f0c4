"""The ticks of payments (fanz/settings/beat.py)."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.finance.payments import services as payments
from apps.finance.payments.services.deadlines import watch_deadlines as watch
from apps.finance.payments.services.debts import recover_debts as recover
from apps.finance.payments.services.refund_send import resolve_refunds as resolve
from apps.finance.payments.services.refund_send import send_refunds as send
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


@shared_task(name="payments.send_refunds", acks_late=True)
def send_refunds(**_: Any) -> int:
    """Every quarter of a minute, and right after one was approved."""
    return send(now=timezone.now())


@shared_task(name="payments.resolve_refunds", acks_late=True)
def resolve_refunds(**_: Any) -> int:
    """Ask, every half minute, what became of refunds whose outcome is not known."""
    return resolve(now=timezone.now())


@shared_task(name="payments.recover_debts", acks_late=True)
def recover_debts(**_: Any) -> int:
    """Every minute: creators' debts from what they have earned since."""
    return recover(now=timezone.now())


@shared_task(name="payments.watch_disputes", acks_late=True)
def watch_disputes(**_: Any) -> int:
    """Every five minutes: deadlines of disputes that come near, or were missed."""
    return watch(now=timezone.now())


@shared_task(name="payments.send_receipts", acks_late=True)
def send_receipts(**_: Any) -> int:
    """Every half minute, for as long as workers of the last release may run."""
    return payments.hand_over_receipts(now=timezone.now())
