"""A sandbox process of one's own, and its control API."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from apps.core import http
from apps.ops import errors

START_SECONDS = 30
SEE_OTHER = 303
#: Ids of a simulation's sandbox are far from those of the one that people use, and from those
#: of a simulation before it: a serial has nine digits.
FIRST_SERIAL, SERIALS = 5_000_000, 900_000_000
SERIALS_A_SECOND = 1_000

CARDS = {
    "approve": "4111111111111111",
    "decline": "4000000000000002",
    "soft_decline": "4000000000009995",
    "timeout": "4000000000000119",
}


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox at ``url``."""

    url: str

    def control(self, path: str, **body: Any) -> Any:
        """Post to the control API and return its answer."""
        client = http.Client(service="sandbox-control")
        answer = client.request("POST", f"{self.url}/_control/{path}", json=body)
        return json.loads(answer.body)

    def set_clock(self, now: datetime) -> None:
        """Let the sandbox live at ``now``."""
        self.control("clock", at=now.isoformat())

    def plan(self, processor: str, key: str, **what: Any) -> None:
        """Let the next call for ``key`` go otherwise."""
        self.control("scenarios", processor=processor, key=key, **what)

    def sale_of(self, gateway: str, order: str) -> str:
        """Return the gateway's reference of what was paid for an order, as its portal shows it."""
        path, word, name = (
            ("charges", "approved", "transaction_id")
            if gateway == "ccbill"
            else (f"peers/{gateway}", "paid", "reference")
        )
        client = http.Client(service="sandbox-control")
        answer = client.request("GET", f"{self.url}/_control/{path}", params={"order": order})
        return next((c[name] for c in json.loads(answer.body) if c["status"] == word), "")

    def pay(self, url: str, card: str) -> str:
        """Fill in the payment page; return where the browser is sent, or nothing.

        :raises OutcomeUnknown: the page never answers (the card that times out)
        """
        fields = {"number": CARDS[card], "cvv": "301", "expiry": "12 / 40", "name": "Fan Example"}
        # One name for all cards: one that only ever times out would open the circuit breaker.
        answer = http.Client(service="sandbox-browser").request("POST", url, data=fields)
        return answer.headers["location"] if answer.status == SEE_OTHER else ""


@contextmanager
def own_sandbox() -> Iterator[Sandbox]:
    """Start a sandbox on a free port, point the adapters to it, stop it at the end.

    :raises SandboxDown: it does not start
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {k: v for k, v in os.environ.items() if k not in {"SANDBOX_STATE", "SANDBOX_CONFIG"}}
    environ |= _secrets()
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "sandbox", "--port", str(port), "--until-eof"],
        cwd=settings.BASE_DIR,
        env=environ,
        stdin=subprocess.PIPE,
    )
    try:
        sandbox = Sandbox(f"http://127.0.0.1:{port}")
        _wait(process, port)
        serial = FIRST_SERIAL + int(time.time()) * SERIALS_A_SECOND % SERIALS
        sandbox.control("reset", seed=serial, hang_seconds=0)
        others = {name.partition("-")[0] for name in settings.GATEWAY_CREDENTIALS}
        for gateway in sorted({"ccbill"} | others):
            sandbox.control("scenarios", processor=gateway, webhook="hold", times=0)
        with _adapters_at(sandbox.url):
            yield sandbox
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _secrets() -> dict[str, str]:
    return {
        "CCBILL_SALT": settings.CCBILL["salt"],
        "PAXUM_FROM_EMAIL": settings.PAXUM["from_email"],
        "PAXUM_SHARED_SECRET": settings.PAXUM["shared_secret"],
        "PAXUM_ACCOUNT_ID": settings.PAXUM["account_id"],
        "GATEWAY_CREDENTIALS": json.dumps(settings.GATEWAY_CREDENTIALS),
    }


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise errors.SandboxDown()


@contextmanager
def _adapters_at(url: str) -> Iterator[None]:
    before = settings.CCBILL, settings.PAXUM, settings.GATEWAY_CREDENTIALS
    settings.CCBILL = {
        **settings.CCBILL,
        "flexforms_url": f"{url}/ccbill/wap-frontflex/flexforms",
        "datalink_url": f"{url}/ccbill/datalink",
        "billing_url": f"{url}/ccbill",
    }
    settings.GATEWAY_CREDENTIALS = {
        name: {key: _moved(key, value, url) for key, value in held.items()}
        for name, held in settings.GATEWAY_CREDENTIALS.items()
    }
    settings.PAXUM = {
        **settings.PAXUM,
        "api_url": f"{url}/paxum/payment/api/paymentAPI.php",
    }
    try:
        yield
    finally:
        settings.CCBILL, settings.PAXUM, settings.GATEWAY_CREDENTIALS = before


def _moved(key: str, value: str, url: str) -> str:
    """Return an address of the sandbox's at its new place; other values stay."""
    return url + urlsplit(value).path if key.endswith("_url") else value
