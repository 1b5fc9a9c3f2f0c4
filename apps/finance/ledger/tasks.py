"""What beat starts (fanz/settings/beat.py)."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.finance.ledger import services as ledger


@shared_task(name="ledger.check_books")
def check_books(**_: Any) -> None:
    """Prove what is new and a slice of the rest; log an error when the books are wrong."""
    ledger.check_slice(now=timezone.now())


@shared_task(name="ledger.prove_books")
def prove_books(**_: Any) -> None:
    """Prove all of the books."""
    ledger.check_books(now=timezone.now())


@shared_task(name="ledger.roll_forward")
def roll_forward(**_: Any) -> None:
    """Add what was posted to the totals and the chain."""
    ledger.roll_forward(now=timezone.now())


@shared_task(name="ledger.expire_holds")
def expire_holds(**_: Any) -> None:
    """Give back the holds whose time is over."""
    ledger.expire_holds(now=timezone.now())


@shared_task(name="ledger.expire_proposals")
def expire_proposals(**_: Any) -> None:
    """End the proposals that nobody decided in time."""
    ledger.expire_proposals(now=timezone.now())
