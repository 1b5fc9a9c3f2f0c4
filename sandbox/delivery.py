"""Webhooks: sent once, twice, late, never, or held until somebody asks for them."""

from __future__ import annotations

import asyncio
import http.client
from urllib.parse import urlencode, urlsplit

from sandbox.state import Delivery, Scenario, State

TIMEOUT_SECONDS = 10
ACCEPTED = range(200, 300)


class Courier:
    """Delivers webhooks in the background, again after a while when they are not accepted."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._tasks: set[asyncio.Task[None]] = set()

    def hand_over(
        self,
        *,
        processor: str,
        event_type: str,
        order: str,
        url: str,
        query: dict[str, str],
        content_type: str,
        body: str,
    ) -> Delivery:
        """Take one webhook and deal with it as the scenario for its order says."""
        scenario = self._state.take_scenario(processor, order, of="webhook")
        how = scenario.webhook if scenario else "send"
        status = {"never": "never", "hold": "held"}.get(how, "waiting")
        delivery = Delivery(
            id=len(self._state.deliveries) + 1,
            processor=processor,
            event_type=event_type,
            order=order,
            url=url,
            query=query,
            content_type=content_type,
            body=body,
            status=status,
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
        answer = await asyncio.to_thread(_post, delivery)
        delivery.attempts += 1
        delivery.answers.append(answer)
        accepted = answer.isdigit() and int(answer) in ACCEPTED
        if accepted:
            delivery.status = "delivered"
        self._state.save()
        return accepted


def _delay(scenario: Scenario | None) -> float:
    return scenario.seconds if scenario and scenario.webhook == "late" else 0.0


def _post(delivery: Delivery) -> str:
    """Post once; return the status, or the name of what went wrong on the way."""
    parts = urlsplit(delivery.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(
            "POST",
            f"{parts.path}?{urlencode(delivery.query)}",
            body=delivery.body.encode(),
            headers={"Content-Type": delivery.content_type, "User-Agent": "CCBill-sandbox"},
        )
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as problem:
        return type(problem).__name__
    finally:
        connection.close()
