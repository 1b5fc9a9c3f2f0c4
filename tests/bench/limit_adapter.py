"""The physical limit (sql/limit.sql) read through the same driver as everything else."""

from __future__ import annotations

import psycopg

from tests.bench.lib.limits import limit_sql

NAME = "limit"
#: One posting of the loader, as the functions of limit.sql do it, for a whole range of numbers.
LOAD = """
WITH new AS MATERIALIZED (
    SELECT nextval('entry_id_seq') AS id, 100 + (g * 7919 %% 200)::int AS creator
      FROM generate_series(1, %(count)s) g
), e AS (
    INSERT INTO entry (id, kind) SELECT id, 1 FROM new
), l AS (
    INSERT INTO line (entry_id, n, account_id, amount)
    SELECT new.id, v.n, coalesce(v.account, new.creator), v.amount
      FROM new, (VALUES (1::smallint, 1, 10000::bigint), (2::smallint, NULL::int, -8000),
                        (3::smallint, 2, -1500), (4::smallint, 3, -500)) v(n, account, amount)
    RETURNING account_id, amount
)
UPDATE balance b SET amount = b.amount + d.amount
  FROM (SELECT account_id, sum(amount) AS amount FROM l GROUP BY account_id) d
 WHERE b.account_id = d.account_id AND b.stripe = 0
"""

_there: list[psycopg.Connection[tuple[int, ...]]] = []


def setup(dsn: str) -> None:
    """Make the tables and functions in an empty database."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(limit_sql())


def attach(dsn: str) -> None:
    """Connect; every statement is prepared at its first use."""
    _there[:] = [psycopg.connect(dsn, autocommit=True, prepare_threshold=0)]


def load(count: int, start: int) -> None:
    """Post ``count`` tips in one statement for each table."""
    del start
    _there[0].execute(LOAD, {"count": count})
    _there[0].execute("VACUUM ANALYZE")


def balance() -> int:
    """Return the cents of cash."""
    return _one("SELECT sum(amount)::bigint FROM balance WHERE account_id = 1")


def trial_balance() -> tuple[int, int]:
    """Return the number of accounts and the sum of their balances, which is zero."""
    rows = _there[0].execute(
        "SELECT a.id, a.code, a.kind, sum(b.amount)::bigint FROM account a"
        " JOIN balance b ON b.account_id = a.id GROUP BY a.id ORDER BY a.id"
    )
    amounts = [row[3] for row in rows]
    return len(amounts), sum(amounts)


def pnl() -> int:
    """Return the income in cents."""
    return -_one(
        "SELECT sum(b.amount)::bigint FROM balance b JOIN account a ON a.id = b.account_id"
        " WHERE a.kind = 'income'"
    )


def lines() -> int:
    """Return the number of journal lines."""
    return _one("SELECT count(*) FROM line")


def _one(query: str) -> int:
    row = _there[0].execute(query.encode()).fetchone()
    return row[0] if row else 0
