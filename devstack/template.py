"""A migrated database kept between test runs: each run copies it instead of migrating anew.

Made anew when a migration, what migrations read, the locked requirements or PostgreSQL changed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack.servers import Servers
from devstack.throwaway import throwaway_servers

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "build" / "test-database"
#: What Django calls the test database of ``fanz``; workers of xdist add their name.
NAME = "test_fanz"
#: The migrations, and what writes SQL for them.
READ = (
    "apps/**/migrations/*",
    "apps/**/migrations/sql/*",
    "apps/core/parents.py",
    "apps/finance/ledger/chart*",
    "apps/finance/ledger/postings/*.py",
)


def start_from_template(servers: Servers, *, name: str) -> None:
    """Give servers that are not up yet the migrated database, by this name, and start them.

    Runs at once share one template: the first makes it, the others wait.
    """
    with _locked():
        template = KEPT / _fingerprint(servers)
        if not template.exists():
            _make(template)
        _copy(template, servers.directory / "pg")
    servers.up()
    if name != NAME:
        servers.sql(f'ALTER DATABASE "{NAME}" RENAME TO "{name}"')


def _make(template: Path) -> None:
    with throwaway_servers() as servers:
        servers.sql(f'CREATE DATABASE "{NAME}"')
        subprocess.run(
            [sys.executable, "-W", "ignore", "manage.py", "migrate", "--run-syncdb", "-v0"],
            check=True,
            cwd=ROOT,
            env={
                **os.environ,
                **servers.environment,
                "DATABASE_URL": servers.database_url.replace("/fanz?", f"/{NAME}?"),
                "DJANGO_SETTINGS_MODULE": "fanz.settings.test",
            },
        )
        servers.down()
        for old in KEPT.glob("*"):
            if old.is_dir():
                shutil.rmtree(old)
        # Renamed last, so that a copy cut off half way is never taken for a whole one.
        partial = template.with_name("partial")
        _copy(servers.directory / "pg", partial)
        partial.rename(template)


def _copy(source: Path, target: Path) -> None:
    # Not shutil: the files stay with the person PostgreSQL runs as.
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)  # noqa: S603, S607


def _fingerprint(servers: Servers) -> str:
    found = hashlib.sha256(servers.postgres_version().encode())
    files = sorted({file for glob in READ for file in ROOT.glob(glob) if file.is_file()})
    for file in (ROOT / "requirements.txt", *files):
        found.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return found.hexdigest()[:16]


@contextmanager
def _locked() -> Iterator[None]:
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
