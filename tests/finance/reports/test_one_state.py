"""Every report is of one state of the books, however much is posted while it is made."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count

import pytest
from django.db import connection, transaction
from django.db.utils import InternalError

from apps.core.db import one_state, reads_one_state
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.ledger.selectors import accounts, general
from apps.finance.reports import selectors
from apps.finance.reports.rules.periods import period_named
from apps.finance.reports.rules.statements import Figure, Scope
from tests.factories.accounts import CreatorFactory
from tests.finance.reports.conftest import card_tip, usd

pytestmark = pytest.mark.django_db(transaction=True)

MARCH = period_named("2026-03")
NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
NUMBERS = count(1)


def sell(creator: int) -> None:
    """Sell, pay out of it, and pay in capital: every report moves."""
    number = next(NUMBERS)
    with transaction.atomic():
        ledger.post_many(
            [
                card_tip(number, creator, usd("10.00"), usd("2.00"), usd("0.50"), "boyfanz"),
                postings.capital_paid_in(payment_id=number, bank="main", amount=usd("3.00")),
            ],
            now=NOW,
        )


@contextmanager
def posting(creator: int, *, sellers: int = 2) -> Iterator[None]:
    """Post as fast as two threads can, and roll forward beside it."""
    over = threading.Event()
    faults: list[BaseException] = []

    def loop(step: Callable[[], object]) -> None:
        try:
            while not over.is_set():
                step()
        except Exception as fault:  # noqa: BLE001 - shown by the test
            faults.append(fault)
        finally:
            connection.close()

    steps = [lambda: sell(creator)] * sellers + [lambda: ledger.roll_forward(now=NOW)]
    threads = [threading.Thread(target=loop, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not faults


@pytest.fixture
def seller(transactional_db: None) -> int:
    profile = CreatorFactory.create()
    sell(profile.pk)
    return profile.pk


@pytest.mark.parametrize(
    "report",
    [
        selectors.balance_sheet,
        selectors.cash_flow,
        selectors.profit_and_loss,
        selectors.trial_balance,
    ],
)
def test_a_statement_proves_itself_while_others_post(seller, report):
    with posting(seller):
        made = [report(Scope(period=MARCH, compared=MARCH)) for _ in range(12)]

    assert all(each.is_proved for each in made)
    assert made[0] != made[-1]
    for each in made:
        for row in each.sheet("USD").rows:
            half = len(row.figures) // 2
            assert _amounts(row.figures[:half]) == _amounts(row.figures[half:])


def _amounts(figures: Sequence[Figure]) -> list[Money]:
    return [figure.amount for figure in figures]


def test_a_creators_statement_does(seller):
    creator = selectors.creator_by_id(seller)
    assert creator is not None
    with posting(seller):
        made = [selectors.creator_statement(profile=creator, period=MARCH) for _ in range(12)]

    assert all(each.is_proved for each in made)
    assert all(
        each.sheets[0].fees.minor * 3 == each.sheets[0].closing.total.minor for each in made
    )
    assert made[0] != made[-1]


def test_an_accounts_page_adds_up(seller):
    (account,) = accounts.accounts_of(codes=("2100",), owner=f"profile:{seller}")
    with posting(seller):
        pages = [
            accounts.statement_page(account, start=MARCH.start, end=MARCH.end, limit=10**6)
            for _ in range(12)
        ]

    for page in pages:
        assert page.lines[-1].balance == page.closing
        assert page.opening == usd("0.00")


def test_files_of_lines_add_up(seller):
    (account,) = accounts.accounts_of(codes=("2100",), owner=f"profile:{seller}")
    wanted = general.Wanted(start=MARCH.start, end=MARCH.end)
    with posting(seller):
        for _ in range(6):
            whole = list(general.general_ledger_lines(wanted))
            own = list(general.statement_lines(account, start=date(2026, 3, 9), end=MARCH.end))
            assert sum(line.amount.minor for line in whole) == 0
            assert own[-1].balance == sum((line.amount for line in own), usd("0.00"))


def test_the_analytics_and_their_series_are_of_one_state(seller, console):
    finance = console("finance")
    asked = {"period": "2026-03", "step": "month", "currency": "USD", "format": "csv"}
    with posting(seller):
        answers = [finance.get("/api/v1/reports/analytics/", asked) for _ in range(8)]
        files = [b"".join(answer.streaming_content).decode() for answer in answers]

    for text in files:
        rows = {row["cut"]: row for row in csv.DictReader(io.StringIO(text))}
        assert Decimal(rows["revenue"]["amount"]) == Decimal(rows["series_revenue"]["amount"]) > 0


class TestOneState:
    def test_writes_nothing(self):
        with pytest.raises(InternalError, match="read-only"), one_state():
            connection.cursor().execute("CREATE TABLE nothing (id int)")

    def test_a_part_joins_the_whole(self):
        with one_state():
            with one_state(), connection.cursor() as cursor:
                cursor.execute("SHOW transaction_isolation")
                assert cursor.fetchone() == ("repeatable read",)
            assert connection.in_atomic_block
        assert not connection.in_atomic_block

    def test_comes_too_late_in_a_transaction_that_sees_what_others_commit(self):
        called = reads_one_state(lambda: None)
        with pytest.raises(RuntimeError, match="one state"), transaction.atomic():
            called()
