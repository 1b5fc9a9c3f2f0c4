"""How fast the books are read when they are long, beside the limit's tables of the same length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from devstack.servers import Servers
from tests.bench.lib import clients, limits
from tests.bench.lib.common import Figure

LINES_EACH = 4
READ_SECONDS = 2
#: How many times the limit's read each may take.
BALANCE_BAR, TRIAL_BALANCE_BAR, PNL_BAR = 3, 3, 20
#: The loading clients: one for each core of a small machine.
LOADERS = 2
LAST_MONTH = 1


def measure(servers: Servers, *, lines: int) -> Iterator[Figure]:
    """Load ``lines`` lines over two years, roll them forward, read."""
    entries = lines // LINES_EACH
    wall = limits.fresh(servers, "bench_reads_limit")
    clients.set_up(wall, adapter="limit_adapter")
    with clients.started(wall, clients=1, adapter="limit_adapter") as group:
        group.order("load", entries)
        [limit] = group.order("read", READ_SECONDS)
    limits.drop(servers, "bench_reads_limit")

    dsn = limits.fresh(servers, "bench_reads")
    clients.set_up(dsn, adapter="ledger_adapter")
    with clients.started(dsn, clients=LOADERS) as group:
        yield Figure("reads.load", loaded(group, entries), "postings/s")
        yield Figure("reads.roll_forward", rolled(group, entries), "postings/s")
        limits.vacuum(servers, "bench_reads")
        group.order("report_on", LAST_MONTH)
        [ours] = group.order("read", READ_SECONDS)
        [report] = group.order("time_of", READ_SECONDS, what="report")
    limits.drop(servers, "bench_reads")
    if ours["sum"] or limit["sum"]:
        raise RuntimeError("the books are off")
    yield Figure("reads.lines", ours["lines"], "lines")
    for what, name, bar in (
        ("balance_ms", "balance", BALANCE_BAR),
        ("trial_balance_ms", "trial_balance", TRIAL_BALANCE_BAR),
        ("pnl_ms", "profit_and_loss", PNL_BAR),
    ):
        yield from _beside(name, limit[what], ours[what], bar)
    yield Figure("reads.profit_and_loss_report", report["ms"], "ms")


def _beside(name: str, limit: float, ours: float, bar: float) -> Iterator[Figure]:
    yield Figure(f"limit.read_{name}", limit, "ms")
    yield Figure(f"ledger.read_{name}", ours, "ms")
    yield Figure(f"ledger.read_{name}_over_limit", ours / limit, "ratio", most=bar)


def loaded(group: clients.Clients, entries: int, **more: Any) -> float:
    """Post ``entries`` in batches by all loaders at once; return postings a second."""
    answers = group.order("load", entries // LOADERS, clients=LOADERS, **more)
    took = max(a["ended"] for a in answers) - min(a["began"] for a in answers)
    return float(sum(a["postings"] for a in answers) / took)


def rolled(group: clients.Clients, entries: int) -> float:
    """Roll ``entries`` forward; return how many a second."""
    [answer] = group.order("roll")
    return float(entries / (answer["ended"] - answer["began"]))
