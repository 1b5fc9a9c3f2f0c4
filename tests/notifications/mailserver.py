"""A mail server of our own: it speaks as much of RFC 5321 as a sender needs, and can misbehave."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any


class MailServer(socketserver.ThreadingTCPServer):
    """Listens on a free port; ``letters`` is what it took."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.letters: list[EmailMessage] = []
        #: What it answers to a recipient and after a text; None is yes.
        self.to_recipient: str | None = None
        self.to_text: str | None = None
        #: Called when it has a letter and has not said so yet.
        self.on_taken: Callable[[], Any] = lambda: None
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def __enter__(self) -> MailServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Conversation(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._say("220 ready")
        try:
            while line := self.rfile.readline():
                if not self._answer(line.decode().strip().upper()):
                    return
        except ConnectionError:
            return  # the sender was killed

    def _answer(self, line: str) -> bool:
        if line.startswith("RCPT"):
            self._say(self.server.to_recipient or "250 ok")
        elif line == "DATA":
            self._take()
        elif line == "QUIT":
            self._say("221 bye")
            return False
        else:
            self._say("250 ok")
        return True

    def _take(self) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        if self.server.to_text is None:
            letter = message_from_bytes(b"".join(lines), policy=policy.default)
            self.server.letters.append(letter)
            self.server.on_taken()
        self._say(self.server.to_text or "250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
