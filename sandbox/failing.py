"""Ways to fail that a client on the network sees: silence, and a connection cut short."""

from __future__ import annotations

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.state import Scenario, State


class CutAnswer(Response):
    """Promises a body and closes the connection instead."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send only the head: the server then closes the unfinished answer's connection."""
        head = [(b"content-type", b"text/xml"), (b"content-length", b"512")]
        await send({"type": "http.response.start", "status": 200, "headers": head})


async def fail(scenario: Scenario, state: State) -> Response:
    """Hang as long as asked, then cut the connection; a reset is cut at once."""
    if scenario.fail.startswith("hang"):
        await asyncio.sleep(scenario.seconds or state.hang_seconds)
    return CutAnswer()


def is_cut(scenario: Scenario | None, moment: str) -> bool:
    """Return whether the call fails on the wire ``before`` or ``after`` it took effect."""
    return scenario is not None and scenario.fail in {f"hang_{moment}", f"reset_{moment}"}
