"""What moved in a period and what stood at its end, summed over the owners of each code."""

from __future__ import annotations

from datetime import date, datetime
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


_SIDES = """
    coalesce(sum(l.amount_minor) FILTER (WHERE l.amount_minor > 0), 0)::bigint AS debits,
    coalesce(-sum(l.amount_minor) FILTER (WHERE l.amount_minor < 0), 0)::bigint AS credits
"""
_LINES = """
    FROM ledger_line l
    JOIN ledger_entry e ON e.id = l.entry_id
    JOIN ledger_account a ON a.id = l.account_id
"""


def movements(
    *, start: date, end: date, cluster: str | None = None, currency: str | None = None
) -> list[MovementRow]:
    """Return what moved from ``start`` to ``end``, both days included, by accounting date."""
    return [
        MovementRow(*row)
        for row in _rows(
            f"SELECT a.code, l.currency, e.cluster, e.kind, {_SIDES}, count(*) {_LINES}"
            " WHERE l.effective_on BETWEEN %(start)s AND %(end)s"
            "   AND (%(cluster)s::text IS NULL OR e.cluster = %(cluster)s)"
            "   AND (%(currency)s::text IS NULL OR l.currency = %(currency)s)"
            " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
            {"start": start, "end": end, "cluster": cluster, "currency": currency},
        )
    ]


def balances_on(
    *, on: date, cluster: str | None = None, currency: str | None = None
) -> list[BalanceRow]:
    """Return what stood on each code at the end of a day: everything dated until then."""
    return [
        BalanceRow(*row)
        for row in _rows(
            f"SELECT a.code, l.currency, e.cluster, {_SIDES} {_LINES}"
            " WHERE l.effective_on <= %(on)s"
            "   AND (%(cluster)s::text IS NULL OR e.cluster = %(cluster)s)"
            "   AND (%(currency)s::text IS NULL OR l.currency = %(currency)s)"
            " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            {"on": on, "cluster": cluster, "currency": currency},
        )
    ]


def owner_movements(owner: str, start: date, end: date) -> list[MovementRow]:
    """Return what moved on the accounts of one owner (``profile:17``), both days included."""
    return [
        MovementRow(*row)
        for row in _rows(
            f"SELECT a.code, l.currency, e.cluster, e.kind, {_SIDES}, count(*) {_LINES}"
            " WHERE a.owner = %(owner)s AND l.effective_on BETWEEN %(start)s AND %(end)s"
            " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
            {"owner": owner, "start": start, "end": end},
        )
    ]


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
    ((net,),) = _rows(
        f"SELECT coalesce(sum(l.amount_minor), 0)::bigint {_LINES}"
        " WHERE a.code = %(code)s AND a.owner = %(owner)s AND a.currency = %(currency)s"
        "   AND (%(on)s::date IS NULL OR l.effective_on <= %(on)s)"
        "   AND (%(before)s::timestamptz IS NULL OR e.posted_at < %(before)s)",
        {
            "code": account.code,
            "owner": account.owner,
            "currency": currency,
            "on": on,
            "before": posted_before,
        },
    )
    debit = account.code in CHART and CHART[account.code].normal_side == Side.DEBIT
    return Money(net if debit else -net, currency)


def _rows(query: str, values: dict[str, object]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
