"""Every address that Django's resolver knows, with an example of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.regex_helper import normalize

#: By the name of the part; a new name needs a plausible value here.
VALUES = {
    "act": "up",
    "app_label": "payouts",
    "account_id": "1",
    "content_type_id": "1",
    "entry_id": "1",
    "gateway": "ccbill",
    "handle": "a-creator",
    "key": "a-key",
    "kind": "payers",
    "month": "2026-01-01",
    "name": "approve",
    "object_id": "1",
    "pack_id": "1",
    "pk": "1",
    "change_id": "1",
    "price_id": "00000000-0000-4000-8000-000000000002",
    "public_id": "00000000-0000-4000-8000-000000000001",
    "rest": "nowhere",
    "rule_id": "1",
    "slug": "boyfanz",
    "thing": "creator:a-creator",
    "token": "a-token",
    "uidb36": "1",
    "url": "nowhere",
}


class _Placeholders(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


@dataclass(frozen=True, slots=True)
class Address:
    """``template`` has its parts in braces, as OpenAPI writes them."""

    template: str
    path: str
    view: Callable[..., Any]

    @property
    def owner(self) -> str:
        view = getattr(self.view, "cls", None) or getattr(self.view, "view_class", self.view)
        return str(view.__module__)

    def __str__(self) -> str:
        return self.template


def every_address() -> list[Address]:
    return [
        Address(f"/{raw % _Placeholders()}", f"/{raw % VALUES}", view)
        for raw, view in _walk(get_resolver(), "")
    ]


def _walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    for entry in resolver.url_patterns:
        [(raw, _names), *_] = normalize(entry.pattern.regex.pattern)
        if isinstance(entry, URLPattern):
            yield prefix + raw, entry.callback
        else:
            yield from _walk(entry, prefix + raw)
