"""Accounts as a list, and one account's lines with the balance each left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from apps.core.db import reads_one_state
from apps.core.money import Money
from apps.finance.ledger.chart import CHART
from apps.finance.ledger.choices import Side
from apps.finance.ledger.models import number_of
from apps.finance.ledger.postings import AccountRef
from apps.finance.ledger.selectors.journal import WINDOWS
from apps.finance.ledger.selectors.totals import balance_as_of

AccountKey = tuple[str, str, str]
LineKey = tuple[date, int, int]


class AccountRow(NamedTuple):
    """An account with what is posted to it and held on it, positive on its normal side."""

    id: int
    code: str
    name: str
    owner: str
    currency: str
    type: str
    normal_side: str
    balance: Money
    held: Money
    is_frozen: bool
    closed_at: datetime | None

    @property
    def sign(self) -> int:
        return 1 if self.normal_side == Side.DEBIT else -1


class LineRow(NamedTuple):
    """A line as the owner of the account reads it, with the balance it left."""

    entry_id: int
    n: int
    kind: str
    source: str
    cluster: str
    memo: str
    effective_on: date
    posted_at: datetime
    amount: Money
    balance: Money

    @property
    def number(self) -> str:
        return number_of(self.entry_id, self.effective_on.year)

    @property
    def key(self) -> LineKey:
        return self.effective_on, self.entry_id, self.n


@dataclass(frozen=True, slots=True)
class Statement:
    """One account over a period: opening balance, lines, closing balance."""

    account: AccountRow
    start: date
    end: date
    opening: Money
    closing: Money
    lines: tuple[LineRow, ...]


_ACCOUNT = """
SELECT a.id, a.code, a.owner, a.currency, a.type, a.normal_side,
       coalesce(b.net, 0)::bigint, coalesce(b.held, 0)::bigint, a.is_frozen, a.closed_at
  FROM ledger_account a
  LEFT JOIN LATERAL (
       SELECT sum(s.debits_minor - s.credits_minor) AS net, sum(s.held_minor) AS held
         FROM ledger_balance s WHERE s.account_id = a.id) b ON true
"""
_LINE = """
SELECT l.entry_id, l.n, e.kind, e.source, e.cluster, e.memo, l.effective_on, e.posted_at,
       l.amount_minor
  FROM ledger_line l JOIN ledger_entry e ON e.id = l.entry_id
 WHERE l.account_id = %(account)s AND l.effective_on BETWEEN %(first)s AND %(last)s
"""
_IN_ORDER = " ORDER BY l.effective_on, l.entry_id, l.n"
_AFTER = " AND (l.effective_on, l.entry_id, l.n) > (%(day)s, %(entry)s, %(n)s)"


def accounts_of(
    *,
    codes: tuple[str, ...] = (),
    owner: str = "",
    currency: str = "",
    after: AccountKey | None = None,
    limit: int = 50,
) -> list[AccountRow]:
    """Return accounts by code, owner and currency; empty filters mean any."""
    query = f"""{_ACCOUNT}
         WHERE (a.code, a.owner, a.currency) > (%(code)s, %(who)s, %(money)s)
           AND (%(codes)s::text[] = '{{}}' OR a.code = ANY(%(codes)s))
           AND (%(owner)s = '' OR a.owner = %(owner)s)
           AND (%(currency)s = '' OR a.currency = %(currency)s)
         ORDER BY a.code, a.owner, a.currency LIMIT %(limit)s"""
    code, who, money = after or ("", "", "")
    values = {"codes": list(codes), "owner": owner, "currency": currency, "limit": limit}
    rows = _rows(query, values | {"code": code, "who": who, "money": money})
    return [_account(row) for row in rows]


def account_by_id(account_id: int) -> AccountRow | None:
    """Return one account."""
    rows = _rows(f"{_ACCOUNT} WHERE a.id = %(account)s", {"account": account_id})
    return _account(rows[0]) if rows else None


@reads_one_state
def statement_page(
    account: AccountRow, *, start: date, end: date, after: LineKey | None = None, limit: int = 50
) -> Statement:
    """Return an account's lines by accounting date, the oldest first, with running balances.

    ``after`` is the key of the last line of the page before.
    """
    first, extra = start, ""
    values: dict[str, Any] = {"account": account.id, "limit": limit}
    opening, closing = opening_of(account, start), opening_of(account, end + timedelta(days=1))
    running = opening
    if after is not None:
        first, extra = max(start, after[0]), _AFTER
        values |= {"day": after[0], "entry": after[1], "n": after[2]}
        running = opening_of(account, first) + _of_day_until(account, after)
    rows: list[Any] = []
    for last in _ends(first, end):
        query = f"{_LINE}{extra}{_IN_ORDER} LIMIT %(limit)s"
        rows = _rows(query, values | {"first": first, "last": last})
        if len(rows) == limit:
            break
    lines = tuple(_running(account, running, rows))
    return Statement(account, start, end, opening, closing, lines)


def opening_of(account: AccountRow, day: date) -> Money:
    """Return an account's balance as a day begins."""
    if day == date.min:
        return Money.zero(account.currency)
    return balance_as_of(
        AccountRef(account.code, account.owner), account.currency, on=day - timedelta(days=1)
    )


def _running(account: AccountRow, balance: Money, rows: Any) -> Iterator[LineRow]:
    for row in rows:
        amount = Money(account.sign * row[8], account.currency)
        balance += amount
        yield LineRow._make([*row[:8], amount, balance])


def _of_day_until(account: AccountRow, key: LineKey) -> Money:
    """Return what the lines of a day moved, up to one of them."""
    query = """
        SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_line
         WHERE account_id = %(account)s AND effective_on = %(day)s
           AND (entry_id, n) <= (%(entry)s, %(n)s)"""
    day, entry_id, n = key
    ((moved,),) = _rows(query, {"account": account.id, "day": day, "entry": entry_id, "n": n})
    return Money(account.sign * int(moved), account.currency)


def _ends(first: date, end: date) -> Iterator[date]:
    for days in WINDOWS:
        if (end - first).days <= days:
            break
        yield first + timedelta(days=days)
    yield end


def _account(row: Any) -> AccountRow:
    sign = 1 if row[5] == Side.DEBIT else -1
    return AccountRow(
        id=row[0],
        code=row[1],
        name=CHART[row[1]].name,
        owner=row[2],
        currency=row[3],
        type=row[4],
        normal_side=row[5],
        balance=Money(sign * row[6], row[3]),
        held=Money(row[7], row[3]),
        is_frozen=row[8],
        closed_at=row[9],
    )


def _rows(query: str, values: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        rows: list[Any] = cursor.fetchall()
    return rows
