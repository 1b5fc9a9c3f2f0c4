"""The peers' part of the control API: let something happen to a sale, list the sales."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.peers.base import Desk, Peer
from sandbox.peers.call import Refusal
from sandbox.state import Sale

NOT_FOUND = 404
#: What an act would be done to, when only the order is named: the newest of these.
FITTING = {
    "pay": {"open", "pending", "authorised", "declined"},
    "authorise": {"open", "pending", "declined"},
    "decline": {"open", "pending", "declined"},
    "expire": {"open", "pending"},
    "part_pay": {"open", "pending"},
    "dispute_won": {"charged_back"},
    "dispute_lost": {"charged_back"},
    "void": {"paid", "authorised"},
}


def routes(peers: Mapping[str, Peer]) -> list[Route]:
    """Return the addresses, one for each thing that can happen."""

    async def act(request: Request) -> Response:
        peer = peers.get(request.path_params["gateway"])
        if peer is None:
            return JSONResponse({"error": "no such gateway"}, status_code=NOT_FOUND)
        given: dict[str, Any] = json.loads(await request.body() or b"{}")
        texts = {name: str(value) for name, value in given.items() if value is not None}
        try:
            return JSONResponse(_act(peer.desk(request), request.path_params["act"], texts))
        except Refusal as problem:
            return JSONResponse(
                {"error": problem.code, "message": problem.text}, status_code=problem.status
            )

    async def sales(request: Request) -> Response:
        peer = peers.get(request.path_params["gateway"])
        if peer is None:
            return JSONResponse({"error": "no such gateway"}, status_code=NOT_FOUND)
        order = request.query_params.get("order")
        found = peer.desk(request).sales(**({"order": order} if order else {}))
        return JSONResponse([asdict(sale) for sale in found])

    return [
        Route("/_control/peers/{gateway}", sales),
        Route("/_control/peers/{gateway}/{act}", act, methods=["POST"]),
    ]


def _act(desk: Desk, act: str, given: dict[str, str]) -> dict[str, Any]:
    if made := desk.peer.make(desk, act, given):
        desk.state.save()
        return made
    sale = _sale(desk, act, given)
    rest = {name: value for name, value in given.items() if name not in {"order", "reference"}}
    happening = desk.act(act, sale, **rest)
    return {"sale": asdict(sale), "happening": asdict(happening)}


def _sale(desk: Desk, act: str, given: Mapping[str, str]) -> Sale:
    """Return the sale that is meant by reference, transaction or order, the newest that fits."""
    name, order = given.get("reference", ""), given.get("order", "")
    found = [
        sale
        for sale in desk.sales()
        if (name and name in {sale.reference, sale.transaction})
        or (not name and order and sale.order == order)
    ]
    if not found:
        raise Refusal("not_found", "There is no such sale.", status=NOT_FOUND)
    fitting = FITTING.get(act, {"paid"})
    return next((sale for sale in reversed(found) if sale.status in fitting), found[-1])
