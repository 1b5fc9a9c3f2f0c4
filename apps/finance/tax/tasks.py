"""What beat starts (fanz/settings/beat.py)."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.finance.tax import services as tax


@shared_task(name="tax.make_statements")
def make_statements(**_: Any) -> int:
    """Make yearly statements that were asked for (docs/runbooks/yearly-statements.md)."""
    return tax.make_statements(now=timezone.now())
