"""The roll-forward never passes over an entry, however late its transaction ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Block, Bookmark, DayTotal, Entry
from apps.finance.ledger.postings import Draft
from apps.finance.ledger.services import Rolled

pytestmark = pytest.mark.django_db(transaction=True)


def tip(number: int) -> Draft:
    """10.00 by card, of which the creator gets 9.00."""
    return postings.tip_by_card(
        transaction_id=number,
        creator_id=7,
        gateway="ccbill",
        amount=Money(10_00, "USD"),
        platform_fee=Money(1_00, "USD"),
        processing_fee=Money(0, "USD"),
        cluster="boyfanz",
    )


def post(number: int, now: datetime) -> int:
    with transaction.atomic():
        return ledger.post(tip(number), now=now).entry_id


def rolled_tips() -> int:
    """The tips in the totals, counted by the creator's lines."""
    return sum(
        DayTotal.objects.filter(code="2100", kind="TIP_CARD").values_list("lines", flat=True)
    )


@contextmanager
def meanwhile(
    early: Callable[[], object], late: Callable[[], object] = lambda: None
) -> Iterator[Callable[[], None]]:
    """Do ``early`` in another transaction; the yielded function has it do ``late`` and commit."""
    done, end = threading.Event(), threading.Event()

    def run() -> None:
        try:
            with transaction.atomic():
                early()
                done.set()
                assert end.wait(30)
                late()
        finally:
            done.set()
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run)
        assert done.wait(30)

        def commit() -> None:
            end.set()
            running.result()

        try:
            yield commit
        finally:
            end.set()


