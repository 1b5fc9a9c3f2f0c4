"""The command as people run it: in a process and on a database of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache

import psycopg
import pytest

from devstack.servers import Servers
from devstack.throwaway import throwaway_servers
from tests.devstack.test_servers import ROOT

pytestmark = pytest.mark.slow


def run(*words: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command of the platform with this interpreter."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "fanz.settings.dev"} | environ,
        capture_output=True,
        check=False,
        timeout=300,
    )


class Plays:
    """Databases that begin alike, each for plays of its own."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.printed = cache(self._printed)

    def connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.servers.directory), user="fanz", dbname=database, autocommit=True
        )

    def database(self, name: str) -> str:
        """Copy the migrated one: that takes a moment, migrating takes many."""
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE fanz")
        return name

    def play(self, seed: int, *, database: str) -> subprocess.CompletedProcess[bytes]:
        address = self.servers.environment["DATABASE_URL"].replace("/fanz?", f"/{database}?")
        size = ("--days", "8", "--creators", "3", "--fans", "12")
        return run("simulate", *size, "--seed", str(seed), "--json",
                   **{**self.servers.environment, "DATABASE_URL": address})  # fmt: skip

    def _printed(self, seed: int, run: int) -> bytes:
        done = self.play(seed, database=self.database(f"seed_{seed}_{run}"))
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def plays() -> Iterator[Plays]:
    with throwaway_servers() as servers:
        done = run("migrate", "--noinput", "--verbosity", "0", **servers.environment)
        assert done.returncode == 0, done.stderr
        yield Plays(servers)


def test_prints_json_and_nothing_else(plays: Plays) -> None:
    summary = json.loads(plays.printed(7, 1))

    assert summary["books_balance"] is True
    assert summary["seed"] == 7
    assert summary["payouts"]["PAID"] > 0


def test_two_runs_of_one_seed_print_the_same_bytes_and_another_seed_others(plays: Plays) -> None:
    assert plays.printed(7, 1) == plays.printed(7, 2)
    assert plays.printed(7, 1) != plays.printed(8, 1)


def test_books_out_of_balance_are_an_error(plays: Plays) -> None:
    """The database refuses it to everybody but the owner of its tables, who switches that off."""
    database = plays.database("crooked")
    assert plays.play(7, database=database).returncode == 0
    with plays.connect(database) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "UPDATE ledger_balance SET credits_minor = credits_minor + 1"
            " WHERE account_id = (SELECT id FROM ledger_account WHERE code = '4000' LIMIT 1)"
        )

    done = plays.play(8, database=database)

    assert done.returncode == 1
    assert json.loads(done.stdout)["books_balance"] is False
    assert b"do not balance" in done.stderr
