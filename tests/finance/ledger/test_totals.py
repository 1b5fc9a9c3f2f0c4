"""What moved and what stood, by accounting date: always the same as a scan of all lines."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


# --- The same as a scan of all lines ----------------------------------------------------------
SIDES = """coalesce(sum(l.amount_minor) FILTER (WHERE l.amount_minor > 0), 0)::bigint,
           coalesce(-sum(l.amount_minor) FILTER (WHERE l.amount_minor < 0), 0)::bigint"""
LINES = """FROM ledger_line l JOIN ledger_entry e ON e.id = l.entry_id
           JOIN ledger_account a ON a.id = l.account_id"""


def scan(what: str, where: str, *values: Any) -> list[tuple[object, ...]]:
    columns = what.count(",")
    keys = ", ".join(str(i + 1) for i in range(columns))
    with connection.cursor() as cursor:
        count = ", count(*)" if "e.kind" in what else ""
        cursor.execute(
            f"SELECT {what} {SIDES} {count} {LINES} WHERE {where} GROUP BY {keys} ORDER BY {keys}",
            values,
        )
        rows: list[tuple[object, ...]] = cursor.fetchall()
    return rows


def assert_same_as_scan(start: date, end: date, moments: list[datetime]) -> None:
    moved = "a.code, l.currency, e.cluster, e.kind,"
    assert books.movements(start=start, end=end) == scan(
        moved, "l.effective_on BETWEEN %s AND %s", start, end
    )
    assert books.balances_on(on=end, cluster="boyfanz") == scan(
        "a.code, l.currency, e.cluster,",
        "l.effective_on <= %s AND e.cluster = 'boyfanz'",
        end,
    )
    for owner in ("profile:3", "processor:ccbill"):
        assert books.owner_movements(owner, start, end) == scan(
            moved, "a.owner = %s AND l.effective_on BETWEEN %s AND %s", owner, start, end
        )
    for account in (
        postings.wallet(3),
        postings.processor_clearing("ccbill"),
        postings.PROCESSOR_FEES_PAYABLE,
    ):
        for moment in [None, *moments]:
            ((_, debits, credits_),) = scan(
                "a.code,",
                "a.code = %s AND a.owner = %s AND l.effective_on <= %s"
                " AND (%s::timestamptz IS NULL OR e.posted_at < %s)",
                *account,
                end,
                moment,
                moment,
            ) or [("", 0, 0)]
            net = int(str(debits)) - int(str(credits_))
            sign = 1 if account.code == "1100" else -1
            assert books.balance_as_of(account, "USD", on=end, posted_before=moment) == Money(
                sign * net, "USD"
            )


_numbers = iter(range(1000, 10**9))
DAYS = st.dates(date(2025, 11, 20), date(2026, 3, 10))


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    posted=st.lists(
        st.tuples(DAYS, st.integers(0, 90), st.sampled_from(["boyfanz", "girlfanz"])), max_size=6
    ),
    rolled=st.sampled_from([0, 1, 2, 25]),
    limit=st.integers(1, 8),
    days=st.tuples(DAYS, DAYS),
)
def test_answers_are_those_of_a_scan_however_far_the_books_are_rolled(
    now: datetime,
    posted: list[tuple[date, int, str]],
    rolled: int,
    limit: int,
    days: tuple[date, date],
) -> None:
    for day, after, cluster in posted:
        deposit(next(_numbers), on=day, now=now + timedelta(days=after), cluster=cluster)
    ledger.roll_forward(now=now, passes=rolled, limit=limit)

    assert_same_as_scan(min(days), max(days), [now, now + timedelta(days=45)])


def test_a_question_about_totals_reads_none_of_the_rolled_lines(now: datetime) -> None:
    ledger.roll_forward(now=now)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE ledger_line SET amount_minor = amount_minor * 7")
        cursor.execute("SET LOCAL session_replication_role = origin")

    rows = books.movements(start=date(2026, 1, 1), end=date(2026, 1, 31), cluster="boyfanz")

    assert MovementRow("2000", "USD", "boyfanz", "WALLET_DEPOSIT", 0, 20_00, 2) in rows
