"""The hash chain: its blocks, whether they verify, and the roots to keep elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from apps.finance.ledger.models import Block

#: The hash before the first block.
ORIGIN = "0" * 64


class Link(NamedTuple):
    """The block an entry lies in, and whether its hash is that of the rows as they are now."""

    number: int
    first_id: int
    last_id: int
    entries: int
    previous_hash: str
    hash: str
    built_at: datetime
    verifies: bool


class Root(NamedTuple):
    """A block as it is kept outside the database."""

    number: int
    last_id: int
    hash: str


#: Blocks that do not follow from their entries or from the block before them.
_BROKEN = """
    SELECT format('block %%s (entries %%s to %%s): %%s', b.number, b.first_id, b.last_id,
                  CASE WHEN h.hash <> b.hash OR h.entries <> b.entries
                       THEN 'its entries are not those it was built from'
                       ELSE 'it does not follow the block before it' END)
      FROM ledger_block b
      LEFT JOIN ledger_block p ON p.number = b.number - 1
           CROSS JOIN LATERAL
           ledger_block_hash(b.number, b.first_id, b.last_id, b.previous_hash) h
     WHERE b.number BETWEEN %(first)s AND %(last)s
       AND (h.hash <> b.hash OR h.entries <> b.entries
            OR b.previous_hash <> coalesce(p.hash, repeat('0', 64))
            OR b.first_id <> coalesce(p.last_id, 0) + 1
            OR (p.number IS NULL) <> (b.number = 1))
     ORDER BY b.number LIMIT %(each)s
"""


def link_of(entry_id: int) -> Link | None:
    """Return the block that holds an entry, verified now; None until it is built."""
    block = Block.objects.filter(last_id__gte=entry_id).order_by("last_id").first()
    if block is None or block.first_id > entry_id:
        return None
    return Link(
        number=block.number,
        first_id=block.first_id,
        last_id=block.last_id,
        entries=block.entries,
        previous_hash=block.previous_hash,
        hash=block.hash,
        built_at=block.built_at,
        verifies=not broken_blocks(first=block.number, last=block.number),
    )


def broken_blocks(*, first: int, last: int, each: int = 20) -> list[str]:
    """Recompute blocks ``first`` to ``last`` from their entries; say which do not verify."""
    with connection.cursor() as cursor:
        cursor.execute(_BROKEN, {"first": first, "last": last, "each": each})
        return [what for (what,) in cursor.fetchall()]


def roots(*, after: int = 0) -> Iterator[Root]:
    """Return the blocks after number ``after``, oldest first, streamed."""
    blocks = Block.objects.filter(number__gt=after).order_by("number")
    for number, last_id, digest in blocks.values_list("number", "last_id", "hash").iterator():
        yield Root(number, last_id, digest)


def contradicted(kept: list[Root]) -> list[str]:
    """Compare roots that were kept elsewhere with the chain; say which it no longer has."""
    stored = {
        root.number: root
        for root in (
            Root(*row)
            for row in Block.objects.filter(number__in=[root.number for root in kept]).values_list(
                "number", "last_id", "hash"
            )
        )
    }
    return [
        f"block {root.number}: kept {root.hash}, now "
        + (stored[root.number].hash if root.number in stored else "missing")
        for root in kept
        if stored.get(root.number) != root
    ]
