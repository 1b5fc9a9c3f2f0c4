"""Somebody who takes webhooks over real HTTP, for tests of how the sandbox delivers them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import NamedTuple


class Got(NamedTuple):
    """One request: address with query, content type, body, and when (monotonic)."""

    path: str
    content_type: str
    body: str
    at: float


class Merchant(HTTPServer):
    """Takes webhooks; refuses the first ``refusals`` of them."""

    def __init__(self, refusals: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), Doorman)
        self.refusals = refusals
        self.got: list[Got] = []

    def wait_for(self, count: int) -> list[Got]:
        deadline = time.monotonic() + 10
        while len(self.got) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return list(self.got)


class Doorman(BaseHTTPRequestHandler):
    server: Merchant

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.got.append(
            Got(self.path, self.headers["Content-Type"], body, time.monotonic())
        )
        refused = len(self.server.got) <= self.server.refusals
        self.send_response(503 if refused else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay quiet."""


@contextmanager
def open_merchant(*, refusals: int = 0) -> Iterator[Merchant]:
    """Serve in a thread until the end of the block."""
    server = Merchant(refusals)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
