"""The application: one module a processor, each adding its routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import ccbill, control, datalink, paxum
from sandbox.config import Config
from sandbox.delivery import Courier
from sandbox.state import State

Handler = Callable[[Request], Awaitable[Response]]

#: Every processor is a module with ``routes()``; a new one is added here.
PROCESSORS = (ccbill, datalink, paxum)


@dataclass(frozen=True, slots=True)
class Guard:
    """Refuses to stand where real money is."""

    django_settings: str
    environment: str

    @property
    def refuses(self) -> bool:
        """True when either name speaks of production."""
        return "production" in self.django_settings or self.environment == "production"


def build(config: Config, *, state_path: Path | None = None) -> Starlette:
    """Return the application with its memory, read from ``state_path`` if it exists."""
    state = State(config=config, path=state_path)
    courier = Courier(state)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        courier.stop()
        state.save()

    routes: list[Route] = [*control.routes()]
    for processor in PROCESSORS:
        routes += processor.routes()
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.memory = state
    app.state.courier = courier
    return app
