"""Who posts in several steps waits for others, and is never told of a deadlock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date, datetime

import pytest
from django.db import connection, transaction

from apps.accounts.models import User
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.models import Entry, Hold
from apps.finance.ledger.postings import Draft, Movement
from tests.factories.accounts import StaffFactory
from tests.finance.ledger.test_concurrency import at_once
from tests.finance.ledger.test_holds import WALLET, deposit, place, tip, usd

pytestmark = pytest.mark.django_db(transaction=True)


def start(work: Callable[[], object]) -> tuple[threading.Thread, list[str]]:
    """Run ``work`` in a transaction of another client; its end is in the list when it is over."""
    ended: list[str] = []

    def run() -> None:
        try:
            with transaction.atomic():
                work()
            ended.append("done")
        except DomainError as error:
            ended.append(error.code)
        except Exception as error:  # noqa: BLE001 - the very thing that is looked for
            ended.append(repr(error))
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, ended


def wait_until_waiting(how_many: int = 1) -> None:
    """Return when so many clients wait for a lock."""
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_stat_clear_snapshot(), count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[1] >= how_many:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_a_source_posted_and_captured_at_once_is_in_the_books_once(now: datetime) -> None:
    with transaction.atomic():
        ledger.post(deposit(), now=now)
    for turn in range(5):
        hold = place("10.00", now, f"order:{turn}")
        one = tip("10.00", 100 + turn)

        def work(i: int, hold: Hold = hold, one: Draft = one) -> None:
            if i % 2:
                ledger.capture_hold(hold_id=hold.pk, draft=one, now=now)
            else:
                ledger.post(one, now=now)

        assert set(at_once(6, work)) == {"done"}
        assert Entry.objects.filter(source=one.source).count() == 1
    assert books.balance_of(WALLET, "USD") == usd("50.00")
    assert ledger.check_books(now=now).ok


def test_a_capture_gives_way_to_who_has_written_its_source(now: datetime) -> None:
    """The order of events that was a deadlock: source there, balances here, and then crosswise."""
    with transaction.atomic():
        ledger.post(deposit(), now=now)
    hold = place("10.00", now, "order:1")
    one = tip("10.00", 100)

    with transaction.atomic():
        # A third client keeps the wallet until both have come.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT ledger_lock_accounts(%s, ARRAY['2000'], ARRAY[%s], ARRAY['USD'])",
                [now.date(), WALLET.owner],
            )
        captured = start(lambda: ledger.capture_hold(hold_id=hold.pk, draft=one, now=now))
        wait_until_waiting()
        posted = start(lambda: ledger.post(one, now=now))
        wait_until_waiting(2)
    for thread, _ in (captured, posted):
        thread.join(20)

    assert (captured[1], posted[1]) == (["done"], ["done"])
    assert Entry.objects.filter(source=one.source).count() == 1
    hold.refresh_from_db()
    assert (hold.captured_minor, hold.state) in {(10_00, "CAPTURED"), (0, "OPEN")}
    assert books.balance_of(WALLET, "USD") == usd("90.00")
    assert ledger.check_books(now=now).ok


def sale(number: int, creator: int) -> Draft:
    return postings.tip_by_card(
        transaction_id=number,
        creator_id=creator,
        gateway="ccbill",
        amount=Money(10_00, "USD"),
        platform_fee=Money(1_00, "USD"),
        processing_fee=Money(50, "USD"),
        cluster="boyfanz",
    )


def test_accounts_opened_in_opposite_orders_by_batches_that_go_on(now: datetime) -> None:
    def work(i: int) -> None:
        creators = range(600) if i % 2 else range(599, -1, -1)
        ledger.post_each([sale(i * 10_000 + n, 1_000 + n) for n in creators], now=now)

    assert set(at_once(4, work)) == {"done"}
    assert Entry.objects.count() == 2_400
    assert ledger.check_books(now=now).ok


def test_a_capture_opens_accounts_before_it_locks_any(now: datetime) -> None:
    with transaction.atomic():
        ledger.post(deposit(), now=now)
    hold = place("10.00", now, "order:1")

    with transaction.atomic():
        # Another opens the creator's account, and then wants the wallet of the hold.
        ledger.post(sale(7, 77), now=now)
        new = tip("10.00", 100)
        new = new._replace(
            movements=tuple(
                m._replace(account=postings.creator_payable(77)) if m.account.code == "2100" else m
                for m in new.movements
            )
        )
        capture = start(lambda: ledger.capture_hold(hold_id=hold.pk, draft=new, now=now))
        wait_until_waiting()
        ledger.post(tip("10.00", 101), now=now)
    capture[0].join(20)

    assert capture[1] == ["done"]
    assert books.balance_of(WALLET, "USD") == usd("80.00")


def test_an_entry_taken_back_by_all_at_once(now: datetime) -> None:
    by: User = StaffFactory.create()
    with transaction.atomic():
        posted = ledger.post_many([sale(n, 5) for n in range(1, 5)], now=now)
    lines = sale(1, 5).movements
    debited = next(m.account for m in lines if m.amount.minor > 0)
    credited = next(m.account for m in lines if m.amount.minor < 0)
    small = (Movement(debited, Money(-1, "USD")), Movement(credited, Money(1, "USD")))

    def work(i: int) -> None:
        drafts = [
            Draft(
                EntryKind.CORRECTION,
                f"entry:{posted[n].entry_id}:corrected:{k}",
                small,
                "boyfanz",
                "typo",
                corrects=posted[n].entry_id,
                actor_id=by.pk,
            )
            for n in (range(4) if i % 2 else range(3, -1, -1))
            for k in (0, i)  # key 0 is a replay for all but one
        ]
        ledger.post_many(drafts, now=now)

    assert set(at_once(8, work)) == {"done"}
    assert ledger.check_books(now=now).ok


def test_months_far_from_today_and_near_at_once(now: datetime) -> None:
    def work(i: int) -> None:
        days = [date(2031, 1, 5), now.date(), date(2003, 2, 1)]
        drafts = [
            sale(i * 10 + n, 5)._replace(effective_on=day)
            for n, day in enumerate(days if i % 2 else reversed(days))
        ]
        ledger.post_many(drafts, now=now)

    assert set(at_once(6, work)) == {"done"}
