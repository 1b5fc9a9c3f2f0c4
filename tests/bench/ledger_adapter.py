"""The ledger as a bench drives it: its public services, the standard tip of 100.00.

Each function is one phase. ``setup`` and ``attach`` name the database, before Django is imported:
that is why this file imports inside functions. It needs PostgreSQL alone, no Valkey.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from apps.finance.ledger.postings import Draft

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

NAME = "FANZ ledger"
#: What a bench asks of this system: postings per client, size of a batch, load for the reads.
ONE, MANY, LOAD = 1200, 1000, True
CREATORS = 200
SEED = 20250101
#: Numbers that no phase uses.
FIRST = 900_000_000


def setup(dsn: str) -> None:
    """Migrate an empty database; post one tip to each creator, which opens the accounts."""
    attach(dsn)
    from django.core.management import call_command  # noqa: PLC0415

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
    import django  # noqa: PLC0415

    django.setup()


def post_one(i: int = 0) -> None:
    """Post one tip, durably, in a transaction of its own."""
    from apps.finance.ledger import services as ledger  # noqa: PLC0415

    ledger.post_alone(_tip(i, creator=_creator(i)), now=datetime.now(UTC))


def post_many(n: int, start: int = 0) -> None:
    """Post ``n`` tips in one batch, durably."""
    _post([_tip(i, creator=_creator(i)) for i in range(start, start + n)])


def balance(who: str | int = "cash") -> int:
    """Return the cents of cash at the processor or of a creator, debit-positive."""
    from apps.finance.ledger import postings, selectors  # noqa: PLC0415

    if who == "cash":
        return selectors.balance_of(postings.processor_clearing("ccbill"), "USD").minor
    return -selectors.balance_of(postings.creator_payable(1 + int(who)), "USD").minor


def trial_balance() -> tuple[int, int]:
    """Return the number of its rows and the sum of all balances, which is zero."""
    from apps.finance.ledger import selectors  # noqa: PLC0415

    rows = selectors.trial_balance()
    return len(rows), sum(row.debit_minor - row.credit_minor for row in rows)


def pnl() -> int:
    """Return the platform's income in cents."""
    from apps.finance.ledger import postings, selectors  # noqa: PLC0415

    return selectors.balance_of(postings.PLATFORM_REVENUE, "USD").minor


def lines() -> int:
    """Return the number of journal lines."""
    from apps.finance.ledger.models import Line  # noqa: PLC0415

    return Line.objects.count()


def _creator(i: int) -> int:
    """Scatter posting ``i`` over the creators, always in the same way."""
    x = (i * 2654435761 + SEED) & 0xFFFFFFFF
    x ^= x >> 15
    x = (x * 2246822519) & 0xFFFFFFFF
    return 1 + (x ^ (x >> 13)) % CREATORS


def _tip(i: int, *, creator: int) -> Draft:
    from apps.core.money import Money  # noqa: PLC0415
    from apps.finance.ledger import postings  # noqa: PLC0415

    return postings.tip_by_card(
        transaction_id=i,
        creator_id=creator,
        gateway="ccbill",
        amount=Money(100_00, "USD"),
        platform_fee=Money(15_00, "USD"),
        processing_fee=Money(5_00, "USD"),
        cluster="boyfanz",
    )


def _post(drafts: list[Draft]) -> None:
    from django.db import transaction  # noqa: PLC0415

    from apps.finance.ledger import services as ledger  # noqa: PLC0415

    with transaction.atomic():
        ledger.post_many(drafts, now=datetime.now(UTC))
