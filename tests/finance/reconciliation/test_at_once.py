"""Two people, two workers and kill -9: a line is matched once, a file is loaded once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from django.db import DatabaseError, connection, transaction

from apps.accounts.models import Profile, User
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.reconciliation import services as reconciliation
from apps.finance.reconciliation.choices import Counter as Other
from apps.finance.reconciliation.models import (
    BookItem,
    Match,
    ReconciliationException,
    Statement,
    StatementLine,
)
from tests.finance.reconciliation.given import a_matched, a_received, a_row, a_sale, a_source

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[3]
#: One tick, as the worker runs it.
TICK = """
import sys
from datetime import datetime
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[2]
from apps.finance.reconciliation import services
from apps.finance.reconciliation.services import load
load.BATCH = 50
services.load_waiting(now=datetime.fromisoformat(sys.argv[1]))
"""
PATIENCE_SECONDS = 60


def at_once(works: list[Callable[[], object]]) -> Counter[str]:
    """Run all in threads that start together; count how they ended."""
    gate = Barrier(len(works))

    def one(work: Callable[[], object]) -> str:
        gate.wait()
        try:
            work()
        except DomainError as error:
            return error.code
        except DatabaseError as error:
            return str(getattr(error.__cause__, "sqlstate", error))
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(works)) as pool:
        return Counter(pool.map(one, works))


def test_two_people_who_match_the_same_line_make_one_match(
    fan: Profile, creator: Profile, staff: Callable[..., User], now: datetime
) -> None:
    a_sale(fan, creator, "A", "25.00")
    a_sale(fan, creator, "B", "25.00")
    statement = a_matched(a_source(), a_row("X", "25.00"), now=now)
    line = StatementLine.objects.get()
    people = [staff("finance") for _ in range(6)]
    items = list(BookItem.objects.order_by("pk").values_list("pk", flat=True))

    ended = at_once([
        lambda i=i: reconciliation.match_by_hand(  # type: ignore[misc]
            statement_id=statement.pk, line_ids=[line.pk], item_ids=[items[i % 2]],
            by=people[i], reason="It is this.", now=now,
        )
        for i in range(6)
    ])  # fmt: skip

    assert ended == {"done": 1, "reconciliation.line_taken": 5}
    assert Match.objects.count() == 1


def test_past_all_services_the_database_lets_one_of_two_sessions_match_a_line(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "A", "25.00")
    a_sale(fan, creator, "B", "25.00")
    statement = a_matched(a_source(), a_row("X", "25.00"), now=now)
    line = StatementLine.objects.get()

    def take(item: int) -> None:
        match = Match.objects.create(
            source=statement.source, statement=statement, rule="BY_HAND", matched_at=now
        )
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "WITH i AS (UPDATE reconciliation_bookitem SET match_id = %s WHERE id = %s)"
                " UPDATE reconciliation_statementline SET match_id = %s WHERE id = %s",
                [match.pk, item, match.pk, line.pk],
            )
            time.sleep(0.2)

    items = BookItem.objects.values_list("pk", flat=True)
    ended = at_once([lambda pk=pk: take(pk) for pk in items])  # type: ignore[misc]

    assert ended == {"done": 1, "FR003": 1}
    assert BookItem.objects.filter(match__isnull=False).count() == 1


def test_two_people_who_post_the_same_difference_post_it_once(
    staff: Callable[..., User], now: datetime
) -> None:
    a_matched(a_source(), a_row("X", "25.00"), now=now)
    found = ReconciliationException.objects.get()
    people = [staff("finance") for _ in range(4)]

    ended = at_once([
        lambda by=by: reconciliation.post_difference(  # type: ignore[misc]
            exception_id=found.pk, counter=Other.SUSPENSE, effective_on=None, by=by,
            reason="As shown.", now=now,
        )
        for by in people
    ])  # fmt: skip

    assert ended == {"done": 1, "reconciliation.exception_decided": 3}
    assert ledger.balance_of(postings.processor_clearing("ccbill"), "USD").minor == 2500


def test_a_settlement_that_many_book_at_once_is_booked_once(
    fan: Profile, creator: Profile, staff: Callable[..., User], now: datetime
) -> None:
    """Beside it the processor's own exception is settled: nobody waits in a circle."""
    a_sale(fan, creator, "S1", "50.00")
    theirs = a_matched(
        a_source(), a_row("S1", "50.00"), a_row("P1", "-50.00"), a_row("X", "-1.00"), now=now
    )
    payout, charge = theirs.lines.get(reference="P1"), theirs.lines.get(reference="X")
    bank = a_source(name="Main bank", code="1000", owner="bank:main")
    found = a_matched(bank, a_row("P1", "43.50"), now=now).exceptions.get()
    gross, fees, accrued, reserve = (
        Money.of(text, "USD") for text in ("50.00", "4.00", "4.00", "2.50")
    )
    settlement = reconciliation.Settlement("ccbill", gross, fees, accrued, reserve)
    people = [staff("finance") for _ in range(5)]

    ended = at_once(
        [
            *(
                lambda by=by: reconciliation.post_settlement(
                    exception_id=found.pk, settlement=settlement, line_ids=[payout.pk], by=by,
                    reason="Theirs.", now=now,
                )
                for by in people[1:]
            ),
            lambda: reconciliation.post_difference(
                exception_id=charge.exceptions.get().pk, counter=Other.PROCESSING_COSTS,
                effective_on=None, by=people[0], reason="A charge.", now=now,
            ),
        ]
    )  # fmt: skip

    assert ended == {"done": 2, "reconciliation.exception_decided": 3}
    assert ledger.balance_of(postings.cash("main"), "USD") == Money(4350, "USD")
    assert ledger.balance_of(postings.processor_clearing("ccbill"), "USD") == Money(-100, "USD")
    theirs.refresh_from_db()
    assert theirs.state == "COMPLETE"


