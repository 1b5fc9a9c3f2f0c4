"""Client processes: started once, idle while something else is measured, then all at once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from tests.bench.lib.common import ROOT

#: Each posting of a run has a number of its own, as a source is posted once.
NUMBERS_EACH = 100_000


class Clients:
    """Some clients of one database."""

    def __init__(self, processes: list[subprocess.Popen[str]]) -> None:
        self._processes = processes
        self._next = NUMBERS_EACH
        for process in processes:
            _answer(process)

    def rate(self, phase: str, count: int, *, clients: int) -> float:
        """Let ``clients`` do ``count`` each at once; return postings a second of all."""
        answers = self.order(phase, count, clients=clients)
        took = max(a["ended"] for a in answers) - min(a["began"] for a in answers)
        return float(sum(a["postings"] for a in answers) / took)

    def order(self, phase: str, count: int, *, clients: int) -> list[dict[str, Any]]:
        """Send one order to ``clients`` processes; return their answers."""
        chosen = self._processes[:clients]
        for process in chosen:
            _pipe(process.stdin).write(f"{phase} {count} {self._next}\n")
            _pipe(process.stdin).flush()
            self._next += NUMBERS_EACH
        return [json.loads(_answer(process)) for process in chosen]


@contextmanager
def started(dsn: str, *, clients: int) -> Iterator[Clients]:
    """Start ``clients`` processes; end them afterwards."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bench.worker", dsn],
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


def _answer(process: subprocess.Popen[str]) -> str:
    line = _pipe(process.stdout).readline()
    if not line:
        raise RuntimeError("a client of the bench ended; its reason is above")
    return line


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise RuntimeError("the process was started without this pipe")
    return pipe
