"""What beat starts (fanz/settings/beat.py)."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.finance.risk import services as risk


@shared_task(name="risk.forget")
def forget(**_: Any) -> int:
    """Empty old addresses and delete what is older than any dispute."""
    return risk.forget(now=timezone.now())


@shared_task(name="risk.run_back_tests")
def run_back_tests(**_: Any) -> int:
    """Take tests of rules that staff asked for a stretch further."""
    return risk.run_back_tests(now=timezone.now())
