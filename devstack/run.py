"""Starts the whole platform on one machine: servers, database, demo data, every process.

``python -m devstack.run`` (``make run``) stays in the foreground; Ctrl-C or SIGTERM stops all it
started. ``--reset`` deletes the development data instead.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devstack.servers import Servers
from devstack.throwaway import given_by_environment
from fanz.settings.secrets import DEVELOPMENT_SECRETS
from sandbox.config import default as sandbox_config

ROOT = Path(__file__).resolve().parents[1]
PROCESSES = ("web", "worker", "beat", "sandbox")
READY_SECONDS = 60


class Refused(Exception):
    """The platform cannot start; the text says why and what to do."""


def run_directory() -> Path:
    """Return where this checkout's servers live: short, for a socket's path has 107 bytes."""
    tag = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    return Path(f"/tmp/fanz-dev-{os.getuid()}-{tag}")  # noqa: S108


def environment(port: int, directory: Path) -> dict[str, str]:
    """Return what every process of the platform is told; the caller's own values win."""
    sandbox_port = int(os.environ.get("SANDBOX_PORT", str(port + 10)))
    defaults = {
        "DJANGO_SETTINGS_MODULE": "fanz.settings.dev",
        "PORT": str(port),
        "WEB_HOST": "127.0.0.1",
        "SANDBOX_PORT": str(sandbox_port),
        "SANDBOX_URL": f"http://127.0.0.1:{sandbox_port}",
        "SANDBOX_STATE": str(directory / "sandbox.json"),
        "SANDBOX_CONFIG": _sandbox_config(port),
        "BEAT_SCHEDULE_FILE": str(directory / "beat-schedule"),
        "PYTHONUNBUFFERED": "1",
    }
    return {**defaults, **os.environ, "PORT": str(port)}


def _sandbox_config(port: int) -> str:
    """Return the processors' side: the demo's accounts, answering to this port's sites."""

    def secret(name: str) -> str:
        return os.environ.get(name) or DEVELOPMENT_SECRETS[name]

    return sandbox_config(
        origin=f"http://{{brand}}.localhost:{port}",
        webhook_origin=f"http://localhost:{port}",
        ccbill_salt=secret("CCBILL_SALT"),
        ccbill_webhook_token=secret("CCBILL_WEBHOOK_TOKEN"),
        paxum_email=secret("PAXUM_FROM_EMAIL"),
        paxum_secret=secret("PAXUM_SHARED_SECRET"),
        paxum_account_id=secret("PAXUM_ACCOUNT_ID"),
    ).to_json()


def main() -> int:
    """Start everything, or delete the development data; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reset", action="store_true", help="delete the development data")
    arguments = parser.parse_args()
    servers = Servers(run_directory())
    try:
        if arguments.reset:
            with _only_one(servers.directory):
                servers.delete()
            return 0
        return _run(servers)
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1


def _run(servers: Servers) -> int:
    port = int(os.environ.get("PORT") or 8000)
    env = environment(port, servers.directory)
    with _only_one(servers.directory):
        for number in (port, int(env["SANDBOX_PORT"])):
            _check_free(number)
        own_servers = not given_by_environment()
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            if own_servers:
                _say("Starting PostgreSQL and Valkey")
                servers.up()
                env |= servers.environment
            logins = _prepare(env, servers.directory)
            return _serve(env, logins)
        except KeyboardInterrupt:
            return 130
        finally:
            if own_servers:
                servers.down()
                _say("Stopped.")


def _prepare(env: dict[str, str], directory: Path) -> dict[str, Any]:
    _say("Migrating the database")
    _manage(env, "migrate", "--noinput", "--verbosity", "0")
    _manage(env, "sync_roles")
    _say("Making demo data (the first start only)")
    logins = directory / "logins.json"
    with logins.open("w") as sink:
        _manage(env, "seed_demo", "--json", stdout=sink)
    logins.chmod(0o600)
    data: dict[str, Any] = json.loads(logins.read_text())
    return data


def _serve(env: dict[str, str], logins: dict[str, Any]) -> int:
    honcho = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "honcho", "start", *PROCESSES], cwd=ROOT, env=env
    )
    try:
        _wait_until_ready(f"http://127.0.0.1:{env['PORT']}/health/ready", honcho)
        _say(_welcome(env, logins))
        return honcho.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        # A Ctrl-C at the terminal has reached honcho already; a second signal makes it impatient.
        if honcho.poll() is None:
            honcho.send_signal(signal.SIGTERM)
        honcho.wait()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Refused("A process ended while starting: see its output above.")
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise Refused(f"{url} did not answer within {READY_SECONDS} seconds.")


def _welcome(env: dict[str, str], logins: dict[str, Any]) -> str:
    port = env["PORT"]
    lines = [
        "",
        "FANZ is running. Ctrl-C stops it.",
        "",
        f"  Portal      http://fanzlab.localhost:{port}/",
        f"  A brand     http://boyfanz.localhost:{port}/   (girlfanz, daddyfanz, pupfanz, ...)",
        f"  FanzDash    http://fanzlab.localhost:{port}/admin/",
        f"  API         http://boyfanz.localhost:{port}/api/v1/docs/",
        f"  Sandbox     {env['SANDBOX_URL']}/",
        "",
        "  Sign in with",
    ]
    for person in logins["staff"]:
        lines += [
            f"  {'staff ' + person['role']:<16} {person['email']:<32} {person['password']}",
            f"  {'':<16} second factor: {_totp_hint(person['totp_secret'])}",
        ]
    for role in ("fan", "creator"):
        person = logins[role]
        lines.append(f"  {role:<16} {person['email']:<32} {person['password']}")
    return "\n".join([*lines, ""])


def _totp_hint(secret: str) -> str:
    return f"TOTP key {secret}   (code now: python manage.py totp_code {secret})"


def _manage(env: dict[str, str], *arguments: str, stdout: Any = None) -> None:
    command = [sys.executable, "manage.py", *arguments]
    if subprocess.run(command, check=False, cwd=ROOT, env=env, stdout=stdout).returncode:  # noqa: S603
        raise Refused(f"manage.py {arguments[0]} failed: see its output above.")


@contextmanager
def _only_one(directory: Path) -> Iterator[None]:
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (directory.parent / f"{directory.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("This checkout is running already; stop it with Ctrl-C there.") from None
        yield


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise Refused(f"Port {port} is in use; choose another: make run PORT=8100") from None


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