class Slow:
    """A posting that draws its number long before it is written, as in a server under load."""

    entry_id = 0

    def __init__(self, like: int) -> None:
        self.like = like

    def draw(self) -> None:
        """What ``ledger_post`` does first."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")
            cursor.execute("SELECT nextval('ledger_entry_id_seq')")
            (self.entry_id,) = cursor.fetchone()

    def write(self) -> None:
        write_entry(self.entry_id, self.like)


class TestRollForward:
    def test_adds_what_was_posted_once(self, now: datetime) -> None:
        for number in (1, 2, 3):
            last = post(number, now)

        # Passes are not counted: a transaction of the server may be under way, and is awaited.
        first, again = (ledger.roll_forward(now=now) for _ in range(2))
        assert first == Rolled(last, 3, first.passes, behind=False)
        assert again == Rolled(last, 0, again.passes, behind=False)

        assert rolled_tips() == 3
        assert Block.objects.get().last_id == last

    def test_goes_in_passes_of_so_many_ids(self, now: datetime) -> None:
        for number in range(1, 8):
            post(number, now)

        Bookmark.objects.all().delete()
        ledger.roll_forward(now=now, passes=1)
        low = Bookmark.objects.get().pending_id - 7
        Bookmark.objects.update(low_id=low)

        first = ledger.roll_forward(now=now, passes=1, limit=3)
        assert (first.entries, first.behind, rolled_tips()) == (3, True, 3)

        rest = ledger.roll_forward(now=now, limit=3)
        assert (rest.entries, rest.behind, rolled_tips()) == (4, False, 7)

    def test_waits_for_an_id_that_was_taken_early_and_committed_late(self, now: datetime) -> None:
        slow = Slow(like=post(1, now))
        ledger.roll_forward(now=now)

        with meanwhile(slow.draw, slow.write) as commit:
            last = post(2, now)
            assert slow.entry_id < last
            for _ in range(3):
                assert ledger.roll_forward(now=now).entries == 0
            assert [r.lines for r in _january() if r.code == "2100"] == [2]
            commit()

        assert [r.lines for r in _january() if r.code == "2100"] == [3]
        assert ledger.roll_forward(now=now) == Rolled(last, 2, 1, behind=False)
        assert rolled_tips() == 3

    def test_goes_on_with_what_is_decided_before_one_that_is_not(self, now: datetime) -> None:
        slow = Slow(like=post(1, now))
        post(2, now)
        ledger.roll_forward(now=now, passes=1)

        with meanwhile(slow.draw, slow.write) as commit:
            post(3, now)
            assert ledger.roll_forward(now=now).entries == 2
            commit()

        assert ledger.roll_forward(now=now).entries == 2
        assert rolled_tips() == 4

    def test_does_not_wait_for_an_id_that_is_never_used(self, now: datetime) -> None:
        before = post(1, now)
        with transaction.atomic():
            ledger.post(tip(2), now=now)
            transaction.set_rollback(True)
        after = post(3, now)

        assert ledger.roll_forward(now=now).rolled_to == after
        assert after == before + 2
        assert rolled_tips() == 2

    def test_an_orm_insert_takes_its_transaction_number_before_its_id(self, now: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT tgtype & 66 FROM pg_trigger WHERE tgname = 'ledger_entry_xid'")
            # 2 is BEFORE and bit 1 for ROW is not set: once, before the first id is drawn.
            assert cursor.fetchone() == (2,)

    def test_leaves_the_books_to_the_worker_that_has_them(self, now: datetime) -> None:
        post(1, now)
        ledger.roll_forward(now=now, passes=1)
        with meanwhile(lambda: Bookmark.objects.select_for_update().get()) as commit:
            assert ledger.roll_forward(now=now) == Rolled(0, 0, 1, behind=False)
            commit()

        assert ledger.roll_forward(now=now).entries == 1

    def test_goes_on_after_a_restore_in_which_transactions_count_anew(self, now: datetime) -> None:
        post(1, now)
        ledger.roll_forward(now=now)
        last = post(2, now)
        ledger.roll_forward(now=now, passes=1)
        Bookmark.objects.update(pending_xid=10**12)

        assert ledger.roll_forward(now=now).rolled_to == last
        assert rolled_tips() == 2

    def test_makes_the_totals_again_from_the_lines(self, now: datetime) -> None:
        for number in (1, 2):
            last = post(number, now)
        ledger.roll_forward(now=now)
        DayTotal.objects.update(lines=99)

        ledger.forget_totals()
        assert [r.lines for r in _january() if r.code == "2100"] == [2]
        assert ledger.roll_forward(now=now).rolled_to == last

        assert rolled_tips() == 2
        assert Block.objects.get().last_id == last
        assert ledger.check_books(now=now).ok

    def test_says_when_an_entry_waits_for_long(self, now: datetime, caplog) -> None:
        slow = Slow(like=post(1, now))
        ledger.roll_forward(now=now)
        with meanwhile(slow.draw) as commit:
            post(2, now)
            ledger.roll_forward(now=now + timedelta(minutes=10))
            assert "roll_forward_lags" not in caplog.text
            ledger.roll_forward(now=now + timedelta(minutes=11))
            assert "ledger.roll_forward_lags" in caplog.text
            commit()

    def test_a_number_that_was_passed_over_is_refused(self, now: datetime) -> None:
        from_id = post(1, now)
        with transaction.atomic():
            ledger.post(tip(2), now=now)
            transaction.set_rollback(True)
        post(3, now)
        ledger.roll_forward(now=now)

        with pytest.raises(Exception, match="was not drawn for it"), transaction.atomic():
            write_entry(from_id + 1, from_id)

        assert Entry.objects.count() == 2

    def test_so_is_the_last_one_that_was_passed_over(self, now: datetime) -> None:
        like = post(1, now)
        last = drawn_for_nothing()
        ledger.roll_forward(now=now)
        assert Bookmark.objects.get().low_id == last

        with pytest.raises(Exception, match="was not drawn for it"), transaction.atomic():
            write_entry(last, like)

    def test_and_one_that_only_older_transactions_may_still_write(self, now: datetime) -> None:
        slow = Slow(like=post(1, now))
        with meanwhile(slow.draw) as commit:
            last = drawn_for_nothing()
            ledger.roll_forward(now=now)
            mark = Bookmark.objects.get()
            assert (mark.low_id < last, mark.pending_id) == (True, last)

            with pytest.raises(Exception, match="was not drawn for it"), transaction.atomic():
                write_entry(last, slow.like)
            commit()

    def test_a_number_below_one_is_refused(self, now: datetime) -> None:
        like = post(1, now)

        for number in (0, -7):
            with pytest.raises(Exception, match="was not drawn for it"), transaction.atomic():
                write_entry(number, like)

        assert Entry.objects.count() == 1

    def test_misses_nothing_while_many_post_and_two_workers_roll(self, now: datetime) -> None:
        stop = threading.Event()

        def client(seed: int) -> int:
            random, kept = Random(seed), 0  # noqa: S311
            try:
                for i in range(25):
                    with transaction.atomic():
                        ledger.post(tip(seed * 1000 + i), now=now)
                        stop.wait(random.random() / 50)
                        undone = random.random() < 0.2
                        transaction.set_rollback(undone)
                    kept += not undone
            finally:
                connection.close()
            return kept

        def worker(limit: int) -> None:
            try:
                while not stop.is_set():
                    ledger.roll_forward(now=now, limit=limit)
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            workers = [pool.submit(worker, limit) for limit in (3, 1000)]
            kept = sum(pool.map(client, range(1, 7)))
            stop.set()
            for one in workers:
                one.result()
        ledger.roll_forward(now=now)

        assert rolled_tips() == kept == Entry.objects.count()
        assert sum(Block.objects.values_list("entries", flat=True)) == kept
        ranges = list(Block.objects.order_by("number").values_list("first_id", "last_id"))
        assert all(a[1] + 1 == b[0] for a, b in pairwise(ranges))


def _january() -> list[books.MovementRow]:
    return books.movements(start=date(2026, 1, 1), end=date(2026, 1, 31))


def drawn_for_nothing() -> int:
    """Draw a number in a transaction that comes to nothing."""
    with transaction.atomic():
        number = ledger.post(tip(99), now=timezone.now()).entry_id
        transaction.set_rollback(True)
    return number


def write_entry(entry_id: int, like: int) -> None:
    """Write a copy of an entry under a number of one's own choice, as raw SQL can."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH e AS (INSERT INTO ledger_entry (id, kind, source, request_hash, line_count,"
            " cluster, effective_on, posted_at, memo)"
            " SELECT %s, kind, 'transaction:9' || %s || ':captured',"
            " request_hash, line_count, cluster, effective_on, posted_at, memo"
            " FROM ledger_entry WHERE id = %s RETURNING id)"
            " INSERT INTO ledger_line (entry_id, n, account_id, amount_minor, currency,"
            " effective_on) SELECT e.id, n, account_id, amount_minor, currency, effective_on"
            " FROM ledger_line, e WHERE entry_id = %s",
            [entry_id, str(entry_id), like, like],
        )
