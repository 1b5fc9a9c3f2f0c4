"""A TCP proxy that breaks connections on purpose: for tests of what a client makes of it.

It stands before any server and passes bytes on, except for the connections it was told to spoil.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

KINDS = frozenset(
    (
        "cut",  # closed before a byte of the request was passed on
        "swallow",  # the request is read to its end, never passed on, and the connection reset
        "lose",  # passed on and answered, but the answer never comes: reset
        "half",  # passed on; the answer's head and half of its body come, then the end
        "slow",  # passed on; the answer comes after ``seconds``
    )
)
CHUNK = 65_536
PATIENCE_SECONDS = 10.0
#: How long nothing must come before a request is held to be whole.
PAUSE_SECONDS = 0.05
#: Close with a reset in place of an orderly end.
RESET = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Fault:
    """What happens to the next connections, and for how many of them."""

    kind: str
    times: int
    seconds: float


class FaultProxy:
    """Listens on a port of its own until the end of the ``with`` block."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self.port = int(self._listener.getsockname()[1])
        #: How many connections came, and of them how many were spoiled.
        self.seen = self.spoiled = 0

    @property
    def url(self) -> str:
        """The address to call in place of the server's."""
        return f"http://127.0.0.1:{self.port}"

    def plan(self, kind: str, *, times: int = 1, seconds: float = 0.0) -> None:
        """
        Spoil the next connections.

        :raises ValueError: there is no such kind
        """
        if kind not in KINDS:
            raise ValueError(kind)
        with self._lock:
            self._faults.append(Fault(kind, times, seconds))

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._deal, args=(client,), daemon=True).start()

    def _deal(self, client: socket.socket) -> None:
        fault = self._next()
        client.settimeout(PATIENCE_SECONDS)
        with suppress(OSError):
            if fault and fault.kind == "cut":
                _reset(client)
            elif fault and fault.kind == "swallow":
                _read(client)
                _reset(client)
            else:
                self._pass_on(client, fault)
        client.close()

    def _next(self) -> Fault | None:
        with self._lock:
            self.seen += 1
            if not self._faults:
                return None
            self.spoiled += 1
            fault = self._faults[0]
            fault.times -= 1
            if fault.times <= 0:
                self._faults.pop(0)
            return fault

    def _pass_on(self, client: socket.socket, fault: Fault | None) -> None:
        """Pump both ways in one thread: a socket that another one reads cannot be cut short."""
        kind = fault.kind if fault else ""
        with socket.create_connection(self._target, timeout=PATIENCE_SECONDS) as server:
            while ready := select.select([client, server], [], [], PATIENCE_SECONDS)[0]:
                source = ready[0]
                chunk = source.recv(CHUNK)
                if not chunk:
                    return
                if source is client:
                    server.sendall(chunk)
                elif kind == "lose":
                    _reset(client)
                    return
                elif kind == "half":
                    client.sendall(_half(chunk + _rest(server)))
                    return
                else:
                    if fault and kind == "slow":
                        time.sleep(fault.seconds)
                    client.sendall(chunk)


def _read(client: socket.socket) -> None:
    """Read what comes until it pauses: one request, as a client waits for its answer then."""
    client.recv(CHUNK)
    _rest(client)


def _rest(source: socket.socket) -> bytes:
    """Return what still comes, until it ends or pauses."""
    found = b""
    source.settimeout(PAUSE_SECONDS)
    with suppress(TimeoutError):
        while chunk := source.recv(CHUNK):
            found += chunk
    return found


def _half(answer: bytes) -> bytes:
    head, end, body = answer.partition(b"\r\n\r\n")
    return head + end + body[: len(body) // 2]


def _reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    client.close()