def test_runs_on_one_account_queue_and_agree(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "S1")
    statement = a_received(a_source(), a_row("S1"), a_row("S2"), now=now)
    reconciliation.load_statement(statement_id=statement.pk, now=now)

    ended = at_once([
        lambda: reconciliation.match_statement(statement_id=statement.pk, now=now)
    ] * 5)  # fmt: skip

    assert ended == {"done": 5}
    assert (Match.objects.count(), ReconciliationException.objects.count()) == (1, 1)


def test_workers_that_find_the_same_file_load_it_once(now: datetime) -> None:
    a_received(a_source(), *(a_row(f"S{n}") for n in range(200)), now=now)

    ended = at_once([lambda: reconciliation.load_waiting(now=now)] * 4)

    assert ended == {"done": 4}
    assert Statement.objects.get().line_count == StatementLine.objects.count() == 200


def test_the_same_file_sent_by_many_at_once_is_one_statement(now: datetime) -> None:
    source = a_source()

    ended = at_once([lambda: a_received(source, a_row("S1"), now=now)] * 5)

    assert ended == {"done": 5}
    assert Statement.objects.count() == 1


@pytest.mark.slow
def test_a_killed_import_shows_nothing_and_is_continued(now: datetime) -> None:
    statement = a_received(a_source(), *(a_row(f"S{n}") for n in range(20_000)), now=now)
    worker = subprocess.Popen(
        [sys.executable, "-c", TICK, now.isoformat(), connection.settings_dict["NAME"]],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "fanz.settings.test"},
    )
    patience = time.monotonic() + PATIENCE_SECONDS
    while statement.loaded_rows < 500:
        assert time.monotonic() < patience, "the worker did nothing"
        time.sleep(0.01)
        statement.refresh_from_db()
    worker.send_signal(signal.SIGKILL)
    worker.wait(PATIENCE_SECONDS)
    statement.refresh_from_db()
    assert statement.state == "LOADING"
    assert 500 <= statement.loaded_rows < 20_000
    assert StatementLine.objects.count() == statement.loaded_rows

    later = now + timedelta(minutes=5)
    assert reconciliation.match_waiting(now=later) == 0
    assert reconciliation.load_waiting(now=later) == 1

    statement.refresh_from_db()
    assert (statement.state, statement.line_count) == ("LOADED", 20_000)
    assert StatementLine.objects.values("n").distinct().count() == 20_000
    assert statement.closing_minor == 20_000 * 2500
