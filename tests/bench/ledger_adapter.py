"""The ledger as a bench drives it: its public services, the standard tip of 100.00.

Each function is one phase. ``setup`` and ``attach`` name the database, before Django is imported:
that is why this file imports inside functions. It needs PostgreSQL alone, no Valkey.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from apps.core.money import Money
    from apps.finance.ledger.postings import Draft

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

NAME = "FANZ ledger"
#: What a bench asks of this system: postings per client, size of a batch, load for the reads.
ONE, MANY, LOAD = 1200, 1000, True
CREATORS = 200
SEED = 20250101
#: Numbers that no phase uses.
FIRST = 2_000_000_000_000
#: What is loaded for the reads is dated in so many months before this one.
MONTHS = 24
SHORTEST_MONTH = 28

_reported: list[tuple[date, date]] = []


def setup(dsn: str) -> None:
    """Migrate an empty database; post one tip to each creator, which opens the accounts."""
    attach(dsn)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    _post([_tip(FIRST + i, creator=1 + i) for i in range(CREATORS)])


def attach(dsn: str) -> None:
    """Start Django on the database of ``dsn``, either as words or as an address."""
    part = conninfo_to_dict(dsn)
    place = {"host": part.get("host", ""), "port": part.get("port", 5432)}
    user, database = quote(str(part.get("user", "postgres"))), quote(str(part["dbname"]))
    os.environ["DATABASE_URL"] = f"postgres://{user}@/{database}?{urlencode(place)}"
    os.environ["DJANGO_SETTINGS_MODULE"] = "fanz.settings.base"
    os.environ.setdefault("SECRET_KEY", "of-no-use-to-a-bench")
    import django

    django.setup()


def post_one(i: int = 0) -> None:
    """Post one tip, durably, in a transaction of its own."""
    from apps.finance.ledger import services as ledger

    ledger.post_alone(_tip(i, creator=_creator(i)), now=datetime.now(UTC))


def post_inside(i: int = 0) -> None:
    """Post one tip between BEGIN and COMMIT, as a service does that records something beside."""
    _post([_tip(i, creator=_creator(i))])


def post_many(n: int, start: int = 0) -> None:
    """Post ``n`` tips in one batch, durably."""
    _post([_tip(i, creator=_creator(i)) for i in range(start, start + n)])


def balance(who: str | int = "cash") -> int:
    """Return the cents of cash at the processor or of a creator, debit-positive."""
    from apps.finance.ledger import postings, selectors

    if who == "cash":
        return selectors.balance_of(postings.processor_clearing("ccbill"), "USD").minor
    return -selectors.balance_of(postings.creator_payable(1 + int(who)), "USD").minor


def trial_balance() -> tuple[int, int]:
    """Return the number of its rows and the sum of all balances, which is zero."""
    from apps.finance.ledger import selectors

    rows = selectors.trial_balance()
    return len(rows), sum(row.debit_minor - row.credit_minor for row in rows)


def pnl() -> int:
    """Return the platform's income in cents, of the month reported on or of all time."""
    from apps.finance.ledger import postings, selectors

    if not _reported:
        return selectors.balance_of(postings.PLATFORM_REVENUE, "USD").minor
    start, end = _reported[-1]
    return sum(
        row.credits_minor - row.debits_minor
        for row in selectors.movements(start=start, end=end)
        if row.code.startswith(("4", "5"))
    )


def report() -> int:
    """Return the same from the whole profit and loss report, as its page shows it."""
    from apps.finance.reports import selectors
    from apps.finance.reports.rules.periods import Period
    from apps.finance.reports.rules.statements import Scope

    start, end = _reported[-1]
    return len(selectors.profit_and_loss(Scope(period=Period(start, end))).sheets)


def balance_sheet() -> int:
    """Return how many rows stood at the end of the month reported on."""
    from apps.finance.ledger import selectors

    return len(selectors.balances_on(on=_reported[-1][1]))


def lines() -> int:
    """Return the number of journal lines."""
    from apps.finance.ledger.models import Line

    return Line.objects.count()


def load(
    count: int, start: int, months: tuple[int, int] = (1, MONTHS), seed: int = 0
) -> dict[str, float]:
    """Post ``count`` tips in batches, dated evenly over months; every guard is on.

    A month is counted back from this one: ``(1, 24)`` is from two years ago to last month.
    """
    newest, oldest = months
    began = time.monotonic()
    for first in range(0, count, MANY):
        size = min(MANY, count - first)
        back = oldest - first * (oldest - newest + 1) // count
        begins, _ = month_back(back)
        _post(
            [
                _tip(start + seed + i, creator=_creator(i))._replace(
                    effective_on=begins + timedelta(days=i % SHORTEST_MONTH)
                )
                for i in range(first, first + size)
            ]
        )
    return {"postings": count, "began": began, "ended": time.monotonic()}


def roll(count: int = 0, start: int = 0) -> dict[str, float]:
    """Roll totals and chain forward to the last entry, as the worker does all day."""
    from apps.finance.ledger import services as ledger

    del count, start
    began = time.monotonic()
    while ledger.roll_forward(now=datetime.now(UTC)).behind:
        pass
    return {"began": began, "ended": time.monotonic()}


def report_on(count: int, start: int) -> dict[str, str]:
    """Let ``pnl`` and the reports be of the month ``count`` months back."""
    del start
    _reported[:] = [month_back(count)]
    return {"start": str(_reported[0][0]), "end": str(_reported[0][1])}


def month_back(count: int) -> tuple[date, date]:
    """Return the first and the last day of the month so many months before this one."""
    today = datetime.now(UTC).date()
    year, month = divmod(today.year * 12 + today.month - 1 - count, 12)
    begins = date(year, month + 1, 1)
    return begins, (begins + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _creator(i: int) -> int:
    """Scatter posting ``i`` over the creators, always in the same way."""
    x = (i * 2654435761 + SEED) & 0xFFFFFFFF
    x ^= x >> 15
    x = (x * 2246822519) & 0xFFFFFFFF
    return 1 + (x ^ (x >> 13)) % CREATORS


@cache
def _words() -> tuple[type[Money], Callable[..., Draft]]:
    """Import once what each tip is made with, as a caller's module does at its top."""
    from apps.core.money import Money
    from apps.finance.ledger import postings

    return Money, postings.tip_by_card


def _tip(i: int, *, creator: int) -> Draft:
    money, tip_by_card = _words()
    return tip_by_card(
        transaction_id=i,
        creator_id=creator,
        gateway="ccbill",
        amount=money(100_00, "USD"),
        platform_fee=money(15_00, "USD"),
        processing_fee=money(5_00, "USD"),
        cluster="boyfanz",
    )


def _post(drafts: list[Draft]) -> None:
    from django.db import transaction

    from apps.finance.ledger import services as ledger

    with transaction.atomic():
        ledger.post_many(drafts, now=datetime.now(UTC))
