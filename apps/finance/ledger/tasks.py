"""What beat starts (fanz/settings/beat.py)."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.finance.ledger import services as ledger


@shared_task(name="ledger.check_books")
def check_books(**_: Any) -> None:
    """Prove the books and log an error when they are wrong."""
    ledger.check_books(now=timezone.now())


@shared_task(name="ledger.expire_holds")
def expire_holds(**_: Any) -> None:
    """Give back the holds whose time is over."""
    ledger.expire_holds(now=timezone.now())
