"""A lone posting is a transaction of its own: whole and kept, or nothing."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from django.db import connection, transaction

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.ledger import errors, postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Account, Entry, Line
from apps.finance.ledger.postings import Draft
from tests.finance.ledger.test_concurrency import tip

pytestmark = pytest.mark.django_db(transaction=True)

CREATOR = postings.creator_payable(7)


def reserved(number: int, minor: int = 10_00) -> Draft:
    return postings.payout_reserved(
        payout_id=number, creator_id=7, amount=Money(minor, "USD"), cluster="boyfanz"
    )


def test_is_committed_when_it_returns(now: datetime) -> None:
    posted = ledger.post_alone(tip(1), now=now)
    connection.close()

    assert Entry.objects.get().pk == posted.entry_id
    assert books.balance_of(CREATOR, "USD") == Money(80_00, "USD")
    assert ledger.check_books(now=now).ok


def test_again_is_the_first_entry(now: datetime) -> None:
    first = ledger.post_alone(tip(1), now=now)
    again = ledger.post_alone(tip(1), now=now)

    assert again == first._replace(replayed=True)
    assert books.balance_of(CREATOR, "USD") == Money(80_00, "USD")


def test_refused_writes_nothing_and_leaves_the_connection_usable(now: datetime) -> None:
    ledger.post_alone(tip(1), now=now)
    before = (Account.objects.count(), Line.objects.count(), books.trial_balance())

    with pytest.raises(errors.InsufficientFunds):
        ledger.post_alone(reserved(1, 80_01), now=now)
    connection.close()

    assert (Account.objects.count(), Line.objects.count(), books.trial_balance()) == before
    ledger.post_alone(reserved(1, 80_00), now=now)
    assert books.balance_of(CREATOR, "USD") == Money(0, "USD")


def test_is_refused_inside_a_transaction(now: datetime) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        ledger.post_alone(tip(1), now=now)

    assert not Entry.objects.exists()


def test_thirty_spenders_at_once_spend_exactly_what_there_is(now: datetime) -> None:
    ledger.post_alone(tip(1), now=now)
    gate = Barrier(30)

    def spend(i: int) -> str:
        gate.wait()
        try:
            ledger.post_alone(reserved(i), now=now)
        except DomainError as error:
            return error.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(30) as pool:
        ended = Counter(pool.map(spend, range(30)))

    assert ended == {"done": 8, "ledger.insufficient_funds": 22}
    assert books.balance_of(CREATOR, "USD") == Money(0, "USD")
    assert ledger.check_books(now=now).ok
