"""The rows of sales by the thousand: arrays out, ids back, one statement for each table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from apps.core.db import Bigints, Texts, joins_transaction, prepared_rows
from apps.core.money import Money
from apps.finance.payments.choices import Kind

_DRAW = "SELECT nextval('payments_transaction_id_seq') FROM generate_series(1, %s::int)"
# What is the same for all may come once. Sorted, as two batches with common keys wait for each
# other.
_INSERT = """
WITH given AS (
    SELECT %s::text AS kind, %s::timestamptz AS now,
           %s::bigint[] AS id, %s::bigint[] AS cluster, %s::bigint[] AS payer,
           %s::bigint[] AS payee, %s::bigint[] AS amount, %s::text[] AS currency,
           %s::bigint[] AS fee, %s::bigint[] AS tax, %s::bigint[] AS added, %s::text[] AS place,
           %s::text[] AS lines, %s::text[] AS proofs, %s::text[] AS subject,
           %s::text[] AS occasion, %s::text[] AS key
), row AS (
    SELECT d.id, d.payer, d.subject, d.key, g.kind, g.now,
           coalesce(d.cluster, g.cluster[1]) AS cluster, coalesce(d.payee, g.payee[1]) AS payee,
           coalesce(d.amount, g.amount[1]) AS amount,
           coalesce(d.currency, g.currency[1]) AS currency, coalesce(d.fee, g.fee[1]) AS fee,
           coalesce(d.tax, g.tax[1]) AS tax, coalesce(d.added, g.added[1]) AS added,
           coalesce(d.place, g.place[1]) AS place, coalesce(d.lines, g.lines[1]) AS lines,
           coalesce(d.proofs, g.proofs[1]) AS proofs,
           coalesce(d.occasion, g.occasion[1]) AS occasion
      FROM given g,
           unnest(g.id, g.cluster, g.payer, g.payee, g.amount, g.currency, g.fee, g.tax, g.added,
                  g.place, g.lines, g.proofs, g.subject, g.occasion, g.key)
           d(id, cluster, payer, payee, amount, currency, fee, tax, added, place, lines, proofs,
             subject, occasion, key)
), made AS (
    INSERT INTO payments_transaction (
           id, public_id, cluster_id, kind, method, payer_id, payee_id, amount_minor, currency,
           platform_fee_minor, processing_fee_minor, net_minor, tax_minor, tax_added_minor,
           tax_place, tax_lines, place_proofs, status, gateway, gateway_reference,
           failure_code, failure_reason, message, subject, occasion, idempotency_key,
           created_at, last_word_at, captured_at, look_ups)
    SELECT id, gen_random_uuid(), cluster, kind, 'WALLET', payer, payee, amount, currency,
           fee, 0, amount - tax - fee, tax, added,
           place, lines::jsonb, proofs::jsonb, 'CAPTURED', '', '',
           '', '', '', subject, occasion, key,
           now, now, now, 0
      FROM row
     ORDER BY payer, key COLLATE "C"
        ON CONFLICT (payer_id, idempotency_key) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM made
"""
_HISTORY = """
WITH made AS (
    INSERT INTO payments_transactionevent (transaction_id, from_status, to_status, at, reason,
                                           facts)
    SELECT id, '', 'CAPTURED', %s::timestamptz, %s::text, '{}' FROM unnest(%s::bigint[]) id
    RETURNING 1
)
SELECT count(*) FROM made
"""
_EXIST = "SELECT id FROM payments_transaction WHERE id = ANY(%s::bigint[])"
_FORGET = """
WITH gone AS (DELETE FROM payments_transaction WHERE id = ANY(%s::bigint[]) RETURNING 1)
SELECT count(*) FROM gone
"""
_MISFITS = """
SELECT s.i::int - 1, c.id IS NULL OR f.id IS NULL, c.user_id = f.user_id
  FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) WITH ORDINALITY s(fan, creator, brand, i)
  LEFT JOIN accounts_profile f ON f.id = s.fan AND f.cluster_id = s.brand
  LEFT JOIN accounts_profile c ON c.id = s.creator AND c.cluster_id = s.brand
 WHERE f.id IS NULL OR c.id IS NULL OR c.user_id = f.user_id OR NOT c.is_creator
