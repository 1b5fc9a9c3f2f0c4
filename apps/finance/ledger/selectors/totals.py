"""What moved in a period and what stood at its end, without reading all lines.

Every answer is one statement and so one state of the books: whole months and days from the
totals, what is not rolled into them yet from its lines (``ledger_tail``). The answers are those
of a scan of all lines; tests/finance/ledger/test_totals.py compares the two.
"""

# ruff: noqa: S608 - only constants of this module are put together

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from apps.core.money import Money
from apps.finance.ledger.chart import CHART
from apps.finance.ledger.choices import Side
from apps.finance.ledger.postings import AccountRef


class MovementRow(NamedTuple):
    """What entries of one kind moved on one chart code, in smallest units; both sides positive."""

    code: str
    currency: str
    cluster: str
    kind: str
    debits_minor: int
    credits_minor: int
    lines: int


class BalanceRow(NamedTuple):
    """All that was ever debited and credited on one chart code until the end of a day."""

    code: str
    currency: str
    cluster: str
    debits_minor: int
    credits_minor: int


_DEBIT = "CASE WHEN amount > 0 THEN amount ELSE 0 END"
_CREDIT = "CASE WHEN amount < 0 THEN -amount ELSE 0 END"

#: Rows (code, owner, currency, cluster, kind, debits, credits, lines) dated in %(start)s to
#: %(end)s: whole months, the days around them, and what is not in either yet.
PARTS = f"""
    SELECT code, owner, currency, cluster, kind, debits_minor AS debits, credits_minor AS credits,
           lines
      FROM ledger_monthtotal WHERE month >= %(month_from)s AND month < %(month_to)s
     UNION ALL
    SELECT code, owner, currency, cluster, kind, debits_minor, credits_minor, lines
      FROM ledger_daytotal WHERE day >= %(start)s AND day < %(head_to)s
     UNION ALL
    SELECT code, owner, currency, cluster, kind, debits_minor, credits_minor, lines
      FROM ledger_daytotal WHERE day >= %(rest_from)s AND day <= %(end)s
     UNION ALL
    SELECT code, ledger_summed_owner(owner), currency, cluster, kind, {_DEBIT}, {_CREDIT}, 1
      FROM ledger_tail(%(start)s, %(end)s)
"""

#: What stood at the end of %(end)s, per code, owner, currency and cluster: the newest snapshot
#: before it and what moved since.
STANDING = f"""
    WITH s AS MATERIALIZED (
        SELECT coalesce(max(month), date '0001-01-01') AS month,
               coalesce((max(month) + interval '1 month')::date, date '0001-01-01') AS next
          FROM ledger_codesnapshot WHERE month < %(month_to)s
    ), parts AS (
        SELECT code, owner, currency, cluster, debits_minor AS debits, credits_minor AS credits
          FROM ledger_codesnapshot WHERE month = (SELECT month FROM s)
         UNION ALL
        SELECT code, owner, currency, cluster, debits_minor, credits_minor
          FROM ledger_monthtotal
         WHERE month >= (SELECT next FROM s) AND month < %(month_to)s
         UNION ALL
        SELECT code, owner, currency, cluster, debits_minor, credits_minor
          FROM ledger_daytotal WHERE day >= %(month_to)s AND day <= %(end)s
         UNION ALL
        SELECT code, ledger_summed_owner(owner), currency, cluster, {_DEBIT}, {_CREDIT}
          FROM ledger_tail((SELECT next FROM s), %(end)s)
    )
"""

_FILTER = """
    (%(cluster)s::text IS NULL OR cluster = %(cluster)s)
    AND (%(currency)s::text IS NULL OR currency = %(currency)s)
"""


def movements(
    *, start: date, end: date, cluster: str | None = None, currency: str | None = None
) -> list[MovementRow]:
    """Return what moved from ``start`` to ``end``, both days included, by accounting date."""
    return [
        MovementRow(*row)
        for row in rows(
            "SELECT code, currency, cluster, kind, sum(debits)::bigint, sum(credits)::bigint,"
            f" sum(lines)::bigint FROM ({PARTS}) p WHERE {_FILTER}"
            " GROUP BY code, currency, cluster, kind ORDER BY code, currency, cluster, kind",
            {**span(start, end), "cluster": cluster, "currency": currency},
        )
    ]


def balances_on(
    *, on: date, cluster: str | None = None, currency: str | None = None
) -> list[BalanceRow]:
    """Return what stood on each code at the end of a day: everything dated until then."""
    return [
        BalanceRow(*row)
        for row in rows(
            f"{STANDING} SELECT code, currency, cluster, sum(debits)::bigint,"
            f" sum(credits)::bigint FROM parts WHERE {_FILTER}"
            " GROUP BY code, currency, cluster ORDER BY code, currency, cluster",
            {**span(date.min, on), "cluster": cluster, "currency": currency},
        )
    ]


def owner_movements(owner: str, start: date, end: date) -> list[MovementRow]:
    """Return what moved on the accounts of one owner (``profile:17``), both days included."""
    parts = _OF_PERSON if owner.startswith("profile:") else f"{PARTS}"
    of_owner = "true" if owner.startswith("profile:") else "owner = %(owner)s"
    return [
        MovementRow(*row)
        for row in rows(
            "SELECT code, currency, cluster, kind, sum(debits)::bigint, sum(credits)::bigint,"
            f" sum(lines)::bigint FROM ({parts}) p WHERE {of_owner}"
            " GROUP BY code, currency, cluster, kind ORDER BY code, currency, cluster, kind",
            {**span(start, end), "owner": owner},
        )
    ]


