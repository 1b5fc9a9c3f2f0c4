"""The least of Paxum that a payout needs: takes transfers, keeps a history, can fall silent.

Written from Paxum's documentation for these tests only; it keeps what it was told, so a
test can count what really left.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

ENVELOPE = (
    "\n\n<?xml version='1.0' encoding='UTF-8'?><Response>"
    "<Environment>{environment}</Environment><Method>{method}</Method>"
    "<ResponseCode>{code}</ResponseCode><ResponseDescription>{words}</ResponseDescription>"
    "{rest}</Response>"
)


@dataclass
class StandIn:
    """What the other side knows. ``silence`` is "before" or "after" the transfer is made."""

    url: str = ""
    environment: str = "SANDBOX"
    code: str = "00"
    silence: str = ""
    raw: bytes | None = None
    http_status: int = 200
    most_rows: int = 100
    #: Whether pages are counted by the length asked for even where fewer rows are shown.
    counts_as_asked: bool = False
    #: Made by somebody else while a history is read: one more before each further page.
    meanwhile: list[dict[str, str]] = field(default_factory=list)
    requests: list[dict[str, str]] = field(default_factory=list)
    transfers: list[dict[str, str]] = field(default_factory=list)
    heard: threading.Event = field(default_factory=threading.Event)
    speak: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def asked(self, method: str) -> list[dict[str, str]]:
        return [form for form in self.requests if form["method"] == method]

    def answer(self, form: dict[str, str]) -> bytes:
        with self.lock:
            self.requests.append(form)
        if form["method"] == "transactionHistory":
            return self.envelope(form, "00", self.history(form))
        if self.silence == "before":
            self.hush()
        if self.code != "00":
            return self.envelope(form, self.code, "")
        with self.lock:
            number = str(23646236 + len(self.transfers))
            self.transfers.append({**form, "id": number})
        if self.silence == "after":
            self.hush()
        rest = f"<Fee>1.00</Fee><TransactionId>{number}</TransactionId>"
        return self.envelope(form, "00", rest)

    def hush(self) -> None:
        self.heard.set()
        self.speak.wait(60)

    def history(self, form: dict[str, str]) -> str:
        asked, page = int(form["pageSize"]), int(form["pageNumber"])
        shown = min(asked, self.most_rows)
        begin = (page - 1) * (asked if self.counts_as_asked else shown)
        if page > 1 and self.meanwhile:
            self.transfers.append(self.meanwhile.pop())
        newest_first = self.transfers[::-1][begin : begin + shown]
        rows = "".join(
            f"<Transaction><TransactionId>{row['id']}</TransactionId><Status>Completed</Status>"
            f"<ToEmail>{escape(row['toEmail'])}</ToEmail><Amount>{row['amount']}</Amount>"
            f"<Currency>{row['currency']}</Currency><Fee>1.00</Fee>"
            f"<Reference>{escape(row['reference'])}</Reference></Transaction>"
            for row in newest_first
        )
        return f"<Transactions>{rows}</Transactions>"

    def envelope(self, form: dict[str, str], code: str, rest: str) -> bytes:
        if self.raw is not None:
            return self.raw
        return ENVELOPE.format(
            environment=self.environment,
            method=form["method"],
            code=code,
            words=f"Words for {code}",
            rest=rest,
        ).encode()


@contextmanager
def running() -> Iterator[StandIn]:
    """Listen on a port of our own until the block ends."""
    state = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            answer = state.answer(form)
            try:
                self.send_response(state.http_status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except OSError:
                self.close_connection = True  # whoever asked is gone

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}/payment/api/paymentAPI.php"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield state
    finally:
        state.speak.set()
        server.shutdown()
        thread.join()
        server.server_close()
