"""A month is not closed while the outcome of one of its payments is unknown."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from apps.accounts.models import Profile
from apps.finance.ledger import selectors as books
from apps.finance.payments.choices import Status
from apps.finance.payments.selectors.month_end import month_end
from tests import given

JANUARY, LAST = date(2026, 1, 1), date(2026, 1, 31)


@pytest.mark.parametrize(
    ("month", "end", "done"),
    [(JANUARY, LAST, False), (date(2025, 12, 1), date(2025, 12, 31), True)],
)
def test_an_unknown_outcome_keeps_its_month_open(
    fan: Profile, now: datetime, month: date, end: date, done: bool
) -> None:
    deposit = given.an_unknown_payment(given.a_deposit(fan, now=now), now=now)
    assert deposit.status == Status.UNKNOWN

    (item,) = month_end(month, end, now + timedelta(days=30))

    assert item.is_done is done
    assert item.detail == ("" if done else "1 payments have an unknown outcome.")


def test_the_checklist_of_the_books_asks_payments_and_reconciliation(
    fan: Profile, now: datetime
) -> None:
    keys = [item.key for item in books.checklist_of(JANUARY, now=now)]

    assert keys[-2:] == ["payments", "reconciliation"]
