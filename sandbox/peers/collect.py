"""NMI's Collect.js: a script that puts the gateway's fields into a shop's page.

What is typed goes from its frames to the gateway; the shop gets a one-time token. Names and
behaviour are from memory [M].
"""

from __future__ import annotations

from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox.page import TEMPLATES
from sandbox.peers.base import Desk, Handler
from sandbox.peers.call import Call, Refusal

UNPROCESSABLE = 422


def calls() -> dict[str, Handler]:
    """Return what serves the script, a field's frame, and the frame's request for a token."""
    return {
        "/nmi/token/Collect.js": lambda desk, call: _script("collect.js"),
        "/nmi/token/field.js": lambda desk, call: _script("collect_field.js"),
        "/nmi/token/field": lambda desk, call: HTMLResponse(_text("collect_field.html")),
        "/nmi/token/create": _create,
    }


def _create(desk: Desk, call: Call) -> Response:
    """A token belongs to whoever holds the public key; the card is one of the sandbox's."""
    try:
        desk.merchant(tokenization_key=call.asked.get("tokenization_key", ""))
        return JSONResponse(desk.peer.make(desk, "token", call.asked))
    except Refusal as problem:
        return JSONResponse({"message": problem.text}, status_code=UNPROCESSABLE)


def _script(name: str) -> Response:
    return Response(_text(name), media_type="text/javascript")


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
