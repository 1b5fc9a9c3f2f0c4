"""How fast subscriptions are renewed from wallets, everything booked.

Beside limit E of the same run: entries in batches of 1000 without any rule. A renewal is a
payment with its history, four lines in the books, a period, access, a receipt, a line of the
subscription's history, and its news.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from devstack.servers import Servers
from tests.bench.lib import limits
from tests.bench.lib.common import ROOT, Figure, paired

DATABASE = "bench_billing"
#: Due on the first day, the second and the third. The first also warms everything up.
FEW, MANY, MOST = 10_000, 100_000, 200_000
SUBSCRIPTIONS = 1_000_000
#: Workers share what is due; WORKER_CONCURRENCY is two by default.
WORKERS = 2
#: Of limit E's entries a second; growth of memory from few to most; a tick that finds nothing.
RATE_BAR, MEMORY_BAR, IDLE_BAR = 0.08, 1.2, 10


def measure(servers: Servers) -> Iterator[Figure]:
    """Renew some, many and most, then look for more among a million."""
    place = limits.fresh(servers, DATABASE)
    _run(servers, "prepare", place, f"{FEW},{MANY},{MOST}")
    limits.vacuum(servers, DATABASE)
    few = _bill(servers, place, 0)
    walls = [limits.measure(servers).e]
    many = _bill(servers, place, 1)
    walls.append(limits.measure(servers).e)
    most = _bill(servers, place, 2)
    proof = _run(servers, "proof", place)
    wanted = FEW + MANY + MOST
    if proof != {"payments": wanted, "periods": wanted, "off": 0, "mails": wanted}:
        raise RuntimeError(f"not everything was booked once: {proof}")
    idle = _run(servers, "idle", place, str(SUBSCRIPTIONS))
    limits.drop(servers, DATABASE)
    yield Figure("billing.renewals", many["per_second"], "renewals/s")
    yield Figure(
        "billing.renewals_of_limit_e", paired([many["per_second"]], walls), "ratio", bar=RATE_BAR
    )
    yield Figure("billing.memory_at_10_thousand", few["memory"], "MB")
    yield Figure("billing.memory_at_200_thousand", most["memory"], "MB")
    yield Figure(
        "billing.memory_200_over_10_thousand",
        most["memory"] / few["memory"],
        "ratio",
        most=MEMORY_BAR,
    )
    yield Figure("billing.subscriptions", idle["subscriptions"], "lines")
    yield Figure("billing.nothing_due", idle["ms"], "ms", most=IDLE_BAR)


def _bill(servers: Servers, place: str, day: int) -> dict[str, float]:
    """Have as many workers as the platform runs share what is due on a day."""
    workers = [_start(servers, "bill", place, str(day)) for _ in range(WORKERS)]
    each = [_answer(worker) for worker in workers]
    took = max(one["ended"] for one in each) - min(one["began"] for one in each)
    return {
        "per_second": sum(one["renewed"] for one in each) / took,
        "memory": max(one["memory"] for one in each),
    }


def _run(servers: Servers, *words: str) -> dict[str, float]:
    return _answer(_start(servers, *words))


def _start(servers: Servers, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.bench.billing_adapter", *words],
        cwd=ROOT,
        env={
            **os.environ,
            **servers.environment,
            "SECRET_KEY": "of-no-use-to-a-bench",
            "FIELD_ENCRYPTION_KEY": "of-no-use-to-a-bench",
        },
        stdout=subprocess.PIPE,
        text=True,
    )


def _answer(process: subprocess.Popen[str]) -> dict[str, float]:
    told, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"a part of the bench failed: {process.args!r}")
    figures: dict[str, float] = json.loads(told) or {}
    return figures
