"""Servers for one test or simulation run, on sockets of its own, gone when the run is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from devstack.servers import Servers


@contextmanager
def throwaway_servers(
    settings: Mapping[str, str] | None = None, *, start: Callable[[Servers], None] = Servers.up
) -> Iterator[Servers]:
    """Start both servers in a new directory; stop and delete them afterwards."""
    # The system's short temporary folder: a socket's path may have 107 bytes, no more.
    directory = Path(tempfile.mkdtemp(prefix="fanz-", dir="/tmp"))
    servers = Servers(directory, throwaway=True, settings=settings or {})
    guard = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "devstack.guard", str(directory)],
        stdin=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[1],
        start_new_session=True,
    )
    try:
        start(servers)
        yield servers
    finally:
        if guard.stdin:
            guard.stdin.close()
        guard.wait()


@contextmanager
def environment(servers: Servers) -> Iterator[None]:
    """Point this process and its children at ``servers``."""
    before = {name: os.environ.get(name) for name in servers.environment}
    os.environ.update(servers.environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def given_by_environment() -> bool:
    """Test if the caller brings servers of its own."""
    return bool(os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))


def main() -> int:
    """Run the command after ``--`` on throw-away servers; give its exit code."""
    command = sys.argv[sys.argv.index("--") + 1 :]
    with throwaway_servers() as servers:
        child = subprocess.Popen(command, env={**os.environ, **servers.environment})  # noqa: S603
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        try:
            return child.wait()
        except KeyboardInterrupt:
            return child.wait()


if __name__ == "__main__":
    sys.exit(main())
