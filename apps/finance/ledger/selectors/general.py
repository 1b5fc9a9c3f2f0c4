"""The general ledger: opening balance, movements and closing balance of each account."""

# ruff: noqa: S608 - only constants of this module are put together

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from apps.core.money import Money
from apps.finance.ledger.chart import CHART
from apps.finance.ledger.choices import Side
from apps.finance.ledger.models import number_of
from apps.finance.ledger.selectors.accounts import AccountKey, AccountRow, LineRow
from apps.finance.ledger.selectors.journal import streamed
from apps.finance.ledger.selectors.totals import rows, span


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which accounts, over which days; empty filters mean any."""

    start: date
    end: date
    codes: tuple[str, ...] = ()
    owner: str = ""
    currency: str = ""
    cluster: str = ""

    def values(self) -> dict[str, Any]:
        return {
            **span(self.start, self.end),
            "month_of_start": self.start.replace(day=1),
            "codes": list(self.codes),
            "owner": self.owner,
            "currency": self.currency,
            "cluster": self.cluster,
        }


class LedgerRow(NamedTuple):
    """An account in a period; balances positive on its normal side, both sides positive."""

    id: int
    code: str
    name: str
    owner: str
    currency: str
    opening: Money
    debits: Money
    credits: Money
    closing: Money


class LedgerLine(NamedTuple):
    """A line of the whole general ledger, with the balance of its account after it.

    ``amount`` is debit-positive, ``balance`` positive on the account's normal side.
    """

    account_id: int
    code: str
    owner: str
    effective_on: date
    entry_id: int
    n: int
    kind: str
    source: str
    cluster: str
    memo: str
    amount: Money
    balance: Money

    @property
    def number(self) -> str:
        return number_of(self.entry_id, self.effective_on.year)


_OF_ACCOUNT = """
    (%(codes)s::text[] = '{}' OR a.code = ANY(%(codes)s))
    AND (%(owner)s = '' OR a.owner = %(owner)s)
    AND (%(currency)s = '' OR a.currency = %(currency)s)
"""
_OF_TOTAL = "(%(cluster)s = '' OR t.cluster = %(cluster)s)"
_OF_ENTRY = "(%(cluster)s = '' OR e.cluster = %(cluster)s)"
_NOT_ROLLED = "l.entry_id > coalesce((SELECT low_id FROM ledger_bookmark), 0)"

_NET = "SELECT l.account_id, l.amount_minor AS net"
_BOTH = """
    SELECT l.account_id, greatest(l.amount_minor, 0) AS debits, greatest(-l.amount_minor, 0)
           AS credits"""
_TOTALS = f"""
  FROM a JOIN ledger_accounttotal t ON t.account_id = a.id WHERE {_OF_TOTAL}
"""
_LINES = f"""
  FROM a
  JOIN ledger_line l ON l.account_id = a.id
  JOIN ledger_entry e ON e.id = l.entry_id
 WHERE {_OF_ENTRY}
"""
# Each part is a scan of its own over all accounts ``a``, so that each may use the index that fits
# its days; one whose days are none is not run at all.
#: What stood on accounts as the period began: months before, this month's days, the tail.
_OPENING = f"""
    SELECT account_id, sum(net) AS net FROM (
        SELECT t.account_id, t.debits_minor - t.credits_minor AS net {_TOTALS}
           AND t.month < %(month_of_start)s
         UNION ALL
        {_NET} {_LINES} AND l.effective_on >= %(month_of_start)s AND l.effective_on < %(start)s
           AND %(month_of_start)s::date < %(start)s::date
         UNION ALL
        {_NET} {_LINES} AND l.effective_on < %(month_of_start)s AND {_NOT_ROLLED}
    ) x GROUP BY account_id
"""
#: What moved: whole months, the days around them, and the tail of the months.
_MOVED = f"""
    SELECT account_id, sum(debits) AS debits, sum(credits) AS credits FROM (
        SELECT t.account_id, t.debits_minor AS debits, t.credits_minor AS credits {_TOTALS}
           AND t.month >= %(month_from)s AND t.month < %(month_to)s
         UNION ALL
        {_BOTH} {_LINES} AND l.effective_on >= %(start)s AND l.effective_on < %(head_to)s
           AND %(start)s::date < %(head_to)s::date
         UNION ALL
        {_BOTH} {_LINES} AND l.effective_on >= %(rest_from)s AND l.effective_on <= %(end)s
           AND %(rest_from)s::date <= %(end)s::date
         UNION ALL
        {_BOTH} {_LINES} AND {_NOT_ROLLED}
           AND l.effective_on >= %(month_from)s AND l.effective_on < %(month_to)s
    ) x GROUP BY account_id