"""
_BEFORE = """
SELECT t.payer_id, t.idempotency_key, t.id, t.public_id::text, t.kind, t.method, t.payee_id,
       t.amount_minor, t.tax_added_minor, t.currency, t.subject, t.occasion
  FROM unnest(%s::bigint[], %s::text[]) d(payer, key)
  JOIN payments_transaction t ON t.payer_id = d.payer AND t.idempotency_key = d.key
"""

#: id, brand, payer, payee, amount, currency, platform fee, tax, tax added, tax place, tax lines,
#: proofs, subject, occasion, key.
Row = tuple[
    int, int, int, int, int, str, int, int, int, str, str, str, str, str, str
]  # fmt: skip
_NUMBERS = frozenset({0, 1, 2, 3, 4, 6, 7, 8})
#: The id, the payer, the subject and the key are each row's own.
_EACH = frozenset({0, 2, 12, 14})


class Before(NamedTuple):
    """A payment that a key made before; ``sold`` is what it was asked for."""

    pk: int
    public_id: str
    amount: Money
    sold: tuple[str, str, int | None, Money, str, str]


class Misfit(NamedTuple):
    """Parties, by their place in the order given, that may not deal with each other: one is not
    on the brand, or both are one person, or (neither) the payee is no creator."""

    place: int
    is_elsewhere: bool
    is_oneself: bool | None


def misfits(parties: Sequence[tuple[int, int, int]]) -> list[Misfit]:
    """Return which of fan, creator and brand do not fit."""
    fans, creators, brands = zip(*parties, strict=True)
    found = prepared_rows(_MISFITS, (Bigints(fans), Bigints(creators), Bigints(brands)))
    return [Misfit(*row) for row in found]


def draw_ids(count: int) -> list[int]:
    """Return so many new ids of payments."""
    return [pk for (pk,) in prepared_rows(_DRAW, (str(count),))]


@joins_transaction
def insert_captured(rows: Sequence[Row], *, kind: Kind, now: datetime) -> int:
    """Write captured wallet payments; return how many: those whose key is taken are left out."""
    columns: list[Bigints | Texts] = []
    for place, column in enumerate(zip(*rows, strict=True)):
        values = column if place in _EACH else _once(column)
        columns.append(Bigints(values) if place in _NUMBERS else Texts(values))
    [(count,)] = prepared_rows(_INSERT, (kind.value, now.isoformat(), *columns))
    return int(count)


def _once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Send what is the same for all once: long arrays are dear to read."""
    return values[:1] if values.count(values[0]) == len(values) else values


@joins_transaction
def insert_history(ids: Sequence[int], *, now: datetime, reason: str) -> None:
    """Write the one line of history of payments that came into being captured."""
    prepared_rows(_HISTORY, (now.isoformat(), reason, Bigints(ids)))


@joins_transaction
def forget(ids: Sequence[int]) -> None:
    """Take back payments of this very transaction that the ledger refused."""
    if ids:
        prepared_rows(_FORGET, (Bigints(ids),))


def which_exist(ids: Sequence[int]) -> set[int]:
    """Return those of the ids that payments have."""
    return {pk for (pk,) in prepared_rows(_EXIST, (Bigints(ids),))}


def sold_before(named: Sequence[tuple[int, str]]) -> dict[tuple[int, str], Before]:
    """Return the payments that payers' keys made before, by payer and key."""
    found = prepared_rows(
        _BEFORE, (Bigints([payer for payer, _ in named]), Texts([key for _, key in named]))
    )
    before = {}
    for payer, key, pk, public_id, kind, method, payee, minor, added, currency, *what in found:
        subject, occasion = what
        price = Money(minor - added, currency)
        sold = (kind, method, payee, price, subject, occasion)
        before[payer, key] = Before(pk, public_id, Money(minor, currency), sold)
    return before
