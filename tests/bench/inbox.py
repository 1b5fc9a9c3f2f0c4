"""How fast the inbox takes webhooks in and books them.

Intake stands beside a bare view that inserts one row, in the same web server and run; what is
booked beside limit E, entries in batches of 1000 without any rule.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from devstack.servers import Servers
from tests.bench.inbox_adapter import SALT, TOKEN
from tests.bench.lib import limits
from tests.bench.lib.common import ROOT, ROUNDS, Figure, paired

DATABASE = "bench_inbox"
REQUESTS = 2_000
EVENTS = 2_000
#: Of the bare view's requests a second; of limit E's entries a second.
INTAKE_BAR, DRAIN_BAR = 0.6, 0.01
_READY_SECONDS = 60


def measure(servers: Servers) -> Iterator[Figure]:
    """Take requests and book tips in batches; every order is another one."""
    place = limits.fresh(servers, DATABASE)
    _run(servers, "prepare", place, str((ROUNDS + 1) * EVENTS))
    yield from _drain(servers, place)
    yield from _intake(servers)
    limits.drop(servers, DATABASE)


def _drain(servers: Servers, place: str) -> Iterator[Figure]:
    _run(servers, "drain", place, str(EVENTS))
    walls, booked = [limits.measure(servers).e], []
    for _ in range(ROUNDS):
        limits.checkpoint(servers)
        booked.append(_run(servers, "drain", place, str(EVENTS))["events_per_second"])
        walls.append(limits.measure(servers).e)
    yield Figure("inbox.drain", statistics.median(booked), "events/s")
    yield Figure("inbox.drain_of_limit_e", paired(booked, walls), "ratio", bar=DRAIN_BAR)


def _intake(servers: Servers) -> Iterator[Figure]:
    ours = f"/webhooks/ccbill/{TOKEN}/"
    with _web(servers) as port:
        for where in (ours, "/bare/"):
            _called(servers, port, where, REQUESTS // 4)
        bare, taken = [_called(servers, port, "/bare/", REQUESTS)], []
        for _ in range(ROUNDS):
            taken.append(_called(servers, port, ours, REQUESTS))
            bare.append(_called(servers, port, "/bare/", REQUESTS))
    yield Figure("inbox.bare_view", statistics.median(bare), "requests/s")
    yield Figure("inbox.intake", statistics.median(taken), "requests/s")
    yield Figure("inbox.intake_of_bare_view", paired(taken, bare), "ratio", bar=INTAKE_BAR)


def _called(servers: Servers, port: int, where: str, count: int) -> float:
    return _run(servers, "call", str(port), where, str(count))["requests_per_second"]


def _environment(servers: Servers) -> dict[str, str]:
    return {
        **os.environ,
        **servers.environment,
        "DATABASE_URL": f"postgres://fanz@/{DATABASE}?host={servers.directory}",
        "DJANGO_SETTINGS_MODULE": "fanz.settings.base",
        "SECRET_KEY": "of-no-use-to-a-bench",
        "FIELD_ENCRYPTION_KEY": "of-no-use-to-a-bench",
        "ALLOWED_HOSTS": "127.0.0.1",
        "CCBILL_WEBHOOK_TOKEN": TOKEN,
        "CCBILL_SALT": SALT,
        "CCBILL_DATALINK_USERNAME": "of-no-use",
        "CCBILL_DATALINK_PASSWORD": "of-no-use",
        "CCBILL_WEBHOOK_NETWORKS": "127.0.0.0/8",
    }


def _run(servers: Servers, *words: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.bench.inbox_adapter", *words],
        cwd=ROOT,
        env=_environment(servers),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    figures: dict[str, float] = json.loads(done.stdout) or {}
    return figures


@contextmanager
def _web(servers: Servers) -> Iterator[int]:
    """Start the web server of production with one process."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--no-ws",
         "--workers", "1", "--blocking-threads", "4", "--log-level", "error",
         "tests.bench.inbox_server:application"],
        cwd=ROOT,
        env=_environment(servers),
    )  # fmt: skip
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int) -> None:
    ends = time.monotonic() + _READY_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)
        else:
            return
