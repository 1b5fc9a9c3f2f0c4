"""Post entries: arrays out, ids back, one round trip for one or for thousands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, Self

from django.db import connection
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper
from psycopg import Cursor
from psycopg.rows import TupleRow

from apps.core.db import joins_transaction, outside_transaction
from apps.finance.ledger import errors
from apps.finance.ledger.models import number_of
from apps.finance.ledger.postings import AccountRef, Draft

#: So many runs of a statement until the driver prepares it unasked.
NEVER_BY_ITSELF = 2**31
#: One past the largest amount of a line: BIGINT.
LIMIT = 2**63

_POST = (
    "SELECT ids, replayed, refusal, facts FROM ledger_post("
    "%s::timestamptz, %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::date[],"
    " %s::bigint[], %s::bigint[], %s::bigint[], %s::smallint[], %s::text[], %s::text[], %s::int[], %s::text[],"
    " %s::int[], %s::smallint[], %s::int[], %s::bigint[])"
)


class Posted(NamedTuple):
    """An entry in the books; ``replayed`` when its source had been posted before."""

    entry_id: int
    number: str
    replayed: bool


@joins_transaction
def post(draft: Draft, *, now: datetime) -> Posted:
    """Post one entry and move its balances, in the caller's transaction.

    Posting the same ``draft.source`` again returns the first entry and moves nothing. After a
    refusal nothing is written and the caller's transaction can go on.

    :raises Unbalanced: fewer than two movements, or they do not sum to zero in every currency
    :raises InsufficientFunds: an account that may not be overdrawn would be
    :raises UnknownAccount: the chart has no such code, or not for such an owner
    :raises AccountClosed: an account is closed or frozen
    :raises AmountOutOfRange: a movement is zero, or a sum does not fit a BIGINT
    :raises SourceReused: the source was posted before with other content
    :raises KindNotAllowed: an entry of this kind may not debit or credit one of the accounts
    :raises PeriodClosed: the accounting date lies in a month that is closed
    :raises AlreadyReversed: ``draft.reverses`` or ``draft.corrects`` was reversed before
    :raises NotTheOpposite: it is not the exact opposite of the entry it reverses, or takes back
        more of the entry it corrects than is left
    :raises Malformed: no source, a date the books do not reach, or a reversal of nothing
    """
    return _post((draft,), now)[0]


@outside_transaction
def post_alone(draft: Draft, *, now: datetime) -> Posted:
    """Post one entry that belongs to nothing else, in a transaction of its own.

    For an event that no row of the caller records beside: an import, an entry made by hand. A
    lone statement is atomic and on disk when it is answered, so neither BEGIN nor COMMIT travels
    to the server. If the answer is lost, post again: the source keeps the entry from being made
    twice. Raises what ``post`` raises, and then nothing is written.
    """
    return _post((draft,), now)[0]


@joins_transaction
def post_many(drafts: Sequence[Draft], *, now: datetime) -> list[Posted]:
    """Post a batch, all or nothing, in the caller's transaction; answers in the order given.

    Balances are judged once, after the whole batch. A source that is in the books already, or
    that came earlier in the batch, is replayed. Raises what ``post`` raises.
    """
    return _post(drafts, now) if drafts else []


def _post(drafts: Sequence[Draft], now: datetime) -> list[Posted]:
    with _prepared() as cursor:
        cursor.execute(_POST, _arguments(drafts, now))
        ids, replayed, refusal, facts = cursor.fetchone()
    if refusal:
        raise errors.BY_SQLSTATE[refusal](**json.loads(facts or "{}"))
    today = now.astimezone(UTC).date()
    flags = replayed or [False] * len(ids)
    return [
        Posted(entry_id, number_of(entry_id, (draft.effective_on or today).year), again)
        for draft, entry_id, again in zip(drafts, ids, flags, strict=True)
    ]


def _prepared() -> CursorWrapper:
    """Open a cursor that parses and plans a statement once for each connection."""
    connection.ensure_connection()
    if connection.connection.prepare_threshold is None:  # Django's way to say: never prepare
        connection.connection.prepare_threshold = NEVER_BY_ITSELF
    wrapper = CursorDebugWrapper if connection.queries_logged else CursorWrapper
    return wrapper(_Prepared(connection.connection), connection)


class _Prepared(Cursor[TupleRow]):
    """Sends arguments beside the statement, where Django's own cursor writes them into it."""

    def execute(self, *args: Any, **kwargs: Any) -> Self:
        return super().execute(*args, **kwargs | {"prepare": True})


def _arguments(drafts: Sequence[Draft], now: datetime) -> tuple[datetime | str, ...]:
    accounts: dict[tuple[AccountRef, str], int] = {}
    currencies: dict[str, int] = {}
    today = now.astimezone(UTC).date()
    hashes: list[str] = []
    entry: list[int] = []
    number: list[int] = []
    account: list[int] = []
    amount: list[int] = []
    for i, draft in enumerate(drafts, 1):
        hashes.append(request_hash(draft))
        for n, (ref, money) in enumerate(draft.movements, 1):
            minor = money.minor
            if not minor or not -LIMIT < minor < LIMIT:
                raise errors.AmountOutOfRange(source=draft.source, amount_minor=str(minor))
            entry.append(i)
            number.append(n)
            account.append(accounts.setdefault((ref, money.currency), len(accounts) + 1))
            amount.append(minor)
    return (
        now,
        _texts([draft.source for draft in drafts]),
        _texts([draft.kind.value for draft in drafts]),
        _texts(hashes),
        _texts([draft.cluster for draft in drafts]),
        _texts([draft.memo for draft in drafts]),
        _array([draft.effective_on or today for draft in drafts]),
        _array([draft.reverses for draft in drafts]),
        _array([draft.corrects for draft in drafts]),
        _array([draft.actor_id for draft in drafts]),
        _array([len(draft.movements) for draft in drafts]),
        _texts([ref.code for ref, _ in accounts]),
        _texts([ref.owner for ref, _ in accounts]),
        _array([currencies.setdefault(c, len(currencies) + 1) for _, c in accounts]),
        _texts(list(currencies)),
        _array(entry),
        _array(number),
        _array(account),
        _array(amount),
    )


# Arrays are written by hand: the driver would adapt each of some thousand values by itself.


def _array(values: Sequence[int | date | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def _texts(values: Sequence[str]) -> str:
    if not values:
        return "{}"
    quoted = [value.replace("\\", r"\\").replace('"', r"\"") for value in values]
    return '{"' + '","'.join(quoted) + '"}'


def request_hash(draft: Draft) -> str:
    """Return the SHA-256, in hex, of what was asked, apart from the source it is kept under."""
    parts = [
        f"{draft.kind.value}\x1f{draft.cluster}\x1f{draft.memo}",
        f"{draft.effective_on}\x1f{draft.reverses}\x1f{draft.actor_id}",
    ]
    for (code, owner), money in draft.movements:
        parts.append(f"{code}\x1f{owner}\x1f{money.currency}\x1f{money.minor}")
    if draft.corrects is not None:
        parts.append(f"corrects\x1f{draft.corrects}")
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
