"""Measure on a durable server of our own; print a table, write build/bench.json.

Ends with 1 if a figure is below its bar.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator

import psycopg

from devstack.servers import Servers
from devstack.throwaway import throwaway_servers
from tests.bench import posting
from tests.bench.lib.common import DURABLE, ROOT, Figure
from tests.bench.lib.limits import dsn

#: What is measured, in this order. Add yours here.
MEASUREMENTS: list[Callable[[Servers], Iterator[Figure]]] = [posting.measure]

REPORT = ROOT / "build" / "bench.json"


def main() -> int:
    with throwaway_servers(DURABLE) as servers:
        print(_machine(servers), flush=True)
        figures = [figure for measure in MEASUREMENTS for figure in measure(servers)]
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps([f.as_json() for f in figures], indent=2) + "\n")
    for figure in figures:
        bar = "" if figure.bar is None else f"bar {figure.bar:g}"
        print(
            f"{figure.name:<36} {figure.value:>12,.{_places(figure)}f} {figure.unit:<10}"
            f" {bar:<9} {'' if figure.holds else 'FAILS'}".rstrip()
        )
    return int(not all(figure.holds for figure in figures))


def _machine(servers: Servers) -> str:
    """Say on what is measured; refuse a server that may lose what it acknowledged."""
    with psycopg.connect(dsn(servers, "postgres")) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            [[value]] = connection.execute(f"SHOW {name}".encode())
            if value != "on":
                raise RuntimeError(f"{name} is {value}: this is no measurement")
        [[version]] = connection.execute("SHOW server_version")
    load = os.getloadavg()[0]
    return f"PostgreSQL {version}, durable; {os.cpu_count()} cores, load {load:.2f} before"


def _places(figure: Figure) -> int:
    return {"postings/s": 0, "lines": 0}.get(figure.unit, 3)


if __name__ == "__main__":
    sys.exit(main())
