"""Client processes: started once, idle while something else is measured, then all at once."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from tests.bench.lib.common import ROOT

#: Each posting of a run has a number of its own, as a source is posted once.
NUMBERS_EACH = 10_000_000
#: Other ledgers warn of themselves; ours is tested for warnings elsewhere.
_QUIET = ("-W", "ignore")
_STARTS = itertools.count(NUMBERS_EACH, NUMBERS_EACH)


class Clients:
    """Some clients of one database."""

    def __init__(self, processes: list[subprocess.Popen[str]]) -> None:
        self._processes = processes
        for process in processes:
            _answer(process)

    def rate(self, phase: str, count: int, *, clients: int) -> float:
        """Let ``clients`` do ``count`` each at once; return postings a second of all."""
        answers = self.order(phase, count, clients=clients)
        took = max(a["ended"] for a in answers) - min(a["began"] for a in answers)
        return float(sum(a["postings"] for a in answers) / took)

    def order(
        self, phase: str, count: int = 0, *, clients: int = 1, **more: object
    ) -> list[dict[str, Any]]:
        """Send one order to ``clients`` processes; return their answers."""
        chosen = self._processes[:clients]
        for process in chosen:
            order = {"phase": phase, "count": count, "start": next(_STARTS), **more}
            _pipe(process.stdin).write(json.dumps(order) + "\n")
            _pipe(process.stdin).flush()
        return [json.loads(_answer(process)) for process in chosen]


@contextmanager
def started(
    dsn: str, *, clients: int, adapter: str = "ledger_adapter", python: str = sys.executable
) -> Iterator[Clients]:
    """Start ``clients`` processes of an adapter in tests/bench; end them afterwards."""
    processes = [
        subprocess.Popen(
            [python, *_QUIET, "-m", "tests.bench.worker", adapter, dsn],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(clients)
    ]
    try:
        yield Clients(processes)
    finally:
        for process in processes:
            _pipe(process.stdin).close()
            process.wait(timeout=60)


def set_up(dsn: str, *, adapter: str, python: str = sys.executable) -> None:
    """Let an adapter make its tables in an empty database."""
    module = f"tests.bench.{adapter}"
    words = f"import importlib; importlib.import_module({module!r}).setup({dsn!r})"
    subprocess.run([python, *_QUIET, "-c", words], check=True, cwd=ROOT)


def _answer(process: subprocess.Popen[str]) -> str:
    line = _pipe(process.stdout).readline()
    if not line:
        raise RuntimeError("a client of the bench ended; its reason is above")
    return line


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise RuntimeError("the process was started without this pipe")
    return pipe
