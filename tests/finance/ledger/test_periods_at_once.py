"""A month that closes while clients post: they are in it or refused, never between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.finance.ledger import errors
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import PeriodState
from apps.finance.ledger.models import CodeSnapshot, Entry
from tests.finance.ledger.months import DECEMBER, JANUARY, NOVEMBER, close, tip


@contextmanager
def a_posting_not_committed(number: int, *, on: date, now: datetime) -> Iterator[None]:
    """Another connection has posted meanwhile; it commits when the block ends."""
    posted, end = threading.Event(), threading.Event()

    def poster() -> None:
        try:
            with transaction.atomic():
                tip(number, on=on, now=now)
                posted.set()
                assert end.wait(30)
        finally:
            posted.set()
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(poster)
        assert posted.wait(30)
        try:
            yield
        finally:
            end.set()
        running.result()


@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    def test_a_closing_waits_for_a_posting_under_way_then_gives_up(
        self, by: User, now: datetime
    ) -> None:
        tip(1, on=DECEMBER, now=now)
        tip(2, on=JANUARY, now=now)
        with a_posting_not_committed(3, on=DECEMBER, now=now), pytest.raises(errors.PeriodBusy):
            ledger.start_closing(month=DECEMBER, by=by, now=now)
        assert books.state_of(DECEMBER) == PeriodState.OPEN

        ledger.start_closing(month=DECEMBER, by=by, now=now)
        assert Entry.objects.filter(effective_on=DECEMBER).count() == 2

    def test_a_month_that_began_more_than_a_year_ago_waits_for_its_postings_too(
        self, by: User
    ) -> None:
        now = timezone.now()
        day = now.date() - timedelta(days=365)
        month = day.replace(day=1)
        tip(1, on=month, now=now)
        with a_posting_not_committed(2, on=day, now=now), pytest.raises(errors.PeriodBusy):
            ledger.start_closing(month=month, by=by, now=now)

        assert books.state_of(month) == PeriodState.OPEN

    def test_a_posting_waits_for_the_closing_of_its_month_and_is_refused(
        self, by: User, now: datetime
    ) -> None:
        tip(1, on=DECEMBER, now=now)
        tip(2, on=JANUARY, now=now)

        def poster(number: int, on: date) -> str:
            try:
                tip(number, on=on, now=now)
            except errors.PeriodClosed:
                return "refused"
            finally:
                connection.close()
            return "posted"

        with ThreadPoolExecutor(2) as pool:
            with transaction.atomic():
                ledger.start_closing(month=DECEMBER, by=by, now=now)
                late = pool.submit(poster, 3, DECEMBER)
                assert pool.submit(poster, 4, JANUARY).result(20) == "posted"
                assert not late.done()
            assert late.result(20) == "refused"

    def test_nothing_slips_into_a_month_that_closes_under_load(
        self, by: User, now: datetime
    ) -> None:
        tip(1, on=NOVEMBER, now=now)
        under_way = threading.Barrier(5)

        def poster(seed: int) -> int:
            """Post until the month is closed; how many it took."""
            taken = 0
            try:
                while True:
                    tip(seed * 1_000_000 + taken, on=NOVEMBER, now=now)
                    taken += 1
                    if taken == 1:
                        under_way.wait(30)
            except errors.PeriodClosed:
                return taken
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            running = [pool.submit(poster, seed) for seed in range(1, 5)]
            under_way.wait(30)
            close(NOVEMBER, by, now)
            taken = [one.result(60) for one in running]

        # Each was let in at first and refused at last; what it was told is in the books, no more.
        assert min(taken) >= 1
        posted = Entry.objects.count()
        assert posted == 1 + sum(taken)
        assert CodeSnapshot.objects.get(month=NOVEMBER, code="4000").credits_minor == posted * 1_00
        assert ledger.check_books(now=now).ok
