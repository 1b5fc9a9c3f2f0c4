"""Entries and lines that a filter leaves, in pages or as a stream; no page reads the whole books.

Rows are in the order of accounting dates. No index has that order: lines lie on disk nearly in
it, and a BRIN index finds the pages of a few days. So a page is looked for in a window of days
that widens until the page is full, at most ``len(WINDOWS)`` queries.
"""

# ruff: noqa: S608 (only texts of this module are put together; values are parameters)

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from apps.core.money import Money
from apps.finance.ledger.choices import Side
from apps.finance.ledger.models import number_of

#: Days looked through for one page; the last window is whatever remains.
WINDOWS = (1, 7, 31, 366)
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Journal:
    """A filter: which lines count. Empty means any; days are inclusive.

    ``side`` leaves debits or credits alone. ``beside`` leaves lines of entries that also have a
    line on one of these codes, in the same currency: what cash was for, say.
    """

    end: date
    start: date | None = None
    codes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    but_kinds: tuple[str, ...] = ()
    cluster: str = ""
    currency: str = ""
    owner: str = ""
    side: str = ""
    beside: tuple[str, ...] = ()

    @property
    def names_accounts(self) -> bool:
        return bool(self.codes or self.currency or self.owner or self.side or self.beside)

    def counts(self, line: JournalLine) -> bool:
        """Test if a line of an entry that the filter leaves is one of those it means."""
        return (
            (not self.codes or line.code in self.codes)
            and (not self.currency or line.amount.currency == self.currency)
            and (not self.owner or line.owner == self.owner)
            and (not self.side or (line.amount.minor > 0) == (self.side == Side.DEBIT))
        )

    def values(self) -> dict[str, Any]:
        return {
            "first": self.start or date.min,
            "last": self.end,
            "codes": list(self.codes),
            "kinds": list(self.kinds),
            "but_kinds": list(self.but_kinds),
            "cluster": self.cluster,
            "currency": self.currency,
            "owner": self.owner,
            "is_debit": self.side == Side.DEBIT,
            "beside": list(self.beside),
        }


class JournalLine(NamedTuple):
    """A line with its account; ``amount`` is debit-positive."""

    entry_id: int
    n: int
    account_id: int
    code: str
    owner: str
    amount: Money


class JournalEntry(NamedTuple):
    """An entry with its lines."""

    id: int
    number: str
    kind: str
    source: str
    cluster: str
    effective_on: date
    posted_at: datetime
    reverses_id: int | None
    memo: str
    lines: tuple[JournalLine, ...]


class JournalRow(NamedTuple):
    """A line of a file: with its entry."""

    effective_on: date
    entry_id: int
    n: int
    kind: str
    source: str
    cluster: str
    memo: str
    posted_at: datetime
    code: str
    owner: str
    amount: Money

    @property
    def number(self) -> str:
        return number_of(self.entry_id, self.effective_on.year)


class FeeRow(NamedTuple):
    """Fees kept out of one owner's entries of a kind, in smallest units.

    ``shared_minor`` is what the owner got in entries with other owners beside it: their fees are
    not split in the books, so they are not in the two sums.
    """

    kind: str
    currency: str
    platform_minor: int
    processing_minor: int
    shared_minor: int


_FILTERS = {
    "codes": "a.code = ANY(%(codes)s)",
    "owner": "a.owner = %(owner)s",
    "currency": "l.currency = %(currency)s",
    "cluster": "e.cluster = %(cluster)s",
    "kinds": "e.kind = ANY(%(kinds)s)",
    "but_kinds": "e.kind <> ALL(%(but_kinds)s)",
    "side": "(l.amount_minor > 0) = %(is_debit)s",
    "beside": """EXISTS (
        SELECT FROM ledger_line o JOIN ledger_account b ON b.id = o.account_id
         WHERE o.entry_id = l.entry_id AND o.currency = l.currency
           AND b.code = ANY(%(beside)s))""",
}
_FROM = """
  FROM ledger_line l
  JOIN ledger_entry e ON e.id = l.entry_id
  JOIN ledger_account a ON a.id = l.account_id
 WHERE l.effective_on BETWEEN %(first)s AND %(last)s
"""


