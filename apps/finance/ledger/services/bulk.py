"""Post many entries and go on past those that are refused; or only see what would happen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import connection, transaction

from apps.core.db import joins_transaction
from apps.core.errors import DomainError
from apps.finance.ledger.choices import Outcome
from apps.finance.ledger.postings import Draft
from apps.finance.ledger.services.post import Posted, post_many

#: Entries in one statement; the fastest on PostgreSQL 15 to 18 lies between 500 and 1000.
CHUNK = 500


class Result(NamedTuple):
    """What became of one draft: ``posted`` unless it was refused, then ``code`` and ``facts``.

    In a dry run ``posted`` names numbers that are given to other entries later.
    """

    source: str
    outcome: Outcome
    posted: Posted | None = None
    code: str = ""
    facts: dict[str, object] | None = None


@joins_transaction
def post_each(drafts: Sequence[Draft], *, now: datetime) -> list[Result]:
    """Post every draft that the books accept, in the caller's transaction; a result for each.

    A refused draft writes nothing and stops no other. Statements of 500 entries as long as all
    is well; a chunk that is refused is posted again in halves, down to the drafts at fault, so
    their cost is theirs alone. Balances are judged per statement, as by ``post_many``: write
    drafts in the order in which they happened, what pays before what spends. Post again what
    was refused when its cause is gone: the rest is replayed.
    """
    if len(drafts) > CHUNK:
        _lock_accounts(drafts, now)
    results: list[Result] = []
    for start in range(0, len(drafts), CHUNK):
        results += _posted(drafts[start : start + CHUNK], now)
    return results


def dry_run(drafts: Sequence[Draft], *, now: datetime) -> list[Result]:
    """Return what ``post_each`` would, writing nothing.

    It is done for real and rolled back, so every rule of the books judges it. Only the numbers
    of the entries will be others. The locks it takes are given back at its end.
    """
    with transaction.atomic():
        results = post_each(drafts, now=now)
        transaction.set_rollback(True)
    return results


def _posted(drafts: Sequence[Draft], now: datetime) -> Iterator[Result]:
    try:
        posted = post_many(drafts, now=now)
    except DomainError as refused:
        if len(drafts) == 1:
            yield Result(drafts[0].source, Outcome.REFUSED, code=refused.code, facts=refused.facts)
            return
        _lock_accounts(drafts, now)
        half = len(drafts) // 2
        yield from _posted(drafts[:half], now)
        yield from _posted(drafts[half:], now)
        return
    for draft, done in zip(drafts, posted, strict=True):
        outcome = Outcome.REPLAYED if done.replayed else Outcome.POSTED
        yield Result(draft.source, outcome, done)


def _lock_accounts(drafts: Sequence[Draft], now: datetime) -> None:
    """Lock all months and balances that several statements need, in the order of a single one.

    Two callers that post to the same accounts then wait for each other instead of for ever.
    """
    today = now.astimezone(UTC).date()
    months = {(draft.effective_on or today).replace(day=1) for draft in drafts}
    accounts = {(ref, money.currency) for draft in drafts for ref, money in draft.movements}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_lock_accounts(day, '{}', '{}', '{}') FROM unnest(%s::date[]) day",
            [sorted(months)],
        )
        cursor.execute(
            "SELECT ledger_lock_accounts(%s::date, %s::text[], %s::text[], %s::text[])",
            (
                min(months),
                [ref.code for ref, _ in accounts],
                [ref.owner for ref, _ in accounts],
                [currency for _, currency in accounts],
            ),
        )
