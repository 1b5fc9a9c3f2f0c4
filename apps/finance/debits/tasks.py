"""What the clock does with bank payments. Each task is one service call."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.finance.debits import services as debits


@shared_task(name="debits.make_files", acks_late=True)
def make_files(**_: Any) -> int:
    """Every 5 minutes (fanz/settings/beat.py)."""
    return debits.make_files(now=timezone.now())


@shared_task(name="debits.apply_news", acks_late=True)
def apply_news(**_: Any) -> int:
    """Every 15 seconds (fanz/settings/beat.py)."""
    return debits.apply_waiting(now=timezone.now())


@shared_task(name="debits.settle_due", acks_late=True)
def settle_due(**_: Any) -> int:
    """Every 5 minutes (fanz/settings/beat.py)."""
    return debits.settle_due(now=timezone.now())


@shared_task(name="debits.expire_transfers", acks_late=True)
def expire_transfers(**_: Any) -> int:
    """Every hour (fanz/settings/beat.py)."""
    return debits.expire_transfers(now=timezone.now())


@shared_task(name="debits.send_files", acks_late=True)
def send_files(**_: Any) -> int:
    """Every minute (fanz/settings/beat.py)."""
    return debits.send_files(now=timezone.now())


@shared_task(name="debits.fetch_files", acks_late=True)
def fetch_files(**_: Any) -> int:
    """Every 5 minutes (fanz/settings/beat.py)."""
    return debits.fetch_files(now=timezone.now())


@shared_task(name="debits.prove_accounts", acks_late=True)
def prove_accounts(**_: Any) -> int:
    """Every 5 minutes (fanz/settings/beat.py)."""
    return debits.prove_accounts(now=timezone.now())


@shared_task(name="debits.measure_returns", acks_late=True)
def measure_returns(**_: Any) -> int:
    """Every hour (fanz/settings/beat.py)."""
    return debits.measure_returns(now=timezone.now())
