"""A client in a process of its own: does on standard input's word what one phase asks.

python -m tests.bench.worker ADAPTER DSN

An order is one line of JSON with its ``phase``, a ``count`` and the first number ``start``:

- ``one``: post ``count`` single tips, each durably;
- ``inside``: the same between BEGIN and COMMIT;
- ``many``: post ``count`` batches;
- ``read``: read balances for ``count`` seconds each;
- ``time_of``: call the adapter's function ``what`` for ``count`` seconds;
- ``load`` and whatever else the adapter offers: call its function of that name.

Each order is answered by one line of JSON. Times are of the machine's one monotonic clock. This
file needs nothing but Python: other ledgers run it with the environment of their own.
"""

from __future__ import annotations

import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.bench.lib.common import BATCH


class Worker:
    """The phases that every adapter is measured in."""

    def __init__(self, adapter: Any) -> None:
        self.adapter = adapter
        self.batch = getattr(adapter, "MANY", BATCH)

    def one(self, count: int, start: int) -> dict[str, object]:
        return _timed(self.adapter.post_one, count, start)

    def inside(self, count: int, start: int) -> dict[str, object]:
        return _timed(self.adapter.post_inside, count, start)

    def many(self, count: int, start: int) -> dict[str, object]:
        began = time.monotonic()
        for i in range(count):
            self.adapter.post_many(self.batch, start + i * self.batch)
        return {"postings": count * self.batch, "began": began, "ended": time.monotonic()}

    def read(self, count: int, start: int) -> dict[str, object]:
        del start
        return {
            "lines": self.adapter.lines(),
            "sum": self.adapter.trial_balance()[1],
            "balance_ms": _median_ms(self.adapter.balance, count),
            "trial_balance_ms": _median_ms(self.adapter.trial_balance, count),
            "pnl_ms": _median_ms(self.adapter.pnl, count),
        }

    def time_of(self, count: int, start: int, what: str) -> dict[str, object]:
        del start
        took = _took_ms(getattr(self.adapter, what), count)
        return {"ms": statistics.median(took), "best_ms": took[len(took) // 10]}


def _timed(work: Callable[[int], object], count: int, start: int) -> dict[str, object]:
    began = time.monotonic()
    for i in range(start, start + count):
        work(i)
    return {"postings": count, "began": began, "ended": time.monotonic()}


def _median_ms(work: Callable[[], object], seconds: float) -> float:
    return statistics.median(_took_ms(work, seconds))


def _took_ms(work: Callable[[], object], seconds: float) -> list[float]:
    """Return how long each call took, the fastest first."""
    took: list[float] = []
    until = time.monotonic() + seconds
    while not took or time.monotonic() < until:
        before = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - before))
    return sorted(took)


def main() -> None:
    adapter = importlib.import_module(f"tests.bench.{sys.argv[1]}")
    adapter.attach(sys.argv[2])
    worker = Worker(adapter)
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        phase = order.pop("phase")
        work = getattr(worker, phase, None) or getattr(adapter, phase)
        print(json.dumps(work(**order)), flush=True)


if __name__ == "__main__":
    main()
