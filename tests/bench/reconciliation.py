"""How fast a statement is imported and matched, beside a bare COPY and join of the same rows.

Each size has a database of its own and processes of their own: one books the sales, one imports
and matches, so that the peak of the second's memory is its own.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg

from devstack.servers import Servers
from tests.bench import ledger_adapter
from tests.bench.lib.common import ROOT, Figure
from tests.bench.lib.limits import checkpoint, dsn

SMALL, LARGE = 10_000, 100_000
BATCH = 1000
#: The import reads, checks and keeps each row and its file, gathers the books, makes a match of
#: each pair and has the guards judge it; the bare join does none of that.
SPEED_BAR = 0.02
#: Memory may not grow with the rows: within a fifth.
MEMORY_BAR = 1 / 1.2
NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)


def measure(servers: Servers) -> Iterator[Figure]:
    """Import and match ten and a hundred thousand lines; one in a hundred has no partner."""
    small, large = _run(servers, SMALL), _run(servers, LARGE)
    bare = _bare(servers)
    ours = large["load_seconds"] + large["match_seconds"]
    yield Figure("reconciliation.load", LARGE / large["load_seconds"], "lines/s")
    yield Figure("reconciliation.match", LARGE / large["match_seconds"], "lines/s")
    yield Figure("reconciliation.match_again", LARGE / large["again_seconds"], "lines/s")
    yield Figure("reconciliation.bare_copy_and_join", LARGE / bare, "lines/s")
    yield Figure("reconciliation.of_bare", bare / ours, "ratio", bar=SPEED_BAR)
    yield Figure("reconciliation.peak_memory", large["peak_mb"], "MB")
    yield Figure(
        "reconciliation.memory_10k_of_100k",
        small["peak_mb"] / large["peak_mb"],
        "ratio",
        bar=MEMORY_BAR,
    )


def _run(servers: Servers, lines: int) -> dict[str, float]:
    name = f"bench_reconcile_{lines}"
    with psycopg.connect(dsn(servers, "postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {name}".encode())
    _process("book", dsn(servers, name), lines)
    checkpoint(servers)
    figures: dict[str, float] = json.loads(_process("reconcile", dsn(servers, name), lines))
    return figures


def _process(what: str, database: str, lines: int) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.reconciliation", what, database, str(lines)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def _bare(servers: Servers) -> float:
    """Return the seconds PostgreSQL takes for a COPY and a join that writes the pairs down."""
    checkpoint(servers)
    with psycopg.connect(dsn(servers, f"bench_reconcile_{LARGE}")) as connection:
        connection.execute("DROP TABLE IF EXISTS bare_line, bare_item, bare_pair")
        connection.execute(
            "CREATE TABLE bare_item AS SELECT id, gateway_reference AS reference, amount_minor"
            " FROM payments_transaction"
        )
        connection.execute("CREATE TABLE bare_line (n int, on_day date, minor bigint, ref text)")
        connection.commit()
        began = time.perf_counter()
        with connection.cursor().copy("COPY bare_line FROM STDIN") as copy:
            for n in range(LARGE):
                copy.write_row((n, date(2026, 1, 1 + n % 28), 1000 + n % 500, f"REF{n:019}"))
        connection.execute(
            "CREATE TABLE bare_pair AS SELECT l.n, i.id FROM bare_line l"
            " JOIN bare_item i ON i.reference = l.ref AND i.amount_minor = l.minor"
        )
        connection.commit()
        return time.perf_counter() - began


# --- In processes of their own, with Django -----------------------------------------------


def book(database: str, lines: int) -> None:
    """Migrate, and book so many sales by card."""
    ledger_adapter.attach(database)
    from django.core.management import call_command
    from django.db import transaction

    from apps.core.money import Money
    from apps.finance.ledger import postings
    from apps.finance.ledger import services as ledger

    call_command("migrate", verbosity=0)
    for pk in _sales(lines):
        drafts = [
            postings.tip_by_card(
                transaction_id=sale,
                creator_id=1 + sale % 200,
                gateway="ccbill",
                amount=Money(minor, "USD"),
                platform_fee=Money(0, "USD"),
                processing_fee=Money(0, "USD"),
                cluster="boyfanz",
            )._replace(effective_on=on)
            for sale, minor, on in pk
        ]
        with transaction.atomic():
            ledger.post_many(drafts, now=NOON)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("ANALYZE")


def _sales(lines: int) -> Iterator[list[tuple[int, int, date]]]:
    """Write captured payments straight into their table and yield them in batches."""
    from django.db import connection

    from tests.factories.accounts import CreatorFactory, ProfileFactory
    from tests.factories.payments import MerchantAccountFactory

    fan = ProfileFactory.create()
    creator = CreatorFactory.create(cluster=fan.cluster)
    merchant = MerchantAccountFactory.of(fan.cluster)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_transaction (public_id, cluster_id, kind, method, payer_id,"
            " payee_id, amount_minor, currency, platform_fee_minor, processing_fee_minor,"
            " net_minor, status, gateway, merchant_account_id, gateway_reference, failure_code,"
            " failure_reason, message, idempotency_key, created_at, last_word_at, captured_at,"
            " look_ups)"
            " SELECT gen_random_uuid(), %s, 'TIP', 'CARD', %s, %s, 1000 + n %% 500, 'USD', 0, 0,"
            " 1000 + n %% 500, 'CAPTURED', 'ccbill', %s, 'REF' || lpad(n::text, 19, '0'), '', '',"
            " '', 'bench-' || n, at, at, at, 0"
            " FROM generate_series(0, %s - 1) n,"
            " LATERAL (SELECT timestamptz '2026-01-01 12:00+00' + make_interval(days => n %% 28)"
            "          AS at) t RETURNING id, amount_minor, captured_at::date",
            [fan.cluster_id, fan.pk, creator.pk, merchant.pk, lines],
        )
        while batch := cursor.fetchmany(BATCH):
            yield batch


def reconcile(database: str, lines: int) -> dict[str, float]:
    """Import and match a statement of these sales; return the seconds and the peak memory."""
    ledger_adapter.attach(database)
    import tempfile

    from apps.finance.reconciliation import services

    source = services.add_source(
        name="Bench",
        code="1100",
        owner="processor:ccbill",
        currency="USD",
        format_name="csv",
        mapping={"columns": {"booked_on": "Date", "amount": "Amount", "reference": "Ref"}},
        by=None,
        now=NOON,
    )
    with tempfile.TemporaryFile() as file:
        file.write(b"Date,Amount,Ref\n")
        for n in range(lines):
            reference = f"X{n}" if n % 100 == 0 else f"REF{n:019}"
            minor = 1000 + n % 500
            row = f"2026-01-{1 + n % 28:02},{minor // 100}.{minor % 100:02},{reference}\n"
            file.write(row.encode())
        began = time.perf_counter()
        statement = services.receive_statement(
            source_id=source.pk,
            file=file,
            file_name="bench.csv",
            period_start=date(2026, 1, 1),
            period_end=date(2026, 1, 31),
            opening_minor=0,
            closing_minor=None,
            by=None,
            now=NOON,
        ).statement
    assert services.load_statement(statement_id=statement.pk, now=NOON)
    loaded = time.perf_counter()
    matched = services.match_statement(statement_id=statement.pk, now=NOON)
    done = time.perf_counter()
    services.match_statement(statement_id=statement.pk, now=NOON)
    assert matched.matched_count == lines - lines // 100, matched.matched_count
    assert matched.line_count == lines
    return {
        "load_seconds": loaded - began,
        "match_seconds": done - loaded,
        "again_seconds": time.perf_counter() - done,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    _, _what, _database, _lines = sys.argv
    _result: Any = {"book": book, "reconcile": reconcile}[_what](_database, int(_lines))
    print(json.dumps(_result))
