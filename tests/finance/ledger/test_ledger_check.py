"""The proof finds what somebody with the power to switch the guards off has done."""

# ruff: noqa: E501

from __future__ import annotations

import json
from datetime import datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books(now: datetime) -> None:
    amount = Money(100_00, "USD")
    with transaction.atomic():
        for i in (1, 2):
            ledger.post(
                postings.wallet_deposit(
                    transaction_id=i,
                    fan_id=3,
                    gateway="ccbill",
                    amount=amount,
                    processing_fee=Money(5_00, "USD"),
                    cluster="boyfanz",
                ),
                now=now,
            )


def as_owner(sql: str) -> None:
    """Do what the guards refuse, as only the owner of the tables can."""
    tables = ("ledger_entry", "ledger_line", "ledger_balance", "ledger_account")
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(sql)
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


class TestCheckBooks:
    def test_proves_true_books(self, now: datetime) -> None:
        check = ledger.check_books(now=now)

        assert (check.ok, check.entries, check.lines, check.findings) == (True, 2, 8, [])
        assert books.last_check() == check

    @pytest.mark.parametrize(
        ("sql", "rule"),
        [
            ("UPDATE ledger_line SET amount_minor = 9 WHERE n = 1", "every entry sums to zero in every currency"),
            ("DELETE FROM ledger_line WHERE n = 4", "every entry has exactly the lines it counts"),
            ("DELETE FROM ledger_entry WHERE source = 'transaction:1:captured'", "every line belongs to an entry of its day"),
            ("UPDATE ledger_line SET account_id = 999999 WHERE n = 1", "every line is on an account of its currency"),
            ("UPDATE ledger_balance SET credits_minor = credits_minor + 1", "every balance is the sum of its lines"),
            ("DELETE FROM ledger_balance WHERE stripe = 15", "every account has its balance rows, with its bound and state"),
            ("UPDATE ledger_balance SET bound = 0, debits_minor = 999999 WHERE bound = 1", "no account is overdrawn that may not be"),
            ("UPDATE ledger_account SET allows_overdraft = true", "every account is what the chart of the database says"),
        ],
    )  # fmt: skip
    def test_finds_what_was_done(self, now: datetime, sql: str, rule: str, caplog) -> None:
        as_owner(sql)

        check = ledger.check_books(now=now)

        assert not check.ok
        assert rule in {finding["rule"] for finding in check.findings}
        assert "ledger.books_do_not_balance" in caplog.text

    def test_finds_a_guard_that_is_off(self, now: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ledger_line DISABLE TRIGGER ledger_line_balances")

        check = ledger.check_books(now=now)

        assert check.findings == [
            {
                "rule": "every guard of the tables is on",
                "what": "trigger ledger_line_balances on ledger_line",
            }
        ]


class TestCommand:
    def test_says_yes_and_exits_0(self) -> None:
        out = StringIO()

        call_command("ledger_check", stdout=out)

        assert out.getvalue() == "The books balance: 2 entries, 8 lines checked.\n"

    def test_exits_1_with_what_it_found(self) -> None:
        as_owner("UPDATE ledger_balance SET debits_minor = debits_minor + 1 WHERE bound = 1")
        out = StringIO()

        with pytest.raises(SystemExit) as exit_:
            call_command("ledger_check", "--json", stdout=out)

        assert exit_.value.code == 1
        answer = json.loads(out.getvalue())
        assert not answer["ok"]
        assert answer["findings"][0]["rule"] == "every balance is the sum of its lines"