def entries_of(
    journal: Journal, *, before: tuple[date, int] | None = None, limit: int = 50
) -> list[JournalEntry]:
    """Return entries with a line that the filter leaves, the newest day first.

    ``before`` is day and id of the last entry of the page before.
    """
    keys: list[tuple[date, int]] = []
    values = journal.values() | {"limit": limit, "day": date.max, "id": 0}
    if before is not None:
        values |= {"day": before[0], "id": before[1]}
    query = (
        f"SELECT DISTINCT l.effective_on, l.entry_id {_where(journal)}"
        + ("" if journal.names_accounts else " AND l.n = 1")
        + " AND (l.effective_on, l.entry_id) < (%(day)s, %(id)s)"
        " ORDER BY 1 DESC, 2 DESC LIMIT %(limit)s"
    )
    last = min(journal.end, values["day"])
    if last < (journal.start or date.min):
        return []
    for first in _starts(last, journal.start or date.min, step=-1):
        keys = _rows(query, values | {"first": first, "last": last})
        if len(keys) == limit:
            break
    return _entries([entry_id for _, entry_id in keys])


def entry_by_id(entry_id: int) -> JournalEntry | None:
    """Return one entry with its lines."""
    return next(iter(_entries([entry_id])), None)


def stream(journal: Journal) -> Iterator[JournalRow]:
    """Yield the lines that the filter leaves, the oldest first; memory stays flat."""
    query = (
        "SELECT l.effective_on, l.entry_id, l.n, e.kind, e.source, e.cluster, e.memo, e.posted_at,"
        f" a.code, a.owner, l.amount_minor, l.currency {_where(journal)} ORDER BY 1, 2, 3"
    )
    for row in streamed(query, journal.values()):
        yield JournalRow._make([*row[:10], Money(row[10], row[11])])


