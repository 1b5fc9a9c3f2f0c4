"""The command as people run it: in a process and on a database of its own."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import psycopg
import pytest

from devstack.throwaway import throwaway_servers
from tests.devstack.test_servers import ROOT

pytestmark = pytest.mark.slow
MIGRATE = "python manage.py migrate --noinput --verbosity 0"


def run(command: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of shell with this interpreter's programs first."""
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["/bin/sh", "-ec", command],
        cwd=ROOT,
        env={**os.environ, "PATH": programs, "DJANGO_SETTINGS_MODULE": "fanz.settings.dev"}
        | environ,
        capture_output=True,
        check=False,
        timeout=300,
    )


def simulate(seed: int, **servers: str) -> subprocess.CompletedProcess[bytes]:
    options = f"--days 8 --creators 3 --fans 12 --seed {seed} --json"
    return run(f"{MIGRATE}; python manage.py simulate {options}", **servers)


@cache
def printed(seed: int, _run: int) -> bytes:
    with throwaway_servers() as servers:
        done = simulate(seed, **servers.environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_prints_json_and_nothing_else() -> None:
    summary = json.loads(printed(7, 1))

    assert summary["books_balance"] is True
    assert summary["seed"] == 7
    assert summary["payouts"]["PAID"] > 0


def test_two_runs_of_one_seed_print_the_same_bytes_and_another_seed_others() -> None:
    assert printed(7, 1) == printed(7, 2)
    assert printed(7, 1) != printed(8, 1)


def test_books_out_of_balance_are_an_error() -> None:
    """The database refuses it to everybody but the owner of its tables, who switches that off."""
    with throwaway_servers() as servers:
        assert simulate(7, **servers.environment).returncode == 0
        with psycopg.connect(
            host=str(servers.directory), user="fanz", dbname="fanz"
        ) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(
                "UPDATE ledger_balance SET credits_minor = credits_minor + 1"
                " WHERE account_id = (SELECT id FROM ledger_account WHERE code = '4000' LIMIT 1)"
            )

        done = simulate(8, **servers.environment)

    assert done.returncode == 1
    assert json.loads(done.stdout)["books_balance"] is False
    assert b"do not balance" in done.stderr
