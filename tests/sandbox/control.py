"""Drives the sandbox in tests: its control API, and the payment page as a browser would."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from sandbox import accounts

APPROVE = "4111111111111111"
DECLINE = "4000000000000002"
SOFT_DECLINE = "4000000000009995"
TIMEOUT = "4000000000000119"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def location(self) -> str:
        return self.headers["location"]

    @property
    def returned(self) -> dict[str, str]:
        """The parameters the browser is sent back with."""
        return dict(parse_qsl(urlsplit(self.location).query))


@dataclass(frozen=True)
class Sandbox:
    """The running sandbox at ``url``."""

    url: str

    def request(
        self, method: str, path: str, body: str = "", content_type: str = "", timeout: float = 20
    ) -> Answer:
        parts = urlsplit(self.url)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        try:
            headers = {"Content-Type": content_type} if content_type else {}
            connection.request(method, path, body=body or None, headers=headers)
            answer = connection.getresponse()
            given = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, given, answer.read().decode())
        finally:
            connection.close()

    def post_form(self, path: str, fields: dict[str, str], timeout: float = 20) -> Answer:
        kind = "application/x-www-form-urlencoded"
        return self.request("POST", path, urlencode(fields), kind, timeout)

    def control(self, path: str, **body: Any) -> Any:
        """Post to the control API."""
        answer = self.request("POST", f"/_control/{path}", json.dumps(body), "application/json")
        assert answer.status == 200, answer.text
        return json.loads(answer.text)

    def read(self, path: str) -> Any:
        return json.loads(self.request("GET", f"/_control/{path}").text)

    def reset(self, *, hold_webhooks: bool = True, seed: int = 0) -> None:
        """Forget everything; webhooks are held for `take_webhooks` unless told otherwise."""
        self.control("reset", seed=seed, hang_seconds=1.0)
        if hold_webhooks:
            for processor in ("ccbill", *accounts.ADDRESSES):
                self.scenario(processor, webhook="hold", times=0)

    def scenario(self, processor: str, *, key: str = "*", times: int = 1, **what: Any) -> None:
        """Let something go otherwise: ``webhook="twice"``, ``fail="code_after", code="13"``."""
        self.control("scenarios", processor=processor, key=key, times=times, **what)

    def stop_clock(self, at: str) -> None:
        self.control("clock", at=at)

    def pay(
        self, url: str, card: str = APPROVE, *, cvv: str = "301", timeout: float = 20
    ) -> Answer:
        """Fill in the payment page at ``url`` and press the button."""
        parts = urlsplit(url)
        return self.post_form(
            f"{parts.path}?{parts.query}",
            {
                "number": card,
                "cvv": cvv,
                "expiry": "12 / 30",
                "name": "Ann Example",
                "email": "ann@fan.example",
            },
            timeout,
        )

    def act(self, gateway: str, act: str, **given: Any) -> Any:
        """Let something happen to a sale at a gateway: ``act("adyen", "pay", order=token)``."""
        return self.control(f"peers/{gateway}/{act}", **given)

    def sales(self, gateway: str, order: str = "") -> list[dict[str, Any]]:
        """List a gateway's sales, oldest first."""
        found: list[dict[str, Any]] = self.read(
            f"peers/{gateway}?order={order}" if order else f"peers/{gateway}"
        )
        return found

    def charges(self, order: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.read(f"charges?order={order}" if order else "charges")
        return found

    def transfers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.read("transfers")["transfers"]
        return found

    def times_paid(self, reference: str) -> int:
        return int(self.read("transfers")["by_reference"].get(reference, 0))

    def webhooks(self, status: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.read(
            f"deliveries?status={status}" if status else "deliveries"
        )
        return found

    def take_webhooks(self) -> list[dict[str, Any]]:
        """Fetch what is held: query (dict), body (text), content_type, event_type, order."""
        taken: list[dict[str, Any]] = self.control("deliveries/take")
        return taken
