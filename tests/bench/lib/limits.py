"""What the machine can do: pgbench on the least a posting can be (sql/limit.sql)."""

# ruff: noqa: S608

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import psycopg

from devstack.servers import Servers
from tests.bench.lib.common import BATCH, CLIENTS, CREATORS

SQL = Path(__file__).parents[1] / "sql" / "limit.sql"
DATABASE = "bench_limit"

_ANY_CREATOR = f"\\set c random(100, {99 + CREATORS})\n"
_CREATORS_OF_BATCH = (
    f"ARRAY(SELECT (100 + (g * 7919 + :client_id * 31) % {CREATORS})::int"
    f" FROM generate_series(1, {BATCH}) g)"
)


class Limits(NamedTuple):
    """Postings a second: A one row for each shared account, B striped, E batches of 1000."""

    a: float
    b: float
    e: float


def measure(servers: Servers) -> Limits:
    """Measure all three on new tables, about three seconds."""
    _new_database(servers)
    return Limits(
        a=_pgbench(servers, _ANY_CREATOR + "SELECT post_hot(:c);", clients=CLIENTS, each=400),
        b=_pgbench(servers, _ANY_CREATOR + "SELECT post_striped(:c);", clients=CLIENTS, each=800),
        e=BATCH
        * _pgbench(servers, f"SELECT post_batch({_CREATORS_OF_BATCH});", clients=1, each=25),
    )


def dsn(servers: Servers, database: str) -> str:
    return f"host={servers.directory} port=5432 user=fanz dbname={database}"


def fresh(servers: Servers, database: str) -> str:
    """Make an empty database, in place of one of that name; return its address."""
    with psycopg.connect(dsn(servers, "postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {database}".encode())
    return dsn(servers, database)


def drop(servers: Servers, database: str) -> None:
    """Give the room of a database back."""
    with psycopg.connect(dsn(servers, "postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)".encode())


def version(servers: Servers) -> int:
    """Return the server's major version."""
    with psycopg.connect(dsn(servers, "postgres")) as connection:
        return connection.info.server_version // 10_000


def checkpoint(servers: Servers) -> None:
    """Write everything down now, so that no measurement pays for the one before."""
    with psycopg.connect(dsn(servers, "postgres"), autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def vacuum(servers: Servers, database: str) -> None:
    """Do what autovacuum would have done by then."""
    with psycopg.connect(dsn(servers, database), autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
    checkpoint(servers)


def _new_database(servers: Servers) -> None:
    with psycopg.connect(fresh(servers, DATABASE), autocommit=True) as connection:
        connection.execute(limit_sql())


def limit_sql() -> bytes:
    """Return the statements that make the limit's tables and functions."""
    return SQL.read_text().replace(":creators", str(CREATORS)).encode()


def _pgbench(servers: Servers, script: str, *, clients: int, each: int) -> float:
    """Return transactions a second."""
    file = servers.directory / "pgbench.sql"
    file.write_text(script + "\n")
    checkpoint(servers)
    words = (
        f"-h {servers.directory} -p 5432 -U fanz -n -f {file} -c {clients} -j {min(clients, 2)}"
        f" -t {each} -M prepared --random-seed 20250101 {DATABASE}"
    )
    result = subprocess.run(
        [str(servers.postgres_binaries() / "pgbench"), *words.split()],
        check=False,
        capture_output=True,
        text=True,
        timeout=90,
    )
    found = re.search(r"^tps = ([\d.]+)", result.stdout, re.MULTILINE)
    if result.returncode or not found:
        raise RuntimeError(f"pgbench failed: {result.stderr[-500:]}")
    return float(found[1])
