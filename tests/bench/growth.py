"""Whether the ledger stays as fast as it grows: posting, and the reports of a closed month.

The same books are measured at 100 thousand lines and at as many as are asked for. The month
that is reported on has all of the first lines and none of the later ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from devstack.servers import Servers
from tests.bench.lib import clients, limits
from tests.bench.lib.common import BATCH, CLIENTS, ROUNDS, Figure, paired
from tests.bench.reads import LINES_EACH, loaded, rolled

SMALL = 100_000
#: How much of its speed posting keeps, and how many times a report may take what it took: it
#: reads the same rows, so what is more is noise.
POSTING_BAR, REPORT_BAR = 0.8, 1.5
#: The month reported on, months back; what comes later is dated after it.
REPORTED = 24
READ_SECONDS = 1
REPORTS = ("pnl", "report", "balance_sheet")


class Speeds(NamedTuple):
    """Posting as a part of the limit measured beside it; reports in ms."""

    single: float
    batch: float
    reports: dict[str, float]


def measure(servers: Servers, *, lines: int) -> Iterator[Figure]:
    """Measure small books, make them large, measure again."""
    dsn = limits.fresh(servers, "bench_growth")
    clients.set_up(dsn, adapter="ledger_adapter")
    with clients.started(dsn, clients=CLIENTS) as group:
        group.order("one", 5, clients=CLIENTS)
        loaded(group, SMALL // LINES_EACH, months=[REPORTED, REPORTED])
        small = _speeds(servers, group)
        rest = max(lines - SMALL, 0) // LINES_EACH
        yield Figure("growth.load", loaded(group, rest, months=[0, REPORTED - 1]), "postings/s")
        yield Figure("growth.roll_forward", rolled(group, rest), "postings/s")
        large = _speeds(servers, group)
        [reading] = group.order("read")
    limits.drop(servers, "bench_growth")
    if reading["sum"]:
        raise RuntimeError(f"the books are off by {reading['sum']}")
    yield Figure("growth.lines", reading["lines"], "lines")
    for name, before, after in (
        ("post_8_clients_of_limit_a", small.single, large.single),
        (f"post_many_{BATCH}_of_limit_e", small.batch, large.batch),
    ):
        yield Figure(f"growth.{name}_small", before, "ratio")
        yield Figure(f"growth.{name}_large", after, "ratio")
        yield Figure(f"growth.{name}_kept", after / before, "ratio", bar=POSTING_BAR)
    for what in REPORTS:
        before, after = small.reports[what], large.reports[what]
        yield Figure(f"growth.{what}_small", before, "ms")
        yield Figure(f"growth.{what}_large", after, "ms")
        yield Figure(f"growth.{what}_over_small", after / before, "ratio", most=REPORT_BAR)


def _speeds(servers: Servers, group: clients.Clients) -> Speeds:
    rolled(group, 0)
    limits.vacuum(servers, "bench_growth")
    single, batch, walls = [], [], [limits.measure(servers)]
    for _ in range(ROUNDS):
        limits.checkpoint(servers)
        single.append(group.rate("one", 300, clients=CLIENTS))
        batch.append(group.rate("many", 4, clients=1))
        walls.append(limits.measure(servers))
    rolled(group, 0)
    group.order("report_on", REPORTED)
    reports = {}
    for what in REPORTS:
        # The fastest tenth: what else the machine does has no part in it.
        reports[what] = min(
            group.order("time_of", READ_SECONDS, what=what)[0]["best_ms"] for _ in range(ROUNDS)
        )
    return Speeds(
        paired(single, [w.a for w in walls]), paired(batch, [w.e for w in walls]), reports
    )
