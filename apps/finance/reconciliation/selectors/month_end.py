"""What must be reconciled before a month of the books is closed (settings.LEDGER_CHECKLIST)."""

from __future__ import annotations

from datetime import date, datetime

from apps.finance.ledger.selectors import ChecklistItem
from apps.finance.reconciliation.selectors.workbench import unproven_in


def month_end(first: date, last: date, now: datetime) -> list[ChecklistItem]:
    """Return whether complete statements of every source in use cover the whole month."""
    del now
    found = unproven_in(start=first, end=last)
    return [
        ChecklistItem(
            "reconciliation",
            "Every statement of the month is reconciled",
            not found,
            "; ".join(f"{source}: {why}" for source, why in found) + "." if found else "",
        )
    ]
