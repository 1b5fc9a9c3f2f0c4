"""The demo's exchange rates, and its months closed as finance closes them."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from apps.accounts.models import User
from apps.finance.fx import services as fx
from apps.finance.ledger import errors as ledger_errors
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger

SOURCE = "DEMO"
#: What one is worth in dollars on the first day, in ten thousandths.
AROUND = {"EUR": 10_850, "GBP": 12_700}
MOST_A_DAY = 40


def record_demo_rates(*, first: date, now: datetime) -> None:
    """Record a made-up rate for every day up to today. Safe to repeat."""
    rows = []
    for base, at in AROUND.items():
        dice = random.Random(f"rates:{base}:{first}")  # noqa: S311  (a play, not a secret)
        worth = at
        for n in range((now.date() - first).days + 1):
            rows.append(fx.Quoted(base, "USD", first + timedelta(days=n), Decimal(worth) / 10_000))
            # Back towards where it began, or a long demo would end anywhere.
            worth += dice.randint(-MOST_A_DAY, MOST_A_DAY) + (at - worth) // 50
    with transaction.atomic():
        fx.record_rates(rows=rows, source=SOURCE, by=None, reason="Demo", now=now)


def close_demo_months(*, until: date, by: User, now: datetime) -> None:
    """Close every month before that of ``until`` but the last, whose closing is only started.

    A month whose checklist is not done stays as it is: finance finds it in the console.
    """
    last_open = until.replace(day=1)
    while (month := books.next_to_close()) is not None and month < last_open:
        ledger.start_closing(month=month, by=by, now=now)
        if (month + timedelta(days=31)).replace(day=1) == last_open:
            return
        try:
            ledger.close_period(month=month, by=by, now=now)
        except ledger_errors.ChecklistNotDone:
            return
