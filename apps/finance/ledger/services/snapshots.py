"""What stands at the end of a closed month, kept; and the result of a closed year."""

# ruff: noqa: S608 - only constants are put together

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import NamedTuple

from django.db import connection

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.models import AccountSnapshot, CodeSnapshot
from apps.finance.ledger.postings import AccountRef, Draft, Movement
from apps.finance.ledger.selectors.periods import end_of
from apps.finance.ledger.selectors.totals import STANDING, rows, span


class Result(NamedTuple):
    """What an income or expense account adds to the year, debit-positive."""

    cluster: str
    currency: str
    code: str
    owner: str
    net_minor: int


def take(month: date) -> None:
    """Keep what stands at the end of a month, per code and per account that moved in it.

    The caller holds the month: no entry can be dated until its end any more.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OF_ACCOUNTS, {"month": month, "end": end_of(month)})
        cursor.execute(
            "INSERT INTO ledger_codesnapshot (month, code, owner, currency, cluster,"
            " debits_minor, credits_minor)"
            f" {STANDING} SELECT %(month)s, code, owner, currency, cluster, sum(debits),"
            " sum(credits) FROM parts GROUP BY code, owner, currency, cluster",
            {"month": month, **span(date.min, end_of(month))},
        )


def forget(month: date) -> None:
    """Drop what was kept of a month, the last one of which anything is."""
    AccountSnapshot.objects.filter(month=month).delete()
    CodeSnapshot.objects.filter(month=month).delete()


#: Of each account that moved since the last closed month: its newest snapshot and what moved.
_OF_ACCOUNTS = """
    WITH s AS MATERIALIZED (
        SELECT coalesce(max(month), date '0001-01-01') AS month,
               coalesce((max(month) + interval '1 month')::date, date '0001-01-01') AS next
          FROM ledger_codesnapshot WHERE month < %(month)s
    ), moved AS (
        SELECT account_id, sum(debits) AS debits, sum(credits) AS credits
          FROM (SELECT account_id, debits_minor AS debits, credits_minor AS credits
                  FROM ledger_accounttotal
                 WHERE month >= (SELECT next FROM s) AND month <= %(month)s
                 UNION ALL
                SELECT account_id, greatest(amount, 0), greatest(-amount, 0)
                  FROM ledger_tail((SELECT next FROM s), %(end)s)) p
         GROUP BY account_id
    )
    INSERT INTO ledger_accountsnapshot (account_id, month, debits_minor, credits_minor)
    SELECT m.account_id, %(month)s, m.debits + coalesce(p.debits_minor, 0),
           m.credits + coalesce(p.credits_minor, 0)
      FROM moved m
      LEFT JOIN LATERAL (
           SELECT t.debits_minor, t.credits_minor FROM ledger_accountsnapshot t
            WHERE t.account_id = m.account_id AND t.month < %(month)s
            ORDER BY t.month DESC LIMIT 1) p ON true
"""


def results_to(day: date) -> list[Result]:
    """Return what stands on income and expense accounts, per brand and currency."""
    return [
        Result(*row)
        for row in rows(
            f"{STANDING} SELECT cluster, currency, code, owner, sum(debits - credits)::bigint"
            " FROM parts JOIN ledger_chart() c USING (code)"
            " WHERE c.type IN ('INCOME', 'EXPENSE')"
            " GROUP BY cluster, currency, code, owner HAVING sum(debits - credits) <> 0"
            " ORDER BY cluster, currency, code, owner",
            span(date.min, day),
        )
    ]


def closed_on(day: date) -> list[Result]:
    """Return what closing entries of that day moved on income and expense accounts."""
    return [
        Result(*row)
        for row in rows(
            "SELECT e.cluster, l.currency, a.code, a.owner, sum(l.amount_minor)::bigint"
            "  FROM ledger_line l JOIN ledger_entry e ON e.id = l.entry_id"
            "  JOIN ledger_account a ON a.id = l.account_id"
            " WHERE l.effective_on = %(day)s AND e.kind = %(kind)s"
            "   AND a.type IN ('INCOME', 'EXPENSE')"
            " GROUP BY 1, 2, 3, 4 HAVING sum(l.amount_minor) <> 0 ORDER BY 1, 2, 3, 4",
            {"day": day, "kind": EntryKind.PERIOD_CLOSE.value},
        )
    ]


def drafts_of(results: Sequence[Result], *, on: date) -> list[Draft]:
    """Make one closing entry per brand and currency, each under a source not used yet."""
    return [
        _numbered(
            postings.year_closed(
                year=on.year,
                currency=currency,
                cluster=cluster,
                results=[
                    Movement(AccountRef(row.code, row.owner), Money(row.net_minor, currency))
                    for row in group
                ],
                effective_on=on,
            )
        )
        for (cluster, currency), group in groupby(results, key=lambda row: row[:2])
    ]


def _numbered(draft: Draft) -> Draft:
    """A year is closed again after a reopening: the entries are counted in their sources."""
    ((before,),) = rows(
        "SELECT count(*) FROM ledger_entry WHERE source = %(source)s OR source = ANY(ARRAY("
        " SELECT %(source)s || ':' || n FROM generate_series(2, 200) n))",
        {"source": draft.source},
    )
    return draft._replace(source=f"{draft.source}:{before + 1}") if before else draft