#: The same of one person: whole months from the totals of his accounts, other days from his
#: lines, rolled or not; and what is not rolled yet of the whole months.
_OF_PERSON = f"""
    SELECT a.code, a.currency, t.cluster, t.kind, t.debits_minor AS debits,
           t.credits_minor AS credits, t.lines
      FROM ledger_account a JOIN ledger_accounttotal t ON t.account_id = a.id
     WHERE a.owner = %(owner)s AND t.month >= %(month_from)s AND t.month < %(month_to)s
     UNION ALL
    SELECT code, currency, cluster, kind, {_DEBIT}, {_CREDIT}, 1
      FROM (SELECT a.code, l.currency, e.cluster, e.kind, l.amount_minor AS amount
              FROM ledger_account a
              JOIN ledger_line l ON l.account_id = a.id
              JOIN ledger_entry e ON e.id = l.entry_id
             WHERE a.owner = %(owner)s
               AND (l.effective_on >= %(start)s AND l.effective_on < %(head_to)s
                    OR l.effective_on >= %(rest_from)s AND l.effective_on <= %(end)s
                    OR l.effective_on >= %(month_from)s AND l.effective_on < %(month_to)s
                       AND l.entry_id > coalesce((SELECT low_id FROM ledger_bookmark), 0))
           ) own
"""


def balance_as_of(
    account: AccountRef,
    currency: str,
    *,
    on: date | None = None,
    posted_before: datetime | None = None,
) -> Money:
    """Return a balance of the past, positive on the account's normal side.

    ``on`` asks by the accounting date, to the end of that day; ``posted_before`` asks what the
    books knew before that moment, whatever date the entries carry. Both may be given.
    """
    own = account.owner.startswith("profile:")
    ((net,),) = rows(
        _OWN_BALANCE if own else _SHARED_BALANCE,
        {
            **span(date.min, on or date.max),
            "code": account.code,
            "owner": account.owner,
            "currency": currency,
            "before": posted_before,
        },
    )
    debit = account.code in CHART and CHART[account.code].normal_side == Side.DEBIT
    return Money(net if debit else -net, currency)


#: What was posted at %(before)s or later does not count. No entry up to the last block that
#: ends before that moment was, so only lines after it are read.
_KNOWN_LATER = """
    (SELECT coalesce(sum(amount), 0)
       FROM ledger_lines_after(
                coalesce((SELECT max(last_id) FROM ledger_block
                           WHERE newest_posted_at < %(before)s), 0), %(start)s, %(end)s)
      WHERE %(before)s::timestamptz IS NOT NULL AND posted_at >= %(before)s
        AND code = %(code)s AND owner = %(owner)s AND currency = %(currency)s)
"""

_SHARED_BALANCE = f"""{STANDING}
    SELECT ((SELECT coalesce(sum(debits) - sum(credits), 0) FROM parts
              WHERE code = %(code)s AND owner = %(owner)s AND currency = %(currency)s)
            - CASE WHEN %(before)s::timestamptz IS NULL THEN 0 ELSE {_KNOWN_LATER} END)::bigint
"""

_OWN_BALANCE = """
    WITH a AS MATERIALIZED (
        SELECT id FROM ledger_account
         WHERE code = %(code)s AND owner = %(owner)s AND currency = %(currency)s
    ), s AS MATERIALIZED (
        SELECT p.month, p.debits_minor - p.credits_minor AS net
          FROM ledger_accountsnapshot p JOIN a ON a.id = p.account_id
         WHERE p.month < %(month_to)s AND %(before)s::timestamptz IS NULL
         ORDER BY p.month DESC LIMIT 1
    ), since AS MATERIALIZED (
        SELECT coalesce((SELECT (month + interval '1 month')::date FROM s),
                        date '0001-01-01') AS day
    )
    SELECT (coalesce((SELECT net FROM s), 0)
            + coalesce((SELECT sum(t.debits_minor - t.credits_minor)
                          FROM ledger_accounttotal t JOIN a ON a.id = t.account_id
                         WHERE t.month >= (SELECT day FROM since) AND t.month < %(month_to)s
                           AND %(before)s::timestamptz IS NULL), 0)
            + coalesce((SELECT sum(l.amount_minor)
                          FROM a
                          JOIN ledger_line l ON l.account_id = a.id
                          LEFT JOIN ledger_entry e
                                 ON e.id = l.entry_id AND %(before)s::timestamptz IS NOT NULL
                         WHERE l.effective_on >= (SELECT day FROM since)
                           AND l.effective_on <= %(end)s
                           AND CASE WHEN %(before)s::timestamptz IS NULL
                               THEN l.effective_on >= %(month_to)s
                                    OR l.entry_id > coalesce((SELECT low_id
                                                                FROM ledger_bookmark), 0)
                               ELSE e.posted_at < %(before)s END), 0))::bigint
"""


def span(start: date, end: date) -> dict[str, date]:
    """Split the days from ``start`` to ``end`` into whole months and the days around them.

    Whole months are ``month_from`` to before ``month_to``; the days around them ``start`` to
    before ``head_to`` and ``rest_from`` to ``end``.
    """
    # The last month of all has no next one; no entry is dated so late.
    after = end + timedelta(days=1) if end < date(9999, 12, 1) else date(9999, 12, 1)
    month_from = start if start.day == 1 else _next_month(start)
    month_to = after.replace(day=1)
    head_to = min(month_from, after)
    return {
        "start": start,
        "end": end,
        "month_from": month_from,
        "month_to": month_to,
        "head_to": head_to,
        "rest_from": max(month_to, head_to),
    }


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def rows(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return all rows of a query: the text is ours, what comes from outside is in ``values``."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        answer: list[tuple[Any, ...]] = cursor.fetchall()
    return answer
