"""A front end's receiver: a real HTTP server that keeps what it got."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from apps.accounts.models import User
from apps.clusters.models import Cluster
from apps.core.http import reset_breakers
from apps.webhooks import services as webhooks
from apps.webhooks.choices import Kind
from apps.webhooks.models import Endpoint


@dataclass
class Receiver:
    """Answers with the statuses in turn, the last one for ever."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [204])
    got: list[tuple[dict[str, str], str]] = field(default_factory=list)

    def answer(self, headers: dict[str, str], body: str) -> int:
        self.got.append((headers, body))
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(kept.answer(headers, body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 100  # forty at once are not refused while threads start

    server = Server(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/told"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    reset_breakers()
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def endpoint(
    boyfanz: Cluster, receiver: Receiver, staff: Callable[..., User], now: Any
) -> tuple[Endpoint, str]:
    """An endpoint of boyfanz that is told of captures and failures, and its secret."""
    return webhooks.open_endpoint(
        cluster=boyfanz,
        url=receiver.url,
        kinds=[Kind.PAYMENT_CAPTURED, Kind.PAYMENT_FAILED],
        description="The shop",
        by=staff("admin"),
        now=now,
    )
