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
        #: What the next answers say, one after the other.
        self.says: list[str] = []

    def wait_for(self, count: int) -> list[Got]:
        deadline = time.monotonic() + 10
        while len(self.got) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return list(self.got)


class Doorman(BaseHTTPRequestHandler):
    server: Merchant

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        kind = self.headers.get("Content-Type", "")
        self.server.got.append(Got(self.path, kind, body, time.monotonic()))
        refused = len(self.server.got) <= self.server.refusals
        said = self.server.says.pop(0) if self.server.says else ""
        self.send_response(503 if refused else 200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said.encode())

    do_GET = do_POST  # noqa: N815 (the server calls it by this name)

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
