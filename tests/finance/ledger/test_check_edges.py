"""The check of the books is content at the very edge of what is allowed."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Entry
from tests.finance.ledger.test_spenders import fund, tip

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_wallet_spent_to_the_last_cent_is_right(now: datetime) -> None:
    fund(1, 5_00, now)
    ledger.post_alone(tip(1, 1, 2, 5_00), now=now)

    assert books.balance_of(postings.wallet(1), "USD") == Money(0, "USD")
    assert ledger.check_books(now=now).findings == []


def test_a_wallet_held_to_the_last_cent_is_right(now: datetime) -> None:
    fund(1, 5_00, now)
    ledger.place_hold(
        account=postings.wallet(1), amount=Money(5_00, "USD"), source="edge", now=now
    )

    assert books.available_of(postings.wallet(1), "USD") == Money(0, "USD")
    assert ledger.check_books(now=now).findings == []


def test_tables_the_planner_does_not_know_are_measured_first(now: datetime) -> None:
    """As after a restore: the check joined blindly what it had never measured."""
    for owner in range(1, 6):
        fund(owner, 5_00, now)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_class SET reltuples = -1 WHERE relname = 'ledger_entry'")

        assert ledger.check_books(now=now).ok

        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'ledger_entry'")
        assert cursor.fetchone() == (Entry.objects.count(),)
