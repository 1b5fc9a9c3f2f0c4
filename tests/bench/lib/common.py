"""The same work for everything measured, and what a measurement leaves behind."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]
ADAPTER = ROOT / "tests" / "bench" / "ledger_adapter.py"

CLIENTS = 8
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
    """One number of the report. With ``bar``, the least it must be; without, for information."""

    name: str
    value: float
    unit: str
    bar: float | None = None

    @property
    def holds(self) -> bool:
        return self.bar is None or self.value >= self.bar

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "value": float(f"{self.value:.4g}"),
            "unit": self.unit,
            "bar": self.bar,
            "holds": self.holds,
        }
