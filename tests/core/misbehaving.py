"""A TCP server that answers each connection as its script says, on this machine only."""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Behaviour = Callable[[socket.socket], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Seen: yes\r\n\r\nok"


class Server:
    """``requests`` holds the bytes of each request as they came in."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self.requests: list[bytes] = []
        self.done = threading.Event()
        self._behaviours = list(behaviours)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _serve(self) -> None:
        for behaviour in self._behaviours:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self.requests.append(_read_request(connection))
                with suppress(OSError):
                    behaviour(connection)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.done.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


def _read_request(connection: socket.socket) -> bytes:
    """Read a request with the body that its Content-Length announces."""
    received = connection.recv(65536)
    length = re.search(rb"(?i)content-length: (\d+)", received)
    while length and len(received.partition(b"\r\n\r\n")[2]) < int(length[1]):
        received += connection.recv(65536)
    return received


@contextmanager
def serving(*behaviours: Behaviour) -> Iterator[Server]:
    server = Server(*behaviours)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def answers(raw: bytes = OK) -> Behaviour:
    return lambda connection: connection.sendall(raw)


def status(code: int) -> Behaviour:
    return answers(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % code)


def resets(connection: socket.socket) -> None:
    """Close so that the other side meets a reset, not an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def drips(connection: socket.socket) -> None:
    """Send a header byte every 50 ms: each read is quick, the whole never ends."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(100):
        connection.sendall(b"a")
        threading.Event().wait(0.05)


def stays_silent(connection: socket.socket) -> None:
    connection.settimeout(3)
    connection.recv(1)


@contextmanager
def refusing_port() -> Iterator[int]:
    """A port of this machine on which nobody listens: kept, so that nobody else gets it."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


@contextmanager
def frozen_port() -> Iterator[int]:
    """A port where every connection is accepted and nothing is ever answered."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]
