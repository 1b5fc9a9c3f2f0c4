"""The ledger as the bench drives it: the public services, the standard tip of 100.00."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

NAME = "FANZ ledger (public services)"
ONE, MANY, LOAD = 1200, 1000, True
N_CREATORS = 200


def _django(dsn: str) -> None:
    part = dict(pair.split("=", 1) for pair in dsn.split())
    os.environ["DATABASE_URL"] = (
        f"postgres://{part['user']}@/{part['dbname']}?host={quote(part['host'], safe='')}"
        f"&port={part.get('port', '5432')}"
    )
    os.environ["DJANGO_SETTINGS_MODULE"] = "fanz.settings.test"
    import django  # noqa: PLC0415

    django.setup()
    from django.db import connection  # noqa: PLC0415

    connection.settings_dict["CONN_MAX_AGE"] = None


def _creator(i: int) -> int:
    x = (i * 2654435761 + 20250101) & 0xFFFFFFFF
    x ^= x >> 15
    x = (x * 2246822519) & 0xFFFFFFFF
    return 1 + (x ^ (x >> 13)) % N_CREATORS


def _tip(i: int, creator: int):  # noqa: ANN202
    from apps.core.money import Money  # noqa: PLC0415
    from apps.finance.ledger import postings  # noqa: PLC0415

    return postings.tip_by_card(
        transaction_id=i, creator_id=creator, gateway="ccbill", amount=Money(100_00, "USD"),
        platform_fee=Money(15_00, "USD"), processing_fee=Money(5_00, "USD"), cluster="boyfanz",
    )  # fmt: skip


def _post(drafts) -> None:  # noqa: ANN001
    from django.db import transaction  # noqa: PLC0415

    from apps.finance.ledger import services as ledger  # noqa: PLC0415

    with transaction.atomic():
        ledger.post_many(drafts, now=datetime.now(UTC))


def setup(dsn: str) -> None:
    """Migrate; the accounts are opened by the first tips."""
    _django(dsn)
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)


def attach(dsn: str) -> None:
    _django(dsn)


def post_one(i: int = 0) -> None:
    _post((_tip(i, _creator(i)),))


def post_many(n: int, start: int = 0) -> None:
    _post([_tip(i, _creator(i)) for i in range(start, start + n)])


def balance(who: str | int = "cash") -> int:
    from apps.finance.ledger import postings, selectors  # noqa: PLC0415

    if who == "cash":
        return selectors.balance_of(postings.processor_clearing("ccbill"), "USD").minor
    return -selectors.balance_of(postings.creator_payable(1 + int(who)), "USD").minor


def trial_balance() -> tuple[int, int]:
    from apps.finance.ledger import selectors  # noqa: PLC0415

    rows = selectors.trial_balance()
    return len(rows), sum(row.debit_minor - row.credit_minor for row in rows)


def pnl() -> int:
    from apps.finance.ledger import postings, selectors  # noqa: PLC0415

    return selectors.balance_of(postings.PLATFORM_REVENUE, "USD").minor


def lines() -> int:
    from apps.finance.ledger.models import Line  # noqa: PLC0415

    return Line.objects.count()
