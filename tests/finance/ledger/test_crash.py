"""kill -9 of PostgreSQL under load: what was acknowledged is kept, nothing is there by half.

The server is the test's own and durable, as production's is: the session's servers are not.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from devstack.servers import Servers
from devstack.throwaway import throwaway_servers
from tests.finance.ledger.crash_client import BATCH, LOST

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
PATIENCE_SECONDS = 60
#: Numbers of one client in one life of the server.
NUMBERS = 1_000_000
#: How, and the first number. Two batches, as they wait for one another.
CLIENTS = ("alone", "alone", "batch", "batch", "beside")
ENTRIES = {"alone": 1, "batch": BATCH, "beside": 1}


@dataclass
class Client:
    """A process that posts, and what it was told is done."""

    how: str
    first: int
    process: subprocess.Popen[str]
    acknowledged: list[int]
    reader: Thread

    @property
    def in_flight(self) -> int:
        """The work it asked for last, whose answer it never got."""
        return (self.acknowledged or [self.first - self.step])[-1] + self.step

    @property
    def step(self) -> int:
        return ENTRIES[self.how]


def _start(servers: Servers, *words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.finance.ledger.crash_client", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, **servers.environment},
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def clients(servers: Servers, life: int) -> Iterator[list[Client]]:
    """Start all kinds of clients; none outlives the block."""
    started = []
    for place, how in enumerate(CLIENTS):
        first = NUMBERS * (1 + life * len(CLIENTS) + place)
        process = _start(servers, how, first)
        acknowledged: list[int] = []
        reader = Thread(target=_read, args=(process, acknowledged))
        reader.start()
        started.append(Client(how, first, process, acknowledged, reader))
    try:
        yield started
    finally:
        for client in started:
            client.process.kill()
            client.process.wait()
            client.reader.join()
            assert client.process.stdout is not None
            client.process.stdout.close()


def _read(process: subprocess.Popen[str], acknowledged: list[int]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        acknowledged.append(int(line.split()[0]))  # noqa: PERF401  (the test watches it grow)


def kill_postgres(servers: Servers) -> None:
    """End the server with all its processes as a crash does: none can write a last word."""
    postmaster = int((servers.directory / "pg" / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGSTOP)  # it forks no more
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
    )
    pairs = [line.split() for line in listed.stdout.splitlines()]
    family = [postmaster, *(int(pid) for pid, parent in pairs if int(parent) == postmaster)]
    assert len(family) > len(CLIENTS)
    for pid in family:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(_lives(pid) for pid in family))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(true) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with throwaway_servers(DURABLE) as own:
        manage(own, "migrate", "--verbosity", "0")
        yield own


def manage(servers: Servers, *words: str) -> str:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        check=True,
        cwd=ROOT,
        env={**os.environ, **servers.environment},
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def books(servers: Servers) -> dict[int, int]:
    """Return how many lines each posted number has."""
    with psycopg.connect(f"host={servers.directory} user=fanz dbname=fanz") as connection:
        rows = connection.execute(
            "SELECT split_part(e.source, ':', 2)::bigint, count(l.n) FROM ledger_entry e"
            " LEFT JOIN ledger_line l ON l.entry_id = e.id GROUP BY e.id"
        ).fetchall()
    assert len({number for number, _ in rows}) == len(rows), "a source is there twice"
    return dict(rows)


def reported(servers: Servers) -> set[int]:
    """Return the numbers that have an audit record."""
    with psycopg.connect(f"host={servers.directory} user=fanz dbname=fanz") as connection:
        rows = connection.execute(
            "SELECT subject_id::bigint FROM audit_auditrecord WHERE action = 'crash.posted'"
        ).fetchall()
    return {number for (number,) in rows}


def test_nothing_acknowledged_is_lost_and_nothing_is_there_by_half(servers: Servers) -> None:
    everyone: list[Client] = []
    for life in range(2):
        with clients(servers, life) as posting:
            wait_until(lambda: all(len(client.acknowledged) >= 30 for client in posting))
            kill_postgres(servers)
            assert [c.process.wait(PATIENCE_SECONDS) for c in posting] == [LOST] * len(CLIENTS)
        everyone += posting
        servers.up()

        there = books(servers)
        assert set(there.values()) == {4}
        for client in everyone:
            assert_kept(client, there)
        assert {n for n in there if how_of(n) == "beside"} == reported(servers)
        assert_books_balance(servers, entries=len(there))

    retry(servers, everyone)


def how_of(number: int) -> str:
    return CLIENTS[(number // NUMBERS - 1) % len(CLIENTS)]


def assert_kept(client: Client, there: dict[int, int]) -> None:
    """All it was told of is there; of what it was not told of, the last work alone, or nothing."""
    told = {n for first in client.acknowledged for n in range(first, first + client.step)}
    asked = set(range(client.in_flight, client.in_flight + client.step))
    posted = {n for n in there if client.first <= n < client.first + NUMBERS}
    assert posted in (told, told | asked)


def assert_books_balance(servers: Servers, *, entries: int) -> None:
    answer = json.loads(manage(servers, "ledger_check", "--json"))
    assert (answer["ok"], answer["findings"], answer["entries"]) == (True, [], entries)


def retry(servers: Servers, everyone: list[Client]) -> None:
    """Whoever got no answer asks again; so does one who doubts the answers it got."""
    before = books(servers)
    for client in everyone:
        last = client.acknowledged[-1]
        with _start(servers, client.how, last, 3) as again:
            answers = [line.split() for line in again.stdout or ()]
        assert again.returncode == 0
        was_there = client.in_flight in before
        assert answers == [
            [str(last), "again"],
            [str(client.in_flight), "again" if was_there else "new"],
            [str(client.in_flight + client.step), "new"],
        ]
    after = books(servers)
    works = {n for client in everyone for n in (client.in_flight, client.in_flight + client.step)}
    added = {n + i for n in works for i in range(ENTRIES[how_of(n)])}
    assert set(after) == set(before) | added
    assert_books_balance(servers, entries=len(after))
