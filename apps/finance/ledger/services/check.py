"""Prove the books and keep the answer: all of them, or a slice at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import connection

from apps.finance.ledger.choices import CheckScope
from apps.finance.ledger.models import Bookmark, BooksCheck
from apps.finance.ledger.selectors import proof
from apps.finance.ledger.selectors.proof import Finding, Proof, Slice

logger = logging.getLogger(__name__)

#: What a slice takes of the old entries and accounts, and windows of new ones at most.
OLD_ENTRIES = 20_000
ACCOUNTS = 5_000
NEW_WINDOWS = 10
#: Whether the planner knows less than half of the entries there may be.
UNKNOWN = """
SELECT known.reltuples < (SELECT max(id) - min(id) + 1 FROM ledger_entry) / 2
  FROM pg_class known WHERE known.oid = 'ledger_entry'::regclass
"""


def check_books(*, now: datetime) -> BooksCheck:
    """Verify every rule of the books from all their rows and store what was found.

    Takes no lock and reads window by window, however much is posted meanwhile. Logs an error
    when the books are wrong.
    """
    _measure_unknown_tables()
    return _stored(proof.prove(), CheckScope.FULL, now)


def check_slice(*, now: datetime) -> BooksCheck:
    """Verify what is new since the last slice, a slice of the old, and all that is few.

    New is what has been rolled forward: before an id is, an entry may still appear under it.
    Calls follow one another through all entries and accounts and round again. Stores what was
    found and logs an error when the books are wrong.
    """
    _measure_unknown_tables()
    before = BooksCheck.objects.filter(scope=CheckScope.SLICE).order_by("-id").first()
    new_from = before.new_to_id if before else 0
    bookmark = Bookmark.objects.first()
    rolled_to = bookmark.low_id if bookmark else 0
    # Numbers begin anew when the books came from elsewhere.
    new_from = min(new_from, rolled_to)
    new_to = min(rolled_to, new_from + NEW_WINDOWS * proof.WINDOW)
    old = _after(before.old_to_id if before else 0, OLD_ENTRIES, new_from, proof.next_entry)
    accounts = _after(
        before.account_to_id if before else 0, ACCOUNTS, proof.last_account(), proof.next_account
    )

    proofs = [proof.prove_entries(part) for part in [*proof.windows(new_from, new_to), old]]
    findings = [
        *(finding for part in proofs for finding in part.findings),
        *proof.prove_accounts(accounts),
        *proof.prove_tables(),
    ]
    return _stored(
        Proof(
            sum(part.entries for part in proofs),
            sum(part.lines for part in proofs),
            list(dict.fromkeys(findings)),
        ),
        CheckScope.SLICE,
        now,
        new_to_id=new_to,
        old_to_id=old.high,
        account_to_id=accounts.high,
    )


def _measure_unknown_tables() -> None:
    """
    Have the tables measured whose size the planner does not know, after a restore or a bulk load.

    Planned blindly, joining the lines of a few thousand entries has taken minutes. A role that may
    not measure them is told so by PostgreSQL, and the check goes on.
    """
    with connection.cursor() as cursor:
        cursor.execute(UNKNOWN)
        if cursor.fetchone() == (True,):
            cursor.execute("ANALYZE ledger_entry, ledger_line, ledger_account, ledger_kind_rule")


def _after(done: int, size: int, end: int, next_id: Callable[[int], int | None]) -> Slice:
    """Return the next slice of the ids to ``end``; the first again when all are done.

    It begins where there is a row: numbers that were drawn and never used would be whole runs
    that judge nothing.
    """
    low = done if done < end else 0
    found = next_id(low)
    start = end if found is None else min(found - 1, end)
    return Slice(start, min(start + size, end))


def _stored(result: Proof, scope: CheckScope, now: datetime, **progress: int) -> BooksCheck:
    check = BooksCheck.objects.create(
        checked_at=now,
        ok=not result.findings,
        scope=scope,
        entries=result.entries,
        lines=result.lines,
        findings=[finding._asdict() for finding in result.findings],
        **progress,
    )
    if result.findings:
        logger.error(
            "ledger.books_do_not_balance",
            extra={"check_id": check.pk, "rules": sorted(_rules(result.findings))},
        )
    return check


def _rules(findings: list[Finding]) -> set[str]:
    return {finding.rule for finding in findings}
