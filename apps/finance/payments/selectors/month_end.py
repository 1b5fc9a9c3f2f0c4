"""What payments have to do before a month of the books is closed (settings.LEDGER_CHECKLIST)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from apps.finance.ledger.selectors import ChecklistItem
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Transaction


def month_end(first: date, last: date, now: datetime) -> list[ChecklistItem]:
    """Return whether the outcome of every payment begun in the month is known."""
    since = datetime.combine(first, time.min, UTC)
    until = datetime.combine(last + timedelta(days=1), time.min, UTC)
    unknown = Transaction.objects.filter(
        status=Status.UNKNOWN, created_at__gte=since, created_at__lt=min(until, now)
    ).count()
    return [
        ChecklistItem(
            "payments",
            "The outcome of every payment is known",
            not unknown,
            f"{unknown} payments have an unknown outcome." if unknown else "",
        )
    ]
