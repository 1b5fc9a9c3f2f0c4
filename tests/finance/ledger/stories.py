"""The worked examples as an accountant writes them."""

from __future__ import annotations

from datetime import date, datetime

from apps.core.money import Money
from apps.finance.ledger.choices import PeriodState
from apps.finance.ledger.models import Period
from apps.finance.ledger.postings import Draft
from apps.finance.ledger.postings.examples import STORY


def journal(draft: Draft) -> list[str]:
    """Write the movements of a draft: ``Dr 1100 processor:ccbill 50.00``."""
    return [
        f"{'Dr' if m.amount.minor > 0 else 'Cr'} {m.account.code} {m.account.owner}".strip()
        + f" {Money(abs(m.amount.minor), m.amount.currency).decimal}"
        for m in draft.movements
    ]


def told(topic: str) -> list[tuple[str, str, list[str]]]:
    """Return title, source and lines of every example of a topic, in their order."""
    return [
        (example.title, example.draft.source, journal(example.draft))
        for example in STORY
        if example.topic == topic
    ]


def month_in(state: PeriodState, *, month: date, now: datetime) -> None:
    """Bring a month into a state, step by step, without the list of what must be true before."""
    period = Period.objects.create(month=month)
    period.state = PeriodState.CLOSING
    period.save()
    if state == PeriodState.CLOSED:
        period.state, period.closed_at = PeriodState.CLOSED, now
        period.save()
