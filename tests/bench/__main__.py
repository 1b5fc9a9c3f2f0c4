"""Measure on a durable server of our own; print a table, write build/bench.json.

``python -m tests.bench [--only posting,reads] [--lines 1000000] [--write]``. Ends with 1 if a
figure misses its bar. ``--write`` also puts the table into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from devstack.servers import Servers
from devstack.throwaway import throwaway_servers
from tests.bench import (
    billing,
    growth,
    inbox,
    page,
    peers,
    posting,
    reads,
    reconciliation,
    routing,
)
from tests.bench.lib.common import DURABLE, ROOT, Figure
from tests.bench.lib.machine import described

LINES = 1_000_000
Measure = Callable[[Servers], Iterator[Figure]]
#: What is measured unless told otherwise, in this order. Add yours here.
MEASUREMENTS: Mapping[str, Measure] = {
    "posting": posting.measure,
    "peers": peers.measure,
    "reconciliation": reconciliation.measure,
    "routing": routing.measure,
    "inbox": inbox.measure,
    "billing": billing.measure,
}

REPORT = ROOT / "build" / "bench.json"


def main() -> int:
    asked = _arguments()
    known: dict[str, Measure] = {
        **MEASUREMENTS,
        "reads": partial(reads.measure, lines=asked.lines),
        "growth": partial(growth.measure, lines=asked.lines),
    }
    chosen = asked.only.split(",") if asked.only else [name for name in known if name != "growth"]
    parts: dict[str, list[Figure]] = {}
    with throwaway_servers(DURABLE) as servers:
        machine = described(servers)
        print(machine, flush=True)
        for name in chosen:
            parts[name] = _measured(name, known[name], servers)
    figures = [figure for part in parts.values() for figure in part]
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps([f.as_json() for f in figures], indent=2) + "\n")
    if asked.write:
        page.write(parts, machine=machine, command=asked.command)
    return int(not all(figure.holds for figure in figures))


def _measured(
    name: str, measure: Callable[[Servers], Iterator[Figure]], servers: Servers
) -> list[Figure]:
    """Measure one thing, printing each figure as it comes."""
    began = time.monotonic()
    figures = []
    for figure in measure(servers):
        failed = "" if figure.holds else "FAILS"
        print(
            f"{figure.name:<44} {figure.written:>14} {figure.unit:<10}"
            f" {figure.promise:<9} {failed}".rstrip(),
            flush=True,
        )
        figures.append(figure)
    print(f"-- {name}: {time.monotonic() - began:.0f} s", flush=True)
    return figures


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", default="", help="posting, peers, reads, growth: some of them")
    parser.add_argument("--lines", type=int, default=LINES, help="lines for reads and growth")
    parser.add_argument("--write", action="store_true", help="rewrite docs/benchmarks.md's table")
    asked = parser.parse_args()
    asked.command = " ".join(["python -m tests.bench", *sys.argv[1:]])
    return asked


if __name__ == "__main__":
    sys.exit(main())
