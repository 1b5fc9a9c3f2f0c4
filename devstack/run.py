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
from typing import IO, Any

from devstack.processes import Processes, commands, stop_groups, watched
from devstack.servers import Servers
from devstack.throwaway import given_by_environment
from fanz.settings.secrets import DEVELOPMENT_SECRETS
from sandbox import accounts
from sandbox.config import default as sandbox_config

ROOT = Path(__file__).resolve().parents[1]
PROCESSES = ("web", "worker", "beat", "sandbox")
READY_SECONDS = 60
#: A run that was killed is tidied up by its watchdog within this time.
ENDING_SECONDS = 12


class Refused(Exception):
    """The platform cannot start; the text says why and what to do."""


def run_directory() -> Path:
    """Return where this checkout's servers live: short, for a socket's path has 107 bytes.

    DEVSTACK_DIRECTORY names another place, for a second platform beside the first.
    """
    if given := os.environ.get("DEVSTACK_DIRECTORY"):
        return Path(given)
    tag = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    return Path(f"/tmp/fanz-dev-{os.getuid()}-{tag}")  # noqa: S108


def environment(port: int, directory: Path) -> dict[str, str]:
    """Return what every process of the platform is told; the caller's own values win."""
    sandbox_port = int(os.environ.get("SANDBOX_PORT", str(port + 10)))
    credentials = os.environ.get("GATEWAY_CREDENTIALS") or json.dumps(
        accounts.credentials(f"http://127.0.0.1:{sandbox_port}")
    )
    defaults = {
        "DJANGO_SETTINGS_MODULE": "fanz.settings.dev",
        "PORT": str(port),
        "WEB_HOST": "127.0.0.1",
        "SANDBOX_PORT": str(sandbox_port),
        "SANDBOX_URL": f"http://127.0.0.1:{sandbox_port}",
        "SANDBOX_STATE": str(directory / "sandbox.json"),
        "SANDBOX_CONFIG": _sandbox_config(port, json.loads(credentials)),
        "GATEWAY_CREDENTIALS": credentials,
        "WEBHOOK_ORIGIN": f"http://localhost:{port}",
        "MAIL_DIRECTORY": str(directory / "mail"),
        "BEAT_SCHEDULE_FILE": str(directory / "beat-schedule"),
        "LOG_LEVEL": "WARNING",
        "LOG_FORMAT": "console",
        "PYTHONUNBUFFERED": "1",
        # Celery's warning to root: on a developer's machine it drowns the welcome.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**defaults, **os.environ, "PATH": programs, "PORT": str(port)}


def _sandbox_config(port: int, credentials: dict[str, dict[str, str]]) -> str:
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
        credentials=credentials,
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
    own_servers = not given_by_environment()
    with (
        _only_one(servers.directory) as lock,
        watched(lock, servers.directory if own_servers else None) as watchdog,
    ):
        for number in (port, int(env["SANDBOX_PORT"])):
            _check_free(number)
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, _interrupt)
        try:
            if own_servers:
                _say("Starting PostgreSQL and Valkey ...")
                servers.up()
                env |= servers.environment
            _serve(env, _prepare(env, servers.directory, watchdog), watchdog)
        except KeyboardInterrupt:
            _say("")
        finally:
            # Whoever asks twice still gets an orderly end; kill -9 is for the impatient.
            for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(ending, signal.SIG_IGN)
            if own_servers:
                servers.down()
            _say("Stopped.")
    return 0


def _prepare(env: dict[str, str], directory: Path, watchdog: IO[str]) -> dict[str, Any]:
    _say("Migrating the database ...")
    _manage(env, watchdog, "migrate", "--noinput", "--verbosity", "0")
    _say("Looking for the demo data; the first start makes it ...")
    logins = directory / "logins.json"
    logins.touch(mode=0o600)
    with logins.open("w") as sink:
        _manage(env, watchdog, "seed_demo", "--json", stdout=sink)
    data: dict[str, Any] = json.loads(logins.read_text())
    return data


def _serve(env: dict[str, str], logins: dict[str, Any], watchdog: IO[str]) -> None:
    _say("Starting web, worker, beat and sandbox ...")
    try:
        with Processes(commands(PROCESSES), env, watchdog) as running:
            _wait_until_ready(f"http://127.0.0.1:{env['PORT']}/health/ready", running)
            _wait_until_ready(f"{env['SANDBOX_URL']}/_control/health", running)
            _say(_welcome(env, logins))
            name = running.ended()
    except KeyboardInterrupt:
        return
    raise Refused(f"The process {name!r} has ended: see its output above.")


def _wait_until_ready(url: str, running: Processes) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            if name := running.ended(within=0.2):
                raise Refused(f"{name!r} ended while starting: see its output above.") from None
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
        f"  Mail sent   {env['MAIL_DIRECTORY']}/",
        "",
        f"  {'Sign in as':<16} {'e-mail':<24} {'password':<20} key of the second factor",
    ]
    people = [*logins["staff"], {"role": "fan", **logins["fan"]}]
    for person in [*people, {"role": "creator", **logins["creator"]}]:
        key = person.get("totp_secret", "none")
        lines.append(
            f"  {person['role']:<16} {person['email']:<24} {person['password']:<20} {key}"
        )
    key = logins["staff"][0]["totp_secret"]
    code = f'make -s manage ARGS="totp_code {key}"'
    return "\n".join([*lines, "", "  The code of a second factor, from another terminal:",
                      f"    {code}", ""])  # fmt: skip


def _manage(
    env: dict[str, str], watchdog: IO[str], *arguments: str, stdout: IO[str] | None = None
) -> None:
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=env,
        stdout=stdout,
        start_new_session=True,
    )
    watchdog.write(f"{process.pid}\n")
    watchdog.flush()
    try:
        failed = process.wait()
    except KeyboardInterrupt:
        stop_groups([process.pid])
        raise
    if failed:
        raise Refused(f"manage.py {arguments[0]} failed: see its output above.")


@contextmanager
def _only_one(directory: Path) -> Iterator[IO[str]]:
    """Keep others of this checkout out; wait a little for one that is just ending."""
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (directory.parent / f"{directory.name}.lock").open("w") as lock:
        deadline = time.monotonic() + ENDING_SECONDS
        while not _taken(lock):
            if time.monotonic() > deadline:
                raise Refused("This checkout is running already; stop it with Ctrl-C there.")
            time.sleep(0.1)
        yield lock


def _taken(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


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
