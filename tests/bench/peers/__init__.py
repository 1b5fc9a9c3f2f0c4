"""django-hordak and django-ledger at the same work, in the same run, in their own environment."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from devstack.servers import Servers
from tests.bench.lib import clients, limits
from tests.bench.lib.common import CLIENTS, ROOT, ROUNDS, Figure

REQUIREMENTS = Path(__file__).with_name("peers.txt")
ENVIRONMENT = ROOT / "build" / "bench-peers"
PYTHON = ENVIRONMENT / "bin" / "python"

#: For their reads; loaded by plain SQL, past their own code.
LINES = 200_000
READ_SECONDS = 1


class Peer(NamedTuple):
    """Another ledger, how much of it a round measures, and what ours promises beside it."""

    name: str
    adapter: str
    singles: int
    batches: int
    single_bar: float | None
    batch_bar: float | None


HORDAK = Peer("django_hordak", "peers.hordak", 60, 2, 4, 7)
DJANGO_LEDGER = Peer("django_ledger", "peers.django_ledger", 8, 1, None, None)


def measure(servers: Servers) -> Iterator[Figure]:
    """Compare with both, unless their environment can't be made: then say so and go on."""
    if not _environment():
        return
    ours = limits.fresh(servers, "bench_ours")
    clients.set_up(ours, adapter="ledger_adapter")
    for peer in (HORDAK, DJANGO_LEDGER):
        theirs = limits.fresh(servers, f"bench_{peer.name}")
        clients.set_up(theirs, adapter=peer.adapter, python=str(PYTHON))
        with ExitStack() as stack:
            group = stack.enter_context(clients.started(ours, clients=CLIENTS))
            rivals = stack.enter_context(
                clients.started(theirs, clients=CLIENTS, adapter=peer.adapter, python=str(PYTHON))
            )
            yield from _beside(servers, peer, group, rivals)
            yield from _reads(peer, rivals)
        limits.drop(servers, f"bench_{peer.name}")


def _beside(
    servers: Servers, peer: Peer, group: clients.Clients, rivals: clients.Clients
) -> Iterator[Figure]:
    group.order("one", 5, clients=CLIENTS)
    # Alone first: django-ledger's first posting of a month must not meet another one.
    rivals.order("one", 2)
    rivals.order("one", 2, clients=CLIENTS)
    single, batch, over, batch_over = [], [], [], []
    for _ in range(ROUNDS):
        limits.checkpoint(servers)
        before = group.rate("one", 200, clients=CLIENTS)
        single.append(rivals.rate("one", peer.singles, clients=CLIENTS))
        after = group.rate("one", 200, clients=CLIENTS)
        over.append((before + after) / 2 / single[-1])
        limits.checkpoint(servers)
        ours = group.rate("many", 6, clients=1)
        batch.append(rivals.rate("many", peer.batches, clients=1))
        batch_over.append(ours / batch[-1])
    middle = statistics.median
    yield Figure(f"{peer.name}.post_8_clients", middle(single), "postings/s")
    yield Figure(f"{peer.name}.post_in_batches", middle(batch), "postings/s")
    yield Figure(
        f"ledger.post_8_clients_over_{peer.name}", middle(over), "ratio", bar=peer.single_bar
    )
    yield Figure(
        f"ledger.post_in_batches_over_{peer.name}", middle(batch_over), "ratio", bar=peer.batch_bar
    )


def _reads(peer: Peer, rivals: clients.Clients) -> Iterator[Figure]:
    rivals.order("load", LINES // 4)
    [reading] = rivals.order("read", READ_SECONDS)
    if reading["sum"]:
        raise RuntimeError(f"the books of {peer.name} are off by {reading['sum']}")
    yield Figure(f"{peer.name}.lines_for_the_reads", reading["lines"], "lines")
    yield Figure(f"{peer.name}.read_shared_balance", reading["balance_ms"], "ms")
    yield Figure(f"{peer.name}.read_trial_balance", reading["trial_balance_ms"], "ms")
    yield Figure(f"{peer.name}.read_profit_and_loss", reading["pnl_ms"], "ms")


def _environment() -> bool:
    """Make the environment unless it is there as wanted; say why not if it can't be made."""
    made_from = ENVIRONMENT / "made-from.json"
    wanted = json.dumps([sys.version, REQUIREMENTS.read_text()])
    if made_from.exists() and made_from.read_text() == wanted:
        return True
    print(f"-- making {ENVIRONMENT.relative_to(ROOT)} (once)", flush=True)
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)],
        [str(PYTHON), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)],
    ):
        result = subprocess.run(command, check=False, capture_output=True, text=True)
        if result.returncode:
            reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
            print(f"-- peers: SKIPPED, their environment could not be made: {reason}", flush=True)
            return False
    made_from.write_text(wanted)
    return True
