"""Posts without end and says what was acknowledged, until its database is gone.

``python -m tests.finance.ledger.crash_client HOW FIRST [COUNT]`` with DATABASE_URL set. HOW is

- ``alone``: one tip in a statement of its own;
- ``batch``: as many tips as BATCH at once;
- ``beside``: one tip and an audit record in one transaction.

Prints the first number of each work once it is acknowledged. Ends with LOST when the server does
not answer any more, or with 0 after COUNT works.
"""

from __future__ import annotations

import itertools
import os
import sys
from datetime import UTC, datetime

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fanz.settings.test")
django.setup()

from django.db import Error, transaction  # noqa: E402

from apps.audit import services as audit  # noqa: E402
from apps.core.money import Money  # noqa: E402
from apps.finance.ledger import postings  # noqa: E402
from apps.finance.ledger import services as ledger  # noqa: E402
from apps.finance.ledger.postings import Draft  # noqa: E402

BATCH = 20
CREATORS = 5
LOST = 3


def tip(number: int) -> Draft:
    """A tip under a source of its own: no payment stands behind it, and the check asks for one."""
    draft = postings.tip_by_card(
        transaction_id=number,
        creator_id=1 + number % CREATORS,
        gateway="ccbill",
        amount=Money(10_00, "USD"),
        platform_fee=Money(1_50, "USD"),
        processing_fee=Money(50, "USD"),
        cluster="boyfanz",
    )
    return draft._replace(source=f"crash:{number}")


def alone(first: int) -> list[ledger.Posted]:
    return [ledger.post_alone(tip(first), now=datetime.now(UTC))]


def batch(first: int) -> list[ledger.Posted]:
    with transaction.atomic():
        drafts = [tip(number) for number in range(first, first + BATCH)]
        return ledger.post_many(drafts, now=datetime.now(UTC))


def beside(first: int) -> list[ledger.Posted]:
    with transaction.atomic():
        posted = ledger.post(tip(first), now=datetime.now(UTC))
        if not posted.replayed:
            audit.record(by=None, action="crash.posted", subject=f"number:{first}")
        return [posted]


WORKS = {"alone": (alone, 1), "batch": (batch, BATCH), "beside": (beside, 1)}


def main() -> int:
    work, step = WORKS[sys.argv[1]]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else None
    for first in itertools.islice(itertools.count(int(sys.argv[2]), step), count):
        try:
            posted = work(first)
        except Error:
            return LOST
        again = "again" if all(entry.replayed for entry in posted) else "new"
        sys.stdout.write(f"{first} {again}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
