"""The control API: what tests and the simulation ask of the sandbox itself. JSON both ways."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox import page
from sandbox.delivery import Courier
from sandbox.events import Herald
from sandbox.state import Scenario, State

NOT_FOUND, UNPROCESSABLE = 404, 422


def routes() -> list[Route]:
    """Return the start page and everything under /_control/."""
    return [
        Route("/", index),
        Route("/_control/health", health),
        Route("/_control/reset", reset, methods=["POST"]),
        Route("/_control/clock", clock, methods=["POST"]),
        Route("/_control/scenarios", scenarios, methods=["POST"]),
        Route("/_control/charges", charges),
        Route("/_control/chargeback", chargeback, methods=["POST"]),
        Route("/_control/transfers", transfers),
        Route("/_control/deliveries", deliveries),
        Route("/_control/deliveries/release", release, methods=["POST"]),
        Route("/_control/deliveries/take", take, methods=["POST"]),
    ]


async def index(request: Request) -> Response:
    """Say what stands here and what happened so far."""
    state: State = request.app.state.memory
    facts = {
        "CCBill accounts": ", ".join(item.client_accnum for item in state.config.ccbill),
        "CCBill charges": str(len(state.charges)),
        "Sales at other gateways": _count(state),
        "Webhooks": str(len(state.deliveries)),
        "Paxum payers": ", ".join(item.email for item in state.config.paxum),
        "Paxum transfers": str(len(state.transfers)),
        "Sandbox time (UTC)": f"{state.now():%Y-%m-%d %H:%M:%S}",
    }
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in facts.items()
    )
    return HTMLResponse(page.index(rows))


def _count(state: State) -> str:
    counts = Counter(sale.gateway for sale in state.sales.values())
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "0"


async def health(request: Request) -> Response:
    """Answer that the process serves."""
    return JSONResponse({"ok": True})


async def reset(request: Request) -> Response:
    """Forget everything: {"seed": n, "hang_seconds": s}; the seed is the first serial.

    Answers which serial was reached.
    """
    state: State = request.app.state.memory
    courier: Courier = request.app.state.courier
    given = await _body(request)
    courier.stop()
    serial = state.serial
    state.reset(serial=int(given.get("seed", 0)))
    state.hang_seconds = float(given.get("hang_seconds", state.hang_seconds))
    return _saved(state, {"ok": True, "serial": serial})


async def clock(request: Request) -> Response:
    """Stop the clock at {"at": ISO time}, or let it run again with {"at": ""}."""
    state: State = request.app.state.memory
    at = str((await _body(request)).get("at", ""))
    try:
        aware = not at or datetime.fromisoformat(at).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        return _refuse("at must be an ISO time with its offset, or empty")
    state.clock_fixed = at
    return _saved(state, {"now": state.now().isoformat()})


async def scenarios(request: Request) -> Response:
    """Add one scenario (fields of ``state.Scenario``)."""
    state: State = request.app.state.memory
    try:
        scenario = Scenario(**await _body(request))
    except TypeError as problem:
        return _refuse(str(problem))
    state.scenarios.append(scenario)
    return _saved(state, asdict(scenario))


async def charges(request: Request) -> Response:
    """List CCBill charges, refused ones too; ?order= narrows."""
    state: State = request.app.state.memory
    order = request.query_params.get("order")
    found = [asdict(item) for item in state.charges if order in {None, item.order}]
    return JSONResponse(found)


async def chargeback(request: Request) -> Response:
    """Let the bank take a sale back: {"subscription_id", "reason"}."""
    state: State = request.app.state.memory
    given = await _body(request)
    charge = next(
        (c for c in state.charges if c.transaction_id == given.get("subscription_id")), None
    )
    if charge is None or charge.status != "approved":
        return _refuse("no such sale", status=NOT_FOUND)
    charge.chargebacks += 1
    reason = str(given.get("reason", "Fraud"))
    herald = Herald(state, request.app.state.courier)
    herald.about_charge("Chargeback", charge, amount=charge.price, reason=reason)
    return _saved(state, asdict(charge))


async def transfers(request: Request) -> Response:
    """List Paxum transfers, how often each reference paid, and what is left."""
    state: State = request.app.state.memory
    counts = Counter(item.reference for item in state.transfers)
    return JSONResponse(
        {
            "transfers": [asdict(item) for item in state.transfers],
            "by_reference": dict(counts),
            "balances": state.balances,
        }
    )


async def deliveries(request: Request) -> Response:
    """List webhooks; ?status= and ?order= narrow."""
    state: State = request.app.state.memory
    status, order = (request.query_params.get(name) for name in ("status", "order"))
    return JSONResponse(
        [
            asdict(item)
            for item in state.deliveries
            if status in {None, item.status} and order in {None, item.order}
        ]
    )


async def release(request: Request) -> Response:
    """Send {"ids": […]} now, one after the other in that order, each {"times": n} times."""
    state: State = request.app.state.memory
    courier: Courier = request.app.state.courier
    given = await _body(request)
    known = {item.id: item for item in state.deliveries}
    wanted = [known[number] for number in given.get("ids", []) if number in known]
    for delivery in wanted:
        for _ in range(int(given.get("times", 1))):
            await courier.send_and_wait(delivery)
    return _saved(state, [asdict(item) for item in wanted])


async def take(request: Request) -> Response:
    """Hand out what is held, oldest first, to a caller that delivers by itself."""
    state: State = request.app.state.memory
    held = [item for item in state.deliveries if item.status == "held"]
    for item in held:
        item.status = "taken"
    return _saved(state, [asdict(item) for item in held])


async def _body(request: Request) -> dict[str, Any]:
    text = await request.body()
    body: dict[str, Any] = json.loads(text) if text else {}
    return body


def _saved(state: State, answer: object) -> Response:
    state.save()
    return JSONResponse(answer)


def _refuse(why: str, *, status: int = UNPROCESSABLE) -> Response:
    return JSONResponse({"error": why}, status_code=status)
