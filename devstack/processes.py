"""The processes of the Procfile: started together, printed together, stopped together."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

ROOT = Path(__file__).resolve().parents[1]
#: A worker gets this long to end its task; then it is killed and the task is taken up later.
PATIENCE_SECONDS = 8


def commands(names: tuple[str, ...], procfile: Path = ROOT / "Procfile") -> dict[str, str]:
    """Return the shell command of each named line of the Procfile."""
    lines = (line.partition(":") for line in procfile.read_text().splitlines() if ":" in line)
    known = {name.strip(): command.strip() for name, _, command in lines}
    return {name: known[name] for name in names}


class Processes:
    """Running processes, each the leader of a group: a Ctrl-C at the terminal is ours alone."""

    def __init__(
        self, given: Mapping[str, str], env: Mapping[str, str], watchdog: IO[str]
    ) -> None:
        self._ended: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._given, self._env, self._watchdog = given, env, watchdog

    def __enter__(self) -> Self:
        width = max(map(len, self._given))
        for name, command in self._given.items():
            process = subprocess.Popen(  # noqa: S602  (our own Procfile; it expands variables)
                f"exec {command}",
                shell=True,
                cwd=ROOT,
                env=dict(self._env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._running[name] = process
            self._watchdog.write(f"{process.pid}\n")
            self._watchdog.flush()
            threading.Thread(
                target=self._print, args=(name, f"{name:<{width}} | ", process), daemon=True
            ).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Whoever asks twice still gets an orderly end; kill -9 is for the impatient.
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, signal.SIG_IGN)
        stop_groups(self.pids)
        for process in self._running.values():
            process.wait()

    @property
    def pids(self) -> list[int]:
        """The process ids, each that of a process group as well."""
        return [process.pid for process in self._running.values()]

    def ended(self, *, within: float | None = None) -> str:
        """Return the name of a process that has ended, or nothing when none has in time."""
        try:
            return self._ended.get(timeout=within)
        except queue.Empty:
            return ""

    def _print(self, name: str, prefix: str, process: subprocess.Popen[str]) -> None:
        if process.stdout is None:
            raise RuntimeError(f"{name} was started without a pipe")
        for line in process.stdout:
            sys.stdout.write(f"{prefix}{line.rstrip()}\n")
            sys.stdout.flush()
        process.wait()
        self._ended.put(name)


def stop_groups(leaders: list[int]) -> None:
    """Ask these processes to end, each with its own; after a while kill what is left of them.

    Only the leader is asked: a worker would take its children's sudden end for a crash.
    """
    for leader in leaders:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(leader, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and any(_lives(leader) for leader in leaders):
        time.sleep(0.05)
    for leader in leaders:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)


def _lives(leader: int) -> bool:
    try:
        if os.waitid(os.P_PID, leader, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return False  # ended, and we have yet to take notice
    except ChildProcessError:
        pass  # not our child, or noticed already
    try:
        os.kill(leader, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


@contextmanager
def watched(lock: IO[str], servers: Path | None) -> Iterator[IO[str]]:
    """Give a pipe to a watchdog that ends what we started should we be gone without a word.

    It takes the numbers of process groups, a line each, stops ``servers`` too, and keeps
    ``lock`` until all is ended.
    """
    command = [sys.executable, "-m", "devstack.watchdog", *([str(servers)] if servers else [])]
    dog = subprocess.Popen(  # noqa: S603
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        pass_fds=(lock.fileno(),),
        start_new_session=True,
        text=True,
    )
    if dog.stdin is None:
        raise RuntimeError("the watchdog was started without a pipe")
    try:
        yield dog.stdin
        _dismiss(dog.stdin)
    except Exception:
        _dismiss(dog.stdin)
        raise
    finally:
        with suppress(OSError):
            dog.stdin.close()
        dog.wait()


def _dismiss(pipe: IO[str]) -> None:
    with suppress(OSError):
        pipe.write("done\n")
        pipe.flush()
