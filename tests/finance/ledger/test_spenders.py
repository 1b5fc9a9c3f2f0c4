"""Everybody spends at once, by every way there is: never more than there is, never a deadlock.

Services and plain SQL take part side by side, each on a connection of its own.
"""

# ruff: noqa: S311

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from itertools import chain
from threading import Barrier
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from psycopg.conninfo import make_conninfo

from apps.accounts.models import Profile
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Account, Entry
from apps.finance.ledger.postings import AccountRef, Draft
from apps.finance.payments import services as payments
from tests.factories.accounts import CreatorFactory, ProfileFactory, StaffFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

PATIENCE_SECONDS = 30
SPENT, TOO_LITTLE = "spent", "too little"
PRICE = Money(5_00, "USD")
WALLET = postings.wallet(1)

#: One statement inserts an entry and its lines, as somebody at psql might.
BY_HAND = """
WITH e AS (
    INSERT INTO ledger_entry (kind, source, request_hash, line_count, cluster, effective_on,
                              posted_at, memo)
    VALUES ('TIP_WALLET', %s, '', %s, 'boyfanz', current_date, now(), '')
    RETURNING id, effective_on
)
INSERT INTO ledger_line (entry_id, n, account_id, amount_minor, currency, effective_on)
SELECT e.id, v.n, v.account, v.amount, 'USD', e.effective_on
  FROM e, unnest(%s::bigint[], %s::bigint[]) WITH ORDINALITY v(account, amount, n)
"""


def at_once(works: Sequence[Callable[[], object]]) -> Counter[str]:
    """Start every work at the same moment; count how they ended. A strange end is raised."""
    gate = Barrier(len(works))

    def one(work: Callable[[], object]) -> str:
        connection.ensure_connection()
        gate.wait(PATIENCE_SECONDS)
        try:
            work()
        except DomainError as refusal:
            if not refusal.code.startswith(("ledger.insufficient", "payments.insufficient")):
                raise
            return TOO_LITTLE
        except psycopg.Error as refusal:
            if refusal.sqlstate != "FL002":
                raise
            return TOO_LITTLE
        finally:
            connection.close()
        return SPENT

    with ThreadPoolExecutor(len(works)) as pool:
        return Counter(pool.map(one, works))


def fund(fan_id: int, minor: int, now: datetime) -> None:
    ledger.post_alone(
        postings.wallet_deposit(
            transaction_id=900_000_000 + fan_id,
            fan_id=fan_id,
            gateway="ccbill",
            amount=Money(minor, "USD"),
            processing_fee=Money(1_00, "USD"),
            cluster="boyfanz",
        ),
        now=now,
    )


