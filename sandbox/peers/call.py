"""A request to a peer, read once: whatever form it has, each value can be asked for by name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from sandbox.page import TYPED


class Refusal(Exception):
    """The gateway says no. ``code`` is its documented code, ``status`` the answer's."""

    def __init__(self, code: str, text: str = "", *, status: int = 400) -> None:
        super().__init__(text or code)
        self.code, self.text, self.status = code, text or code, status


@dataclass(frozen=True, slots=True)
class Call:
    """One request. Numbers of a JSON body are ``int`` and ``Decimal``."""

    method: str
    path: str
    raw_query: str
    headers: Mapping[str, str]
    params: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    body: bytes
    origin: str = ""
    json: Mapping[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """Path and query as they were asked for."""
        return f"{self.path}?{self.raw_query}" if self.raw_query else self.path

    @property
    def fields(self) -> dict[str, str]:
        """Query and form together."""
        return {**self.query, **self.form}

    @property
    def asked(self) -> dict[str, str]:
        """Query and form without what a person typed on our page."""
        typed = {name: value for name, value in self.form.items() if name not in TYPED}
        return {**self.query, **typed}

    def text(self, *path: str) -> str:
        """Return a value of the JSON body as text, empty when it is not there."""
        found = self.at(*path)
        return "" if found is None or isinstance(found, dict | list) else str(found)

    def at(self, *path: str) -> Any:
        """Return what is in the JSON body under these names, or nothing."""
        found: Any = self.json
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def need(self, *names: str) -> None:
        """
        Ask for fields of the query or form.

        :raises Refusal: one is missing or empty
        """
        missing = [name for name in names if not self.fields.get(name)]
        if missing:
            raise Refusal("missing", f"Missing parameter: {', '.join(missing)}.")

    @property
    def words(self) -> set[str]:
        """Every value, so that a scenario may be for any of them."""
        path = self.path.strip("/").split("/")
        return {*self.fields.values(), *self.params.values(), *_leaves(self.json), *path}


async def read(request: Request) -> Call:
    """
    Read a request to its end.

    :raises Refusal: a body that claims to be JSON and is none
    """
    body = await request.body()
    kind = request.headers.get("content-type", "")
    form: dict[str, str] = {}
    loaded: Any = {}
    if "json" in kind and body:
        try:
            loaded = json.loads(body, parse_float=Decimal)
        except ValueError as problem:
            raise Refusal("invalid_json", "The body is no JSON.") from problem
    elif body:
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return Call(
        method=request.method,
        path=request.url.path,
        raw_query=request.url.query,
        headers=request.headers,
        params=request.path_params,
        query=dict(parse_qsl(request.url.query, keep_blank_values=True)),
        form=form,
        body=body,
        origin=f"{request.url.scheme}://{request.url.netloc}",
        json=loaded if isinstance(loaded, dict) else {},
    )


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif value is not None:
        yield str(value)
