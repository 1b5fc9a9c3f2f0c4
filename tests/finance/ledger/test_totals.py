"""What moved and what stood, by accounting date: always the same as a scan of all lines."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import transaction

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.selectors import BalanceRow, MovementRow

pytestmark = pytest.mark.django_db


def deposit(number: int, *, on: date, now: datetime, cluster: str = "boyfanz") -> None:
    """10.00 by card into the wallet of profile 3, of which the processor keeps 0.50."""
    draft = postings.wallet_deposit(
        transaction_id=number,
        fan_id=3,
        gateway="ccbill",
        amount=Money(10_00, "USD"),
        processing_fee=Money(50, "USD"),
        cluster=cluster,
    )
    with transaction.atomic():
        ledger.post(draft._replace(effective_on=on), now=now)


@pytest.fixture(autouse=True)
def _books(now: datetime) -> None:
    deposit(1, on=date(2025, 12, 31), now=now)
    deposit(2, on=date(2026, 1, 1), now=now)
    deposit(3, on=date(2026, 1, 31), now=now)
    deposit(4, on=date(2026, 1, 31), now=now, cluster="girlfanz")
    deposit(5, on=date(2026, 2, 1), now=now + timedelta(days=40))


class TestMovements:
    def test_are_those_dated_in_the_days_both_included(self) -> None:
        rows = books.movements(
            start=date(2026, 1, 1), end=date(2026, 1, 31), cluster="boyfanz", currency="USD"
        )

        assert [row for row in rows if row.code == "2000"] == [
            MovementRow("2000", "USD", "boyfanz", "WALLET_DEPOSIT", 0, 20_00, 2)
        ]
        assert sum(row.debits_minor - row.credits_minor for row in rows) == 0

    def test_of_an_owner_are_his_alone(self) -> None:
        assert books.owner_movements("profile:3", date(2026, 1, 31), date(2026, 2, 1)) == [
            MovementRow("2000", "USD", "boyfanz", "WALLET_DEPOSIT", 0, 20_00, 2),
            MovementRow("2000", "USD", "girlfanz", "WALLET_DEPOSIT", 0, 10_00, 1),
        ]


class TestBalances:
    def test_stand_at_the_end_of_the_day(self) -> None:
        rows = books.balances_on(on=date(2026, 1, 31), cluster="boyfanz", currency="USD")

        assert BalanceRow("2000", "USD", "boyfanz", 0, 30_00) in rows
        assert sum(row.debits_minor - row.credits_minor for row in rows) == 0

    def test_of_an_account_ask_by_date_or_by_what_was_known(self, now: datetime) -> None:
        wallet = postings.wallet(3)

        assert books.balance_as_of(wallet, "USD") == Money(50_00, "USD")
        assert books.balance_as_of(wallet, "USD", on=date(2026, 1, 30)) == Money(20_00, "USD")
        assert books.balance_as_of(wallet, "USD", posted_before=now + timedelta(days=1)) == Money(
            40_00, "USD"
        )
        assert books.balance_as_of(wallet, "USD", on=date(2026, 1, 1), posted_before=now) == Money(
            0, "USD"
        )
