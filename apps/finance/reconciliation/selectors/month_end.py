"""What must be reconciled before a month of the books is closed (settings.LEDGER_CHECKLIST)."""

from __future__ import annotations

from datetime import date, datetime

from apps.finance.ledger.selectors import ChecklistItem
from apps.finance.reconciliation.choices import State
from apps.finance.reconciliation.models import Statement


def month_end(first: date, last: date, now: datetime) -> list[ChecklistItem]:
    """Return whether every statement that ends in the month is reconciled."""
    waiting = (
        Statement.objects.filter(period_end__range=(first, last), received_at__lte=now)
        .exclude(state__in=[State.COMPLETE, State.REFUSED])
        .count()
    )
    return [
        ChecklistItem(
            "reconciliation",
            "Every statement of the month is reconciled",
            not waiting,
            f"{waiting} statements are not." if waiting else "",
        )
    ]
