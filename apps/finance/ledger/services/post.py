"""Post entries: arrays out, ids back, one round trip for one or for thousands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import NamedTuple, TypeVar

from apps.core.db import (
    Bigints,
    Texts,
    joins_transaction,
    outside_transaction,
    prepared_rows,
    prepared_texts,
)
from apps.core.money import SCALES
from apps.finance.ledger import errors
from apps.finance.ledger.models import Entry, number_of
from apps.finance.ledger.postings import AccountRef, Draft

#: Of the columns, in characters.
SOURCE_LENGTH, MEMO_LENGTH = 120, 500
#: Lines of one entry at most: SMALLINT.
MOST_LINES = 2**15 - 1
#: The largest amount of a line: all that is ever summed must fit a BIGINT.
MOST_OF_LINE = 10**15

T = TypeVar("T")

_POST = (
    "SELECT ids, replayed, refusal, facts FROM ledger_post("
    "%s::timestamptz, %s::text[], %s::text[], %s::bytea, %s::text[], %s::text[], %s::date[],"
    " %s::bigint[], %s::bigint[], %s::bigint[], %s::smallint[],"
    " %s::text[], %s::text[], %s::int[], %s::text[],"
    " %s::int[], %s::smallint[], %s::bigint[], %s::bigint[])"
)

_POST_ONE = (
    "SELECT id::text, replayed::text, refusal, facts FROM ledger_post_one("
    "%s::timestamptz, %s::text, %s::text, %s::bytea, %s::text, %s::text, %s::date,"
    " %s::bigint, %s::bigint, %s::bigint, %s::text[], %s::text[], %s::text[], %s::bigint[])"
)


class Posted(NamedTuple):
    """An entry in the books; ``replayed`` when its source had been posted before."""

    entry_id: int
    year: int
    replayed: bool

    @property
    def number(self) -> str:
        """Return the number people use for it."""
        return number_of(self.entry_id, self.year)


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
    :raises AmountOutOfRange: a movement is zero or above 10**15, or a sum does not fit a BIGINT
    :raises SourceReused: the source was posted before with other content
    :raises KindNotAllowed: an entry of this kind may not debit or credit one of the accounts
    :raises PeriodClosed: the accounting date lies in a month that is closed
    :raises AlreadyReversed: ``draft.reverses`` or ``draft.corrects`` was reversed before
    :raises NotTheOpposite: it is not the exact opposite of the entry it reverses, or takes back
        more of the entry it corrects than is left
    :raises Malformed: no source, a date the books do not reach, or a reversal of nothing
    """
    return _post_one(draft, now)


@outside_transaction
def post_alone(draft: Draft, *, now: datetime) -> Posted:
    """Post one entry that belongs to nothing else, in a transaction of its own.

    For an event that no row of the caller records beside: an import, an entry made by hand. A
    lone statement is atomic and on disk when it is answered, so neither BEGIN nor COMMIT travels
    to the server. If the answer is lost, post again: the source keeps the entry from being made
    twice. Raises what ``post`` raises, and then nothing is written.
    """
    return _post_one(draft, now)


@joins_transaction
def post_many(drafts: Sequence[Draft], *, now: datetime) -> list[Posted]:
    """Post a batch, all or nothing, in the caller's transaction; answers in the order given.

    Balances are judged once, after the whole batch. A source that is in the books already, or
    that came earlier in the batch, is replayed. Raises what ``post`` raises.
    """
    if len(drafts) == 1:
        return [_post_one(drafts[0], now)]
    return _post(drafts, now) if drafts else []


def _post_one(draft: Draft, now: datetime) -> Posted:
    """Do what ``_post`` does, for one: nothing of it pays for arrays of thousands."""
    today, day = now.astimezone(UTC).date(), draft.effective_on
    try:
        asked, *lines = _lines_of(draft)
        new_id, replayed, refusal, facts = prepared_texts(
            _POST_ONE,
            (
                now.isoformat(),
                draft.source,
                draft.kind.value,
                sha256(asked.encode()).digest(),
                draft.cluster,
                draft.memo,
                str(day or today),
                _number(draft.reverses),
                _number(draft.corrects),
                _number(draft.actor_id),
                *lines,
            ),
        )
    except UnicodeEncodeError as error:  # half of a surrogate pair, which JSON can bring
        raise errors.Malformed from error
    if refusal or not new_id:
        raise errors.BY_SQLSTATE[str(refusal)](**json.loads(facts or "{}"))
    entry_id, again = int(new_id), replayed == "true"
    if again and day is None:
        day = _days_of([entry_id])[entry_id]
    return Posted(entry_id, (day or today).year, again)


def _lines_of(draft: Draft) -> tuple[str, str, str, str, str]:
    """Return what was asked, to be hashed, and the codes, owners, currencies and amounts."""
    source = draft.source
    if len(source) > SOURCE_LENGTH or len(draft.movements) > MOST_LINES:
        raise errors.Malformed(source=source[:SOURCE_LENGTH])
    parts, codes, owners, currencies, amounts = [_asked(draft)], [], [], [], []
    for ref, money in draft.movements:
        minor, currency = money.minor, money.currency
        if not minor or not -MOST_OF_LINE <= minor <= MOST_OF_LINE:
            raise errors.AmountOutOfRange(source=source, amount_minor=str(minor))
        parts.append(f"{_named_account(draft, ref, currency)}{minor}")
        codes.append(ref.code)
        owners.append(ref.owner)
        currencies.append(currency)
        amounts.append(minor)
    if draft.corrects is not None:
        parts.append(f"\x1fcorrects\x1f{draft.corrects}")
    asked = "".join(parts)
    if "\0" in source or "\0" in asked:
        raise errors.Malformed
    return asked, _quoted(codes), _quoted(owners), _quoted(currencies), _array(amounts)


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def _quoted(values: Sequence[str]) -> str:
    """Write a ``text[]``; the two signs that mean something between quotes are escaped."""
    text = '","'.join([v.replace("\\", "\\\\").replace('"', '\\"') for v in values])
    return f'{{"{text}"}}' if values else "{}"


