"""The same work for everything measured, and what a measurement leaves behind."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]
ADAPTER = ROOT / "tests" / "bench" / "ledger_adapter.py"

CLIENTS = 8
#: The middle of so many comparisons counts: a machine's speed changes from second to second.
ROUNDS = 3
BATCH = 1000
CREATORS = 200

#: PostgreSQL as in production where it counts: nothing acknowledged is ever lost. Memory and log
#: are large enough for no checkpoint to fall into a measurement.
DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_sync_method": "fdatasync",
    "shared_buffers": "1GB",
    "wal_buffers": "16MB",
    "max_wal_size": "8GB",
    "min_wal_size": "1GB",
    "checkpoint_timeout": "30min",
    "effective_cache_size": "4GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "2",
    "jit": "off",
    "autovacuum": "on",
}


class Figure(NamedTuple):
    """One number of the report. ``bar`` is the least it must be, ``most`` the most; without
    either it is for information."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    most: float | None = None

    @property
    def holds(self) -> bool:
        return (self.bar is None or self.value >= self.bar) and (
            self.most is None or self.value <= self.most
        )

    @property
    def promise(self) -> str:
        """The bar in words, or nothing."""
        if self.bar is not None:
            return f">= {self.bar:g}"
        return "" if self.most is None else f"<= {self.most:g}"

    @property
    def written(self) -> str:
        """The value with as many digits as its unit deserves."""
        places = {"postings/s": 0, "lines": 0, "ratio": 3, "ms": 3}.get(self.unit, 1)
        return f"{self.value:,.{places}f}"

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "value": float(f"{self.value:.4g}"),
            "unit": self.unit,
            "bar": self.bar,
            "most": self.most,
            "holds": self.holds,
        }


def paired(ours: Sequence[float], walls: Sequence[float]) -> float:
    """Return the middle of our speeds, each over the limit right before and right after it."""
    return statistics.median(
        2 * speed / (before + after)
        for speed, before, after in zip(ours, walls, walls[1:], strict=False)
    )
