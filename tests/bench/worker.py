"""A client in a process of its own: does on standard input's word what one phase asks.

python -m tests.bench.worker DSN
        one COUNT START      post COUNT single tips
        many BATCHES START   post BATCHES batches
        read SECONDS 0       read balances again and again

Each order is answered by one line of JSON. Times are of the machine's one monotonic clock.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable

from tests.bench import ledger_adapter as adapter
from tests.bench.lib.common import BATCH


def one(count: int, start: int) -> dict[str, object]:
    took = []
    began = time.monotonic()
    for i in range(start, start + count):
        before = time.perf_counter()
        adapter.post_one(i)
        took.append(time.perf_counter() - before)
    ended = time.monotonic()
    took.sort()
    return {
        "postings": count,
        "began": began,
        "ended": ended,
        "p50_ms": 1000 * took[count // 2],
        "p99_ms": 1000 * took[int(count * 0.99)],
    }


def many(batches: int, start: int) -> dict[str, object]:
    began = time.monotonic()
    for i in range(batches):
        adapter.post_many(BATCH, start + i * BATCH)
    return {"postings": batches * BATCH, "began": began, "ended": time.monotonic()}


def read(seconds: int, _: int) -> dict[str, object]:
    return {
        "lines": adapter.lines(),
        "sum": adapter.trial_balance()[1],
        "balance_ms": _median_ms(adapter.balance, seconds),
        "trial_balance_ms": _median_ms(adapter.trial_balance, seconds),
    }


def _median_ms(work: Callable[[], object], seconds: int) -> float:
    took = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        before = time.perf_counter()
        work()
        took.append(time.perf_counter() - before)
    return 1000 * statistics.median(took)


PHASES = {"one": one, "many": many, "read": read}


def main() -> None:
    adapter.attach(sys.argv[1])
    print("ready", flush=True)
    for order in sys.stdin:
        phase, first, second = order.split()
        print(json.dumps(PHASES[phase](int(first), int(second))), flush=True)


if __name__ == "__main__":
    main()