"""


def general_ledger(
    wanted: Wanted, *, after: AccountKey | None = None, limit: int = 50
) -> list[LedgerRow]:
    """Return accounts by code, owner and currency, also those that did not move."""
    query = f"""
        WITH a AS MATERIALIZED (
            SELECT a.id, a.code, a.owner, a.currency, a.normal_side FROM ledger_account a
             WHERE (a.code, a.owner, a.currency) > (%(code)s, %(who)s, %(money)s)
               AND {_OF_ACCOUNT}
             ORDER BY a.code, a.owner, a.currency LIMIT %(limit)s
        )
        SELECT a.id, a.code, a.owner, a.currency, a.normal_side,
               coalesce(o.net, 0)::bigint, coalesce(m.debits, 0)::bigint,
               coalesce(m.credits, 0)::bigint
          FROM a
          LEFT JOIN ({_OPENING}) o ON o.account_id = a.id
          LEFT JOIN ({_MOVED}) m ON m.account_id = a.id
         ORDER BY a.code, a.owner, a.currency"""
    code, who, money = after or ("", "", "")
    values = wanted.values() | {"code": code, "who": who, "money": money, "limit": limit}
    return [_row(row) for row in rows(query, values)]


def general_ledger_lines(wanted: Wanted) -> Iterator[LedgerLine]:
    """Yield every line of a period by account and date with running balances; memory stays flat.

    Accounts without a line in the period are left out. Balances are positive on the normal side.
    """
    query = f"""
        WITH a AS MATERIALIZED (
            SELECT a.id, a.code, a.owner, a.currency, a.normal_side FROM ledger_account a
             WHERE {_OF_ACCOUNT}
        ), standing AS MATERIALIZED (
            SELECT a.*, coalesce(o.net, 0)::bigint AS opening
              FROM a LEFT JOIN ({_OPENING}) o ON o.account_id = a.id
        )
        SELECT a.id, a.code, a.owner, l.effective_on, l.entry_id, l.n, e.kind, e.source, e.cluster,
               e.memo, l.amount_minor, a.currency, a.normal_side, a.opening
          FROM ledger_line l
          JOIN ledger_entry e ON e.id = l.entry_id
          JOIN standing a ON a.id = l.account_id
         WHERE l.effective_on BETWEEN %(start)s AND %(end)s AND {_OF_ENTRY}
         ORDER BY a.code, a.owner, a.currency, l.effective_on, l.entry_id, l.n"""
    account, balance = 0, 0
    for row in streamed(query, wanted.values()):
        *shown, minor, currency, side, opening = row
        sign = 1 if side == Side.DEBIT else -1
        balance = (balance if row[0] == account else sign * opening) + sign * minor
        account = row[0]
        yield LedgerLine._make([*shown, Money(minor, currency), Money(balance, currency)])


def statement_lines(account: AccountRow, *, start: date, end: date) -> Iterator[LineRow]:
    """Yield an account's lines of a period with running balances; memory stays flat.

    One statement, as is the whole ledger: the opening and the lines are of one state of the books.
    """
    query = f"""
        WITH a AS MATERIALIZED (SELECT a.id FROM ledger_account a WHERE a.id = %(account)s),
        o AS MATERIALIZED ({_OPENING})
        SELECT l.entry_id, l.n, e.kind, e.source, e.cluster, e.memo, l.effective_on, e.posted_at,
               l.amount_minor, coalesce((SELECT net FROM o), 0)::bigint
          FROM ledger_line l JOIN ledger_entry e ON e.id = l.entry_id
         WHERE l.account_id = %(account)s AND l.effective_on BETWEEN %(start)s AND %(end)s
         ORDER BY l.effective_on, l.entry_id, l.n"""
    values = Wanted(start=start, end=end).values() | {"account": account.id}
    balance: int | None = None
    for *shown, minor, opening in streamed(query, values):
        balance = account.sign * ((opening if balance is None else account.sign * balance) + minor)
        amount = Money(account.sign * minor, account.currency)
        yield LineRow._make([*shown, amount, Money(balance, account.currency)])


def _row(row: Any) -> LedgerRow:
    account_id, code, owner, currency, side, opening, debits, credits_ = row
    sign = 1 if side == Side.DEBIT else -1
    return LedgerRow(
        id=account_id,
        code=code,
        name=CHART[code].name,
        owner=owner,
        currency=currency,
        opening=Money(sign * opening, currency),
        debits=Money(debits, currency),
        credits=Money(credits_, currency),
        closing=Money(sign * (opening + debits - credits_), currency),
    )
