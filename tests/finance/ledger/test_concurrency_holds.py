"""Holds under many hands: each ends once, and nobody spends what is promised."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Hold
from tests.finance.ledger.test_concurrency import at_once
from tests.finance.ledger.test_holds import WALLET, deposit, place, tip, usd

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _hundred_in_the_wallet(now: datetime) -> None:
    with transaction.atomic():
        ledger.post(deposit(), now=now)


def test_one_of_capture_release_and_expiry_ends_a_hold(now: datetime) -> None:
    later = now + timedelta(hours=2)
    for turn in range(6):
        hold = place("10.00", now, f"order:{turn}", expires_at=now + timedelta(hours=1))

        def work(i: int, hold: Hold = hold, turn: int = turn) -> None:
            if i % 3 == 0:
                draft = tip("10.00", 100 + 10 * turn + i)
                ledger.capture_hold(hold_id=hold.pk, draft=draft, now=later)
            elif i % 3 == 1:
                ledger.release_hold(hold_id=hold.pk, now=later)
            else:
                ledger.expire_holds(now=later)

        ended = at_once(9, work)
        hold.refresh_from_db()

        assert set(ended) <= {"done", "ledger.hold_ended"}
        assert hold.captured_minor + hold.released_minor == 10_00
        assert hold.captured_minor in {0, 10_00}
    captured = Hold.objects.filter(captured_minor__gt=0).count()
    assert books.balance_of(WALLET, "USD") == Money(100_00 - captured * 10_00, "USD")
    assert books.available_of(WALLET, "USD") == books.balance_of(WALLET, "USD")
    assert ledger.check_books(now=now).ok


def test_spenders_and_holds_share_exactly_what_there_is(now: datetime) -> None:
    def work(i: int) -> None:
        if i % 2:
            ledger.post(tip("10.00", 100 + i), now=now)
        else:
            place("10.00", now, f"order:{i}")

    ended = at_once(40, work)

    assert ended == {"done": 10, "ledger.insufficient_funds": 30}
    assert books.available_of(WALLET, "USD") == usd("0.00")
    held = sum(hold.open_minor for hold in Hold.objects.all())
    assert books.balance_of(WALLET, "USD") == Money(held, "USD")
    assert ledger.check_books(now=now).ok


def test_captures_and_postings_of_the_same_accounts_never_deadlock(now: datetime) -> None:
    with transaction.atomic():
        ledger.post(tip("1.00", 50), now=now)
    holds = [place("1.00", now, f"order:{i}") for i in range(20)]
    back = postings.payout_reserved

    def work(i: int) -> None:
        if i % 2:
            ledger.capture_hold(hold_id=holds[i].pk, draft=tip("1.00", 100 + i), now=now)
        else:
            ledger.post_many(
                [
                    deposit("1.00", 200 + i),
                    tip("1.00", 300 + i),
                    back(payout_id=i, creator_id=7, amount=usd("0.05"), cluster="boyfanz"),
                ],
                now=now,
            )

    assert at_once(20, work) == {"done": 20}
    assert ledger.check_books(now=now).ok


def test_one_hold_asked_for_at_once_is_one_hold(now: datetime) -> None:
    assert at_once(12, lambda _: place("60.00", now)) == {"done": 12}
    assert Hold.objects.count() == 1
    assert books.available_of(WALLET, "USD") == usd("40.00")
