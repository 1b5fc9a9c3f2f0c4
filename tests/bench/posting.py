"""How fast the ledger posts, beside the physical limit of the same machine at the same time."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator

from devstack.servers import Servers
from tests.bench.lib import clients, limits
from tests.bench.lib.common import BATCH, CLIENTS, ROOT, Figure

#: The machine's speed changes from second to second: the middle of so many comparisons counts.
ROUNDS = 3
POSTINGS_EACH = 300
BATCHES = 12

#: Of limit A by eight clients; of limit E in batches.
SINGLE_BAR, BATCH_BAR = 0.5, 0.15


def measure(servers: Servers) -> Iterator[Figure]:
    """Post single tips from eight clients and batches of 1000 from one; then read."""
    dsn = limits.dsn(servers, "fanz")
    subprocess.run(
        [sys.executable, "-c", f"from tests.bench import ledger_adapter as a; a.setup({dsn!r})"],
        check=True,
        cwd=ROOT,
    )
    with clients.started(dsn, clients=CLIENTS) as group:
        group.order("one", 5, clients=CLIENTS)
        group.order("many", 1, clients=1)
        yield from _speeds(servers, group)
        [reading] = group.order("read", 1, clients=1)
    if reading["sum"]:
        raise RuntimeError(f"the books are off by {reading['sum']}")
    yield Figure("ledger.lines_at_the_end", reading["lines"], "lines")
    yield Figure("ledger.read_shared_balance", reading["balance_ms"], "ms")
    yield Figure("ledger.read_trial_balance", reading["trial_balance_ms"], "ms")


def _speeds(servers: Servers, group: clients.Clients) -> Iterator[Figure]:
    single, batch, alone = [], [], []
    walls = [limits.measure(servers)]
    for _ in range(ROUNDS):
        limits.checkpoint(servers)
        alone.append(group.rate("one", POSTINGS_EACH, clients=1))
        single.append(group.rate("one", POSTINGS_EACH, clients=CLIENTS))
        batch.append(group.rate("many", BATCHES, clients=1))
        walls.append(limits.measure(servers))
    middle = statistics.median
    yield Figure("limit.a_shared_rows_8_clients", middle(w.a for w in walls), "postings/s")
    yield Figure("limit.b_striped_rows_8_clients", middle(w.b for w in walls), "postings/s")
    yield Figure(f"limit.e_batch_of_{BATCH}", middle(w.e for w in walls), "postings/s")
    yield Figure("ledger.post_1_client", middle(alone), "postings/s")
    yield Figure("ledger.post_8_clients", middle(single), "postings/s")
    yield Figure(f"ledger.post_many_{BATCH}", middle(batch), "postings/s")
    yield Figure(
        "ledger.post_8_clients_of_limit_a",
        _paired(single, [w.a for w in walls]),
        "ratio",
        bar=SINGLE_BAR,
    )
    yield Figure(
        "ledger.post_8_clients_of_limit_b", _paired(single, [w.b for w in walls]), "ratio"
    )
    yield Figure(
        f"ledger.post_many_{BATCH}_of_limit_e",
        _paired(batch, [w.e for w in walls]),
        "ratio",
        bar=BATCH_BAR,
    )


def _paired(ours: list[float], walls: list[float]) -> float:
    """Return the middle of our speeds, each over the limit right before and right after it."""
    return statistics.median(
        2 * speed / (before + after)
        for speed, before, after in zip(ours, walls, walls[1:], strict=False)
    )
