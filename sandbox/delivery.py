"""Webhooks: sent once, twice, late, never, or held until somebody asks for them."""

from __future__ import annotations

import asyncio
import http.client
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from sandbox.state import Delivery, Scenario, State

TIMEOUT_SECONDS = 10
ACCEPTED = range(200, 300)
MOST_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Message:
    """A webhook as a processor words it. A GET has its all in ``query``."""

    event_type: str
    url: str
    body: str = ""
    method: str = "POST"
    query: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    #: Text the answer's body must hold, in any case of letters, to count as taken.
    expected: str = ""


def form(event_type: str, url: str, fields: dict[str, str], *, expected: str = "") -> Message:
    """Return a webhook that is a posted form."""
    kind = "application/x-www-form-urlencoded"
    return Message(event_type, url, urlencode(fields), content_type=kind, expected=expected)


class Courier:
    """Delivers webhooks in the background, again after a while when they are not accepted."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._tasks: set[asyncio.Task[None]] = set()

    def hand_over(self, *, processor: str, order: str, message: Message) -> Delivery:
        """Take one webhook and deal with it as the scenario for its order says."""
        scenario = self._state.take_scenario(processor, order, of="webhook")
        how = scenario.webhook if scenario else "send"
        status = {"never": "never", "hold": "held"}.get(how, "waiting")
        delivery = Delivery(
            id=len(self._state.deliveries) + 1,
            processor=processor,
            event_type=message.event_type,
            order=order,
            url=message.url,
            query=message.query,
            content_type=message.content_type,
            body=message.body,
            status=status,
            method=message.method,
            headers=message.headers,
            expected=message.expected,
        )
        self._state.deliveries.append(delivery)
        if status == "waiting":
            self.send(delivery, after=_delay(scenario), copies=2 if how == "twice" else 1)
        return delivery

    def send(self, delivery: Delivery, *, after: float = 0.0, copies: int = 1) -> None:
        """Start the delivery and return at once."""
        delivery.status = "waiting"
        for _ in range(copies):
            task = asyncio.get_running_loop().create_task(self._deliver(delivery, after))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def send_and_wait(self, delivery: Delivery) -> None:
        """Deliver once now and return when it was answered."""
        await self._attempt(delivery)

    def stop(self) -> None:
        """Give up what is still on its way (the state is being reset, or the process ends)."""
        for task in self._tasks:
            task.cancel()

    async def _deliver(self, delivery: Delivery, after: float) -> None:
        for wait in (after, *self._state.config.retry_seconds):
            await asyncio.sleep(wait)
            if await self._attempt(delivery):
                return
        delivery.status = "failed"
        self._state.save()

    async def _attempt(self, delivery: Delivery) -> bool:
        answer = await asyncio.to_thread(_send, delivery)
        delivery.attempts += 1
        delivery.answers.append(answer)
        accepted = answer.isdigit() and int(answer) in ACCEPTED
        if accepted:
            delivery.status = "delivered"
        self._state.save()
        return accepted


def _delay(scenario: Scenario | None) -> float:
    return scenario.seconds if scenario and scenario.webhook == "late" else 0.0


def _send(delivery: Delivery) -> str:
    """Send once; return the status, or what went wrong: on the way, or in the answer's text."""
    parts = urlsplit(delivery.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    query = "&".join(text for text in (parts.query, urlencode(delivery.query)) if text)
    headers = {"User-Agent": f"{delivery.processor}-sandbox", **delivery.headers}
    body = None
    if delivery.method != "GET":
        headers["Content-Type"], body = delivery.content_type, delivery.body.encode()
    try:
        connection.request(
            delivery.method,
            f"{parts.path or '/'}{'?' if query else ''}{query}",
            body=body,
            headers=headers,
        )
        answer = connection.getresponse()
        said = answer.read(MOST_BYTES).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as problem:
        return type(problem).__name__
    finally:
        connection.close()
    wrong = answer.status in ACCEPTED and delivery.expected.lower() not in said.lower()
    return f"{answer.status} without {delivery.expected!r}" if wrong else str(answer.status)