def streamed(query: str, values: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query through a cursor of the server."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, values)
        while rows := cursor.fetchmany(CHUNK):
            yield from rows


def cash_against(
    *,
    start: date,
    end: date,
    kinds: tuple[str, ...],
    cash: tuple[str, ...],
    cluster: str | None = None,
    currency: str | None = None,
) -> list[tuple[str, str, str, int]]:
    """Return what stands against cash in entries of ``kinds``: kind, code, currency, cash.

    An entry is zero in each currency, so its lines that are not cash say, with the sign turned,
    what the cash was for. Reads the period's lines: for kinds that are few.
    """
    query = f"""
        SELECT e.kind, a.code, l.currency, -sum(l.amount_minor)::bigint {_FROM}
           AND e.kind = ANY(%(kinds)s) AND a.code <> ALL(%(cash)s)
           AND (%(cluster)s::text IS NULL OR e.cluster = %(cluster)s)
           AND (%(currency)s::text IS NULL OR l.currency = %(currency)s)
           AND EXISTS (
               SELECT FROM ledger_line c JOIN ledger_account b ON b.id = c.account_id
                WHERE c.entry_id = l.entry_id AND c.currency = l.currency
                  AND b.code = ANY(%(cash)s))
         GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
    return _rows(
        query,
        {
            "first": start,
            "last": end,
            "kinds": [str(kind) for kind in kinds],
            "cash": list(cash),
            "cluster": cluster,
            "currency": currency,
        },
    )


def fees_of(
    owner: str,
    *,
    start: date,
    end: date,
    kinds: tuple[str, ...],
    own: tuple[str, ...],
    platform: tuple[str, ...],
    processing: tuple[str, ...],
) -> list[FeeRow]:
    """Return what entries on an owner's accounts (of codes ``own``) credited to fee accounts.

    Reads the owner's entries of the period by the index of their accounts.
    """
    query = """
        WITH mine AS MATERIALIZED (
            SELECT l.entry_id, e.kind, l.currency, -sum(l.amount_minor) AS net
              FROM ledger_account a
              JOIN ledger_line l ON l.account_id = a.id
              JOIN ledger_entry e ON e.id = l.entry_id
             WHERE a.owner = %(owner)s AND a.code = ANY(%(own)s)
               AND l.effective_on BETWEEN %(first)s AND %(last)s AND e.kind = ANY(%(kinds)s)
             GROUP BY 1, 2, 3
        ), whole AS (
            SELECT m.entry_id, m.kind, m.currency, m.net,
                   bool_or(a.code = ANY(%(own)s) AND a.owner <> %(owner)s) AS is_shared,
                   coalesce(-sum(l.amount_minor) FILTER (WHERE a.code = ANY(%(platform)s)), 0)
                       AS platform,
                   coalesce(-sum(l.amount_minor) FILTER (WHERE a.code = ANY(%(processing)s)), 0)
                       AS processing
              FROM mine m
              JOIN ledger_line l ON l.entry_id = m.entry_id AND l.currency = m.currency
              JOIN ledger_account a ON a.id = l.account_id
             GROUP BY 1, 2, 3, 4
        )
        SELECT kind, currency,
               coalesce(sum(platform) FILTER (WHERE NOT is_shared), 0)::bigint,
               coalesce(sum(processing) FILTER (WHERE NOT is_shared), 0)::bigint,
               coalesce(sum(net) FILTER (WHERE is_shared), 0)::bigint
          FROM whole GROUP BY 1, 2 ORDER BY 1, 2"""
    values = {
        "owner": owner,
        "own": list(own),
        "first": start,
        "last": end,
        "kinds": list(kinds),
        "platform": list(platform),
        "processing": list(processing),
    }
    return [FeeRow(*row) for row in _rows(query, values)]


def _where(journal: Journal) -> str:
    asked = [text for name, text in _FILTERS.items() if getattr(journal, name)]
    return _FROM + "".join(f" AND {text}" for text in asked)


def _starts(edge: date, limit: date, *, step: int) -> Iterator[date]:
    """Yield the far ends of wider and wider windows, towards ``limit``."""
    for days in WINDOWS:
        if abs((limit - edge).days) <= days:
            break
        yield edge + step * timedelta(days=days)
    yield limit


def _entries(ids: list[int]) -> list[JournalEntry]:
    """Return the entries of these ids in their order, in two queries."""
    if not ids:
        return []
    heads = {
        row[0]: row
        for row in _rows(
            "SELECT id, kind, source, cluster, effective_on, posted_at, reverses_id, memo"
            "  FROM ledger_entry WHERE id = ANY(%(ids)s)",
            {"ids": ids},
        )
    }
    lines: dict[int, list[JournalLine]] = {entry_id: [] for entry_id in ids}
    for row in _rows(
        "SELECT l.entry_id, l.n, a.id, a.code, a.owner, l.amount_minor, l.currency"
        "  FROM ledger_line l JOIN ledger_account a ON a.id = l.account_id"
        " WHERE l.entry_id = ANY(%(ids)s) ORDER BY 1, 2",
        {"ids": ids},
    ):
        lines[row[0]].append(JournalLine._make([*row[:5], Money(row[5], row[6])]))
    return [
        JournalEntry(
            id=entry_id,
            number=number_of(entry_id, heads[entry_id][4].year),
            kind=heads[entry_id][1],
            source=heads[entry_id][2],
            cluster=heads[entry_id][3],
            effective_on=heads[entry_id][4],
            posted_at=heads[entry_id][5],
            reverses_id=heads[entry_id][6],
            memo=heads[entry_id][7],
            lines=tuple(lines[entry_id]),
        )
        for entry_id in ids
        if entry_id in heads
    ]


def _rows(query: str, values: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        rows: list[Any] = cursor.fetchall()
    return rows
