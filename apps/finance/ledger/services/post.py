"""Post entries: arrays out, ids back, one round trip for one or for thousands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple, TypeVar

from apps.core.db import joins_transaction, outside_transaction, prepared_rows
from apps.core.money import SCALES
from apps.finance.ledger import errors
from apps.finance.ledger.models import number_of
from apps.finance.ledger.postings import AccountRef, Draft

#: Of the columns, in characters.
SOURCE_LENGTH, MEMO_LENGTH = 120, 500
#: One past the largest amount of a line: BIGINT.
LIMIT = 2**63

T = TypeVar("T")

_POST = (
    "SELECT ids, replayed, refusal, facts FROM ledger_post("
    "%s::timestamptz, %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::date[],"
    " %s::bigint[], %s::bigint[], %s::bigint[], %s::smallint[],"
    " %s::text[], %s::text[], %s::int[], %s::text[],"
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
    :raises WrongCurrency: the books keep no such currency
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
    [(ids, replayed, refusal, facts)] = prepared_rows(_POST, _arguments(drafts, now))
    if refusal:
        raise errors.BY_SQLSTATE[refusal](**json.loads(facts or "{}"))
    today = now.astimezone(UTC).date()
    flags = replayed or [False] * len(ids)
    return [
        Posted(entry_id, number_of(entry_id, (draft.effective_on or today).year), again)
        for draft, entry_id, again in zip(drafts, ids, flags, strict=True)
    ]


def _arguments(drafts: Sequence[Draft], now: datetime) -> tuple[str, ...]:
    """Turn drafts into the arrays of ledger_post, and each into its request hash, in one pass."""
    accounts: dict[tuple[AccountRef, str], tuple[str, str]] = {}
    today = now.astimezone(UTC).date()
    hashes: list[str] = []
    counts = [len(draft.movements) for draft in drafts]
    account: list[str] = []
    amount: list[str] = []
    for draft in drafts:
        if len(draft.source) > SOURCE_LENGTH or len(draft.memo) > MEMO_LENGTH:
            raise errors.Malformed(source=draft.source[:SOURCE_LENGTH])
        parts = [_asked(draft)]
        movements = draft.movements
        for ref, money in movements:
            minor = money.minor
            if not minor or not -LIMIT < minor < LIMIT:
                raise errors.AmountOutOfRange(source=draft.source, amount_minor=str(minor))
            key = (ref, money.currency)
            known = accounts.get(key)
            if known is None:
                if money.currency not in SCALES:
                    raise errors.WrongCurrency(source=draft.source, currency=money.currency)
                name = f"\x1f{ref.code}\x1f{ref.owner}\x1f{money.currency}\x1f"
                known = accounts[key] = (str(len(accounts) + 1), name)
            digits = str(minor)
            account.append(known[0])
            amount.append(digits)
            parts.append(known[1] + digits)
        if draft.corrects is not None:
            parts.append(f"\x1fcorrects\x1f{draft.corrects}")
        hashes.append(_digest("".join(parts)))
    currencies = {currency: i for i, currency in enumerate({c: 0 for _, c in accounts}, 1)}
    return (
        now.isoformat(),
        _texts([draft.source for draft in drafts]),
        _texts(_once([draft.kind.value for draft in drafts])),
        "{" + ",".join(hashes) + "}",
        _texts(_once([draft.cluster for draft in drafts])),
        _texts(_once([draft.memo for draft in drafts])),
        _array(_once([draft.effective_on or today for draft in drafts])),
        _array(_named([draft.reverses for draft in drafts])),
        _array(_named([draft.corrects for draft in drafts])),
        _array(_once([draft.actor_id for draft in drafts])),
        _array(_once(counts)),
        _texts([ref.code for ref, _ in accounts]),
        _texts([ref.owner for ref, _ in accounts]),
        _array([currencies[c] for _, c in accounts]),
        _texts(list(currencies)),
        *_places(counts),
        "{" + ",".join(account) + "}",
        "{" + ",".join(amount) + "}",
    )


def _once(values: Sequence[T]) -> Sequence[T]:
    """Send what is the same for all entries once."""
    return values[:1] if values.count(values[0]) == len(values) else values


def _named(ids: Sequence[int | None]) -> Sequence[int | None]:
    """Send that no entry is named once; an array's missing end is read as nothing."""
    return ids[:1] if ids.count(None) == len(ids) else ids


def _places(counts: list[int]) -> tuple[str, str]:
    """Say of each line its entry and its number; nothing where all entries have as many."""
    if len(set(counts)) == 1:
        return "{}", "{}"
    entries = [i for i, count in enumerate(counts, 1) for _ in range(count)]
    return _array(entries), _array([n for count in counts for n in range(1, count + 1)])


# Arrays are written by hand: the driver would adapt each of some thousand values by itself.


def _array(values: Sequence[int | date | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def _texts(values: Sequence[str]) -> str:
    if not values:
        return "{}"
    if any("\0" in value for value in values):
        raise errors.Malformed
    quoted = [value.replace("\\", r"\\").replace('"', r"\"") for value in values]
    return '{"' + '","'.join(quoted) + '"}'


def request_hash(draft: Draft) -> str:
    """Return the SHA-256, in hex, of what was asked, apart from the source it is kept under."""
    parts = [_asked(draft)]
    for (code, owner), money in draft.movements:
        parts.append(f"\x1f{code}\x1f{owner}\x1f{money.currency}\x1f{money.minor}")
    if draft.corrects is not None:
        parts.append(f"\x1fcorrects\x1f{draft.corrects}")
    return _digest("".join(parts))


def _asked(draft: Draft) -> str:
    return (
        f"{draft.kind.value}\x1f{draft.cluster}\x1f{draft.memo}"
        f"\x1f{draft.effective_on}\x1f{draft.reverses}\x1f{draft.actor_id}"
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
