"""The running sandbox, for every test that wants the real adapters over real HTTP."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from sandbox import accounts
from sandbox.config import default
from tests.sandbox.control import Sandbox

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(port: int, *, state: Path | None = None, **environ: str) -> subprocess.Popen[bytes]:
    """Start a sandbox and wait until it serves."""
    command = [sys.executable, "-m", "sandbox", "--port", str(port)]
    if state:
        command += ["--state", str(state)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environ})
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            Sandbox(f"http://127.0.0.1:{port}").request("GET", "/_control/health")
        except OSError:
            time.sleep(0.05)
        else:
            return process
    stop(process)
    raise RuntimeError("the sandbox did not start")


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(timeout=10)


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    port = free_port()
    config = default(
        webhook_origin="http://127.0.0.1:9",  # nobody listens: tests take what is held
        ccbill_salt=django_settings.CCBILL["salt"],
        ccbill_webhook_token=django_settings.CCBILL["webhook_token"],
        paxum_email=django_settings.PAXUM["from_email"],
        paxum_secret=django_settings.PAXUM["shared_secret"],
        paxum_account_id=django_settings.PAXUM["account_id"],
    )
    process = start(port, SANDBOX_CONFIG=config.to_json())
    yield Sandbox(f"http://127.0.0.1:{port}")
    stop(process)


@pytest.fixture
def sandbox(sandbox_process: Sandbox, settings: Any) -> Sandbox:
    """An empty sandbox; the adapters' addresses point to it, webhooks wait in it."""
    sandbox_process.reset()
    url = sandbox_process.url
    settings.CCBILL = {
        **settings.CCBILL,
        "flexforms_url": f"{url}/ccbill/wap-frontflex/flexforms",
        "datalink_url": f"{url}/ccbill/datalink",
        "billing_url": f"{url}/ccbill",
    }
    settings.GATEWAY_CREDENTIALS = accounts.credentials(url)
    settings.PAXUM = {
        **settings.PAXUM,
        "api_url": f"{url}/paxum/payment/api/paymentAPI.php",
    }
    return sandbox_process
