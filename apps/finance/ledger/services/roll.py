"""Roll the books forward: totals and chain, behind the postings and never in their way."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction

from apps.core.db import outside_transaction
from apps.finance.ledger.models import Bookmark, Entry

logger = logging.getLogger(__name__)

#: An entry that waits longer is held up by a transaction that does not end, or by a worker.
LATE = timedelta(minutes=10)

#: Ids a pass takes at most: about a second of work, and as long does its row stay locked.
IDS_A_PASS = 20_000


class Rolled(NamedTuple):
    """How far totals and chain have come. ``behind`` when ids are left to roll."""

    rolled_to: int
    entries: int
    passes: int
    behind: bool


@outside_transaction
def roll_forward(*, now: datetime, passes: int = 25, limit: int = IDS_A_PASS) -> Rolled:
    """Add what was posted to the totals and the chain, in passes of ``limit`` ids.

    Each pass is a transaction of its own. Ids of transactions that still run, and all after
    them, are left for a later call. Does nothing while another worker is at it. Calling it
    again changes nothing that is rolled already. Logs an error when an entry waits for long.
    """
    total = Rolled(0, 0, 0, behind=True)
    while total.behind and total.passes < passes:
        one = _one_pass(now, limit)
        total = Rolled(
            one.rolled_to or total.rolled_to,
            total.entries + one.entries,
            total.passes + 1,
            one.behind,
        )
    _watch(now)
    return total


@transaction.atomic
def forget_totals() -> None:
    """Empty all totals, so that ``roll_forward`` makes them again from the lines.

    Answers stay right meanwhile: they read the lines. The chain and the snapshots are kept.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_forget_totals()")


def _watch(now: datetime) -> None:
    bookmark = Bookmark.objects.first()
    rolled_to = bookmark.low_id if bookmark else 0
    waiting = Entry.objects.filter(pk__gt=rolled_to).order_by("pk").first()
    if waiting is not None and waiting.posted_at < now - LATE:
        logger.error(
            "ledger.roll_forward_lags",
            extra={"rolled_to": rolled_to, "entry_id": waiting.pk},
        )


def _one_pass(now: datetime, limit: int) -> Rolled:
    with connection.cursor() as cursor:
        # Before the transaction below takes its number: whoever drew one of these ids has a
        # lower one, and so is waited for.
        cursor.execute(
            "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM ledger_entry_id_seq"
        )
        (seen,) = cursor.fetchone()
        with transaction.atomic():
            cursor.execute(
                "SELECT rolled_to, entries, more FROM ledger_roll(%s, %s, %s)",
                [seen, limit, now],
            )
            rolled_to, entries, more = cursor.fetchone()
    # Nothing at all is answered while another worker is at it.
    return Rolled(rolled_to or 0, entries or 0, 1, behind=bool(more))