def tip(
    number: int, fan_id: int, creator_id: int, minor: int = PRICE.minor, fee: int | None = None
) -> Draft:
    return postings.tip_from_wallet(
        transaction_id=800_000_000 + number,
        fan_id=fan_id,
        creator_id=creator_id,
        amount=Money(minor, "USD"),
        platform_fee=Money(minor // 5 if fee is None else fee, "USD"),
        cluster="boyfanz",
    )


def joined(draft: Draft, now: datetime) -> None:
    with transaction.atomic():
        ledger.post(draft, now=now)


def batch(drafts: Sequence[Draft], now: datetime) -> None:
    with transaction.atomic():
        ledger.post_many(drafts, now=now)


def by_hand(source: str, *lines: tuple[AccountRef, int]) -> None:
    """Spend by plain SQL on a connection that Django knows nothing of."""
    ids = {
        (account.code, account.owner): account.pk
        for account in Account.objects.filter(currency="USD")
    }
    with psycopg.connect(_place()) as raw:
        raw.execute(
            BY_HAND,
            [
                source,
                len(lines),
                [ids[ref.code, ref.owner] for ref, _ in lines],
                [minor for _, minor in lines],
            ],
        )


def _place() -> str:
    params = connection.get_connection_params()
    words: dict[str, Any] = {name: params.get(name) for name in ("host", "user", "dbname")}
    return make_conninfo(**words)


def minor_of(ref: AccountRef) -> int:
    return books.balance_of(ref, "USD").minor


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fifty_spenders_by_every_way_spend_exactly_what_there_is(now: datetime, seed: int) -> None:
    """Services in a transaction, alone, in a batch and by a hold; payments; SQL by hand."""
    fan, creator = ProfileFactory.create(), CreatorFactory.create()
    fund(fan.pk, 100_00, now)
    fund(creator.pk + 1_000_000, 100_00, now)
    # Celery looks for its tasks at the first event: not in six threads at once.
    other = ProfileFactory.create()
    fund(other.pk, PRICE.minor, now)
    from_wallet(other, creator, 99, now)
    # Whoever spends by hand needs accounts that are open.
    ledger.post_alone(tip(0, creator.pk + 1_000_000, creator.pk), now=now)
    spent = (
        (postings.wallet(fan.pk), PRICE.minor),
        (postings.creator_payable(creator.pk), -4_00),
        (postings.PLATFORM_REVENUE, -1_00),
    )

    def spender(i: int) -> Callable[[], object]:
        draft = tip(1 + i, fan.pk, creator.pk)
        ways: tuple[Callable[[], object], ...] = (
            lambda: joined(draft, now),
            lambda: ledger.post_alone(draft, now=now),
            lambda: batch([tip(100 + i, creator.pk + 1_000_000, creator.pk, 10), draft], now),
            lambda: by_hand(f"hand:{i}", *spent),
            lambda: by_hand(f"hand:{i}", *spent[::-1]),
            lambda: from_wallet(fan, creator, i, now),
            lambda: held_first(draft, fan, now),
        )
        return ways[i % len(ways)]

    works = [spender(i) for i in range(50)]
    random.Random(seed).shuffle(works)
    earned = minor_of(postings.creator_payable(creator.pk))

    assert at_once(works) == {SPENT: 20, TOO_LITTLE: 30}

    assert minor_of(postings.wallet(fan.pk)) == 0
    # A batch that could not spend posted nothing else either: its other tip of 0.10 is gone too.
    others = 95_00 - minor_of(postings.wallet(creator.pk + 1_000_000))
    assert others % 10 == 0
    kept = others * 4 // 5
    assert minor_of(postings.creator_payable(creator.pk)) - earned - kept == 20 * 4_00
    assert Entry.objects.count() == 5 + 20 + others // 10
    assert ledger.check_books(now=now).ok


def held_first(draft: Draft, fan: Profile, now: datetime) -> None:
    hold = ledger.place_hold(
        account=postings.wallet(fan.pk), amount=PRICE, source=f"hold:{draft.source}", now=now
    )
    ledger.capture_hold(hold_id=hold.pk, draft=draft, now=now)


def from_wallet(fan: Profile, creator: Profile, i: int, now: datetime) -> None:
    payments.tip_from_wallet(
        fan=fan, creator=creator, amount=PRICE, message="", idempotency_key=f"tip-{i}", now=now
    )


def test_batches_that_cross_by_every_way_never_deadlock(now: datetime) -> None:
    """Eight wallets are spent in all orders, in batches and by hand, into the same accounts."""
    fans = range(1, 9)
    for fan in fans:
        fund(fan, 30_00, now)
        ledger.post_alone(tip(fan, fan, 100 + fan), now=now)

    def spender(i: int) -> Callable[[], object]:
        order = list(fans)
        random.Random(i).shuffle(order)
        drafts = [tip(1000 + 10 * i + fan, fan, 101 + fan % 8, 1_00) for fan in order]
        lines = [
            line
            for fan in order[:4]
            for line in (
                (postings.wallet(fan), 1_00),
                (postings.PLATFORM_REVENUE, -20),
                (postings.creator_payable(101 + fan % 8), -80),
            )
        ]
        return (lambda: by_hand(f"hand:{i}", *lines)) if i % 3 else (lambda: batch(drafts, now))

    ended = at_once([spender(i) for i in range(50)])

    # 17 batches take 1.00 of each wallet, 33 by hand of four of them: the first 25.00 fit.
    assert ended[SPENT] + ended[TOO_LITTLE] == 50
    assert all(minor_of(postings.wallet(fan)) >= 0 for fan in fans)
    taken = 8 * 25_00 - sum(minor_of(postings.wallet(fan)) for fan in fans)
    batches = Entry.objects.filter(source__startswith="transaction:80000").count() - len(fans)
    hands = Entry.objects.filter(source__startswith="hand:").count()
    assert (batches % 8, taken) == (0, batches * 1_00 + hands * 4_00)
    assert ended[SPENT] == batches // 8 + hands
    assert ledger.check_books(now=now).ok


def test_there_and_back_between_two_balances_never_deadlocks(now: datetime) -> None:
    """Tips take from the wallet and give to the creator while reversals do the opposite."""
    finance = StaffFactory.create(role="finance")
    fund(1, 50_00, now)
    there = [ledger.post_alone(tip(i, 1, 2, 1_00), now=now) for i in range(12)]
    lines = ((WALLET, 1_00), (postings.creator_payable(2), -80), (postings.PLATFORM_REVENUE, -20))

    def back(entry_id: int) -> None:
        ledger.reverse(entry_id=entry_id, by=finance, reason="Asked for it back", now=now)

    works: list[Callable[[], object]] = [partial(back, posted.entry_id) for posted in there]
    works += [partial(by_hand, f"hand:{i}", *lines[:: (-1) ** i]) for i in range(12)]
    works += [partial(joined, tip(100 + i, 1, 2, 1_00), now) for i in range(12)]

    assert at_once(works) == {SPENT: 36}

    assert minor_of(WALLET) == 50_00 - 24 * 1_00
    assert minor_of(postings.creator_payable(2)) == 24 * 80
    assert ledger.check_books(now=now).ok


def test_two_posts_of_one_transaction_that_cross_roll_one_of_both_back_whole(
    now: datetime,
) -> None:
    """The order of locks holds within a call: a transaction that calls twice can meet another
    crosswise. PostgreSQL then ends one of both, which has written nothing and can go again; who
    posts more than one entry in a transaction passes them to ``post_many``, as below."""
    for fan in (1, 2):
        fund(fan, 50_00, now)
    met = Barrier(2)

    def crosswise(mine: int, *, wait: bool) -> None:
        with transaction.atomic():
            # Without a fee and for two creators: nothing is shared but what crosses.
            ledger.post(tip(mine, mine, 70 + mine, fee=0), now=now)
            if wait:
                met.wait(PATIENCE_SECONDS)
            ledger.post(tip(10 + mine, 3 - mine, 70 + mine, fee=0), now=now)

    def until_done(mine: int) -> list[BaseException | None]:
        try:
            crosswise(mine, wait=True)
        except OperationalError as error:
            crosswise(mine, wait=False)
            return [error.__cause__]
        finally:
            connection.close()
        return []

    with ThreadPoolExecutor(2) as pool:
        ended = [*chain.from_iterable(pool.map(until_done, (1, 2)))]

    assert [type(cause) for cause in ended] == [psycopg.errors.DeadlockDetected]
    assert minor_of(postings.wallet(1)) == minor_of(postings.wallet(2)) == 40_00
    assert Entry.objects.count() == 2 + 4
    assert ledger.check_books(now=now).ok


def test_the_same_as_batches_never_deadlocks(now: datetime) -> None:
    for fan in (1, 2):
        fund(fan, 50_00, now)

    def crosswise(i: int) -> None:
        mine = 1 + i % 2
        for step in range(4):
            number = 10_000 + 100 * i + 10 * step
            drafts = [tip(number, mine, 7, 10), tip(number + 1, 3 - mine, 7, 10)]
            batch(drafts, now)

    assert at_once([partial(crosswise, i) for i in range(20)]) == {SPENT: 20}

    assert minor_of(postings.wallet(1)) == minor_of(postings.wallet(2)) == 50_00 - 80 * 10
    assert ledger.check_books(now=now).ok
