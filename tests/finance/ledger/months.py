"""What the tests of months share: a tip on a day, a month closed and opened again."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from apps.accounts.models import User
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Entry, Period

NOVEMBER, DECEMBER, JANUARY = date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1)


def tip(number: int, *, on: date, now: datetime, cluster: str = "boyfanz") -> Entry:
    """10.00 by card: 1.00 for us, 0.50 for the processor, 8.50 for the creator."""
    draft = postings.tip_by_card(
        transaction_id=number,
        creator_id=7,
        gateway="ccbill",
        amount=Money(10_00, "USD"),
        platform_fee=Money(1_00, "USD"),
        processing_fee=Money(50, "USD"),
        cluster=cluster,
    )
    with transaction.atomic():
        posted = ledger.post(draft._replace(effective_on=on), now=now)
    return Entry.objects.get(pk=posted.entry_id)


def close(month: date, by: User, now: datetime) -> Period:
    ledger.start_closing(month=month, by=by, now=now)
    ledger.roll_forward(now=now)
    ledger.check_books(now=now)
    return ledger.close_period(month=month, by=by, now=now)


def reopen(month: date, by: User, second: User, now: datetime) -> Period:
    with transaction.atomic():
        return ledger.reopen_period(
            month=month, by=by, approved_by=second, reason="late invoice", now=now
        )


def standing(code: str, on: date) -> int:
    return sum(
        r.debits_minor - r.credits_minor for r in books.balances_on(on=on) if r.code == code
    )