def _post(drafts: Sequence[Draft], now: datetime) -> list[Posted]:
    try:
        [(ids, replayed, refusal, facts)] = prepared_rows(_POST, _arguments(drafts, now))
    except UnicodeEncodeError as error:  # half of a surrogate pair, which JSON can bring
        raise errors.Malformed from error
    if refusal:
        raise errors.BY_SQLSTATE[refusal](**json.loads(facts or "{}"))
    today = now.astimezone(UTC).date()
    if replayed is None:
        replayed, days = [False] * len(ids), {}
    else:
        days = _days_of(
            [
                entry_id
                for draft, entry_id, again in zip(drafts, ids, replayed, strict=True)
                if again and not draft.effective_on
            ]
        )
    return [
        Posted(entry_id, (draft.effective_on or days.get(entry_id, today)).year, again)
        for draft, entry_id, again in zip(drafts, ids, replayed, strict=True)
    ]


def _days_of(ids: Sequence[int]) -> dict[int, date]:
    """Return the accounting dates that entries got when they were new, maybe last year."""
    return dict(Entry.objects.filter(pk__in=ids).values_list("pk", "effective_on")) if ids else {}


def _arguments(
    drafts: Sequence[Draft], now: datetime
) -> tuple[str | bytes | Texts | Bigints, ...]:
    """Turn drafts into the arrays of ledger_post, and each into its request hash, in one pass."""
    accounts: dict[tuple[AccountRef, str], int] = {}
    # The recipes give out the same object for the same account: most are known by their address,
    # which stays theirs as long as they are held here.
    known: dict[int, tuple[AccountRef, str, int, str]] = {}
    today = now.astimezone(UTC).date()
    hashes: list[bytes] = []
    account, amount = Bigints(), Bigints()
    least, most = -MOST_OF_LINE, MOST_OF_LINE
    before: tuple[object, ...] = ()
    head = ""
    for draft in drafts:
        kind, source, movements, cluster, memo, day, reverses, actor_id, corrects = draft
        if len(source) > SOURCE_LENGTH or len(movements) > MOST_LINES:
            raise errors.Malformed(source=source[:SOURCE_LENGTH])
        asked = (kind, cluster, memo, day, reverses, actor_id)
        if asked != before:
            before, head = asked, _asked(draft)
        text = head
        for ref, money in movements:
            minor = money.minor
            if not minor or not least <= minor <= most:
                raise errors.AmountOutOfRange(source=source, amount_minor=str(minor))
            currency = money.currency
            at = known.get(id(ref))
            if at is None or at[1] != currency:
                name = _named_account(draft, ref, currency)
                index = accounts.setdefault((ref, currency), len(accounts) + 1)
                at = known[id(ref)] = (ref, currency, index, name)
            account.append(at[2])
            amount.append(minor)
            text += f"{at[3]}{minor}"
        if corrects is not None:
            text += f"\x1fcorrects\x1f{corrects}"
        hashes.append(sha256(text.encode()).digest())
    counts = [len(draft.movements) for draft in drafts]
    currencies = {currency: i for i, currency in enumerate({c: 0 for _, c in accounts}, 1)}
    return (
        now.isoformat(),
        _texts([draft.source for draft in drafts]),
        _texts(_once([draft.kind.value for draft in drafts])),
        b"".join(hashes),
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
        account,
        amount,
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


def _texts(values: Sequence[str]) -> Texts:
    if "\0" in "".join(values):
        raise errors.Malformed
    return Texts(values)


def request_hash(draft: Draft) -> str:
    """Return the SHA-256, in hex, of what was asked, apart from the source it is kept under."""
    parts = [_asked(draft)]
    for ref, money in draft.movements:
        parts.append(f"{_named_account(draft, ref, money.currency)}{money.minor}")
    if draft.corrects is not None:
        parts.append(f"\x1fcorrects\x1f{draft.corrects}")
    return sha256("".join(parts).encode()).hexdigest()


def _asked(draft: Draft) -> str:
    # What parts the fields is in none of them: two requests never read alike.
    if len(draft.memo) > MEMO_LENGTH or "\x1f" in draft.memo or "\x1f" in draft.cluster:
        raise errors.Malformed(source=draft.source[:SOURCE_LENGTH])
    return (
        f"{draft.kind.value}\x1f{draft.cluster}\x1f{draft.memo}"
        f"\x1f{draft.effective_on}\x1f{draft.reverses}\x1f{draft.actor_id}"
    )


def _named_account(draft: Draft, ref: AccountRef, currency: str) -> str:
    if currency not in SCALES:
        raise errors.WrongCurrency(source=draft.source, currency=currency)
    return f"\x1f{ref.code}\x1f{ref.owner}\x1f{currency}\x1f"
