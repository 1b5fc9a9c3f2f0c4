"""Many at once: the money covers exactly so many, an event is booked once, nobody deadlocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from django.db import connection, transaction

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Entry
from apps.finance.ledger.postings import Draft

pytestmark = pytest.mark.django_db(transaction=True)


def tip(number: int, creator_id: int = 7) -> Draft:
    return postings.tip_by_card(
        transaction_id=number,
        creator_id=creator_id,
        gateway="ccbill",
        amount=Money(100_00, "USD"),
        platform_fee=Money(15_00, "USD"),
        processing_fee=Money(5_00, "USD"),
        cluster="boyfanz",
    )


def at_once(number: int, work: Callable[[int], object]) -> Counter[str]:
    """Run ``work`` in threads that start together; count how they ended."""
    gate = Barrier(number)

    def one(i: int) -> str:
        gate.wait()
        try:
            with transaction.atomic():
                work(i)
        except DomainError as error:
            return error.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(number) as pool:
        return Counter(pool.map(one, range(number)))


def test_fifty_spenders_spend_exactly_what_there_is(now: datetime) -> None:
    with transaction.atomic():
        ledger.post(tip(1), now=now)

    ended = at_once(
        50,
        lambda i: ledger.post(
            postings.payout_reserved(
                payout_id=i, creator_id=7, amount=Money(10_00, "USD"), cluster="boyfanz"
            ),
            now=now,
        ),
    )

    assert ended == {"done": 8, "ledger.insufficient_funds": 42}
    assert books.balance_of(postings.creator_payable(7), "USD") == Money(0, "USD")
    assert books.balance_of(postings.PAYOUTS_IN_TRANSIT, "USD") == Money(80_00, "USD")
    assert ledger.check_books(now=now).ok


def test_one_event_posted_twenty_times_at_once_is_one_entry(now: datetime) -> None:
    assert at_once(20, lambda _: ledger.post(tip(1), now=now)) == {"done": 20}

    assert Entry.objects.count() == 1
    assert books.balance_of(postings.creator_payable(7), "USD") == Money(80_00, "USD")


def test_batches_in_opposite_orders_never_deadlock(now: datetime) -> None:
    drafts = [tip(i, creator_id=i % 17) for i in range(60)]

    def work(i: int) -> None:
        ledger.post_many(drafts if i % 2 else drafts[::-1], now=now)

    assert at_once(12, work) == {"done": 12}
    assert Entry.objects.count() == 60
    assert ledger.check_books(now=now).ok
