"""How fast the ledger posts, beside the physical limit of the same machine at the same time."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from devstack.servers import Servers
from tests.bench.lib import clients, limits
from tests.bench.lib.common import BATCH, CLIENTS, ROUNDS, Figure, paired

POSTINGS_EACH = 300
BATCHES = 12

#: Of limit A by eight clients; of limit E in batches, on PostgreSQL 18 and on 15.
SINGLE_BAR = 0.7
BATCH_BAR, BATCH_BAR_ON_15 = 0.3, 0.17
LATEST = 18


def measure(servers: Servers) -> Iterator[Figure]:
    """Post single tips from eight clients and batches of 1000 from one."""
    dsn = limits.fresh(servers, "bench_posting")
    clients.set_up(dsn, adapter="ledger_adapter")
    with clients.started(dsn, clients=CLIENTS) as group:
        group.order("one", 5, clients=CLIENTS)
        group.order("inside", 5, clients=CLIENTS)
        group.order("many", 1)
        yield from _speeds(servers, group)
        [reading] = group.order("read")
    if reading["sum"]:
        raise RuntimeError(f"the books are off by {reading['sum']}")


def _speeds(servers: Servers, group: clients.Clients) -> Iterator[Figure]:
    single, batch, alone, inside = [], [], [], []
    walls = [limits.measure(servers)]
    for _ in range(ROUNDS):
        limits.checkpoint(servers)
        alone.append(group.rate("one", POSTINGS_EACH, clients=1))
        single.append(group.rate("one", POSTINGS_EACH, clients=CLIENTS))
        inside.append(group.rate("inside", POSTINGS_EACH, clients=CLIENTS))
        batch.append(group.rate("many", BATCHES, clients=1))
        walls.append(limits.measure(servers))
    middle = statistics.median
    yield Figure("limit.a_shared_rows_8_clients", middle(w.a for w in walls), "postings/s")
    yield Figure("limit.b_striped_rows_8_clients", middle(w.b for w in walls), "postings/s")
    yield Figure(f"limit.e_batch_of_{BATCH}", middle(w.e for w in walls), "postings/s")
    yield Figure("ledger.post_1_client", middle(alone), "postings/s")
    yield Figure("ledger.post_8_clients", middle(single), "postings/s")
    yield Figure("ledger.post_in_a_transaction_8_clients", middle(inside), "postings/s")
    yield Figure(f"ledger.post_many_{BATCH}", middle(batch), "postings/s")
    of_a = [w.a for w in walls]
    yield Figure("ledger.post_8_clients_of_limit_a", paired(single, of_a), "ratio", bar=SINGLE_BAR)
    yield Figure("ledger.post_in_a_transaction_of_limit_a", paired(inside, of_a), "ratio")
    yield Figure("ledger.post_8_clients_of_limit_b", paired(single, [w.b for w in walls]), "ratio")
    yield Figure(
        f"ledger.post_many_{BATCH}_of_limit_e",
        paired(batch, [w.e for w in walls]),
        "ratio",
        bar=BATCH_BAR if limits.version(servers) >= LATEST else BATCH_BAR_ON_15,
    )
