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

from sandbox import ccbill, ccbill_billing, control, datalink, paxum
from sandbox.config import Config
from sandbox.delivery import Courier
from sandbox.peers import control as peers_control
from sandbox.peers.adyen import Adyen
from sandbox.peers.base import Peer
from sandbox.peers.btcpay import Btcpay
from sandbox.peers.commercegate import Commercegate
from sandbox.peers.epoch import Epoch
from sandbox.peers.netbilling import Netbilling
from sandbox.peers.nmi import Nmi
from sandbox.peers.nowpayments import Nowpayments
from sandbox.peers.rapyd import Rapyd
from sandbox.peers.segpay import Segpay
from sandbox.peers.vendo import Vendo
from sandbox.peers.verotel import Verotel
from sandbox.state import State

Handler = Callable[[Request], Awaitable[Response]]

#: Every processor is a module with ``routes()``; a new one is added here.
PROCESSORS = (ccbill, datalink, ccbill_billing, paxum)
PEERS: tuple[Peer, ...] = (
    *(Segpay(), Epoch(), Vendo(), Verotel(), Netbilling(), Commercegate()),
    *(Adyen(), Rapyd(), Nmi(), Btcpay(), Nowpayments()),
)


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
    for peer in PEERS:
        routes += peer.routes()
    routes += peers_control.routes({peer.name: peer for peer in PEERS})
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.memory = state
    app.state.courier = courier
    return app
