"""What every log line gains (ids) and loses (secrets). Free of Django: settings import it."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

from celery import current_task

from apps.core.context import request_id

HIDDEN = "[hidden]"
_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)|secret|salt|token|authorization|cookie|credential|signature|digest"
    r"|api_?key|private_?key|session_?id|(^|_)(key|cvv|cvc|pan|pin|iban|email|ssn)$|card_?number"
    r"|account_?number",
    re.IGNORECASE,
)
#: 13 to 19 digits, grouped or not; only those with a right check digit are card numbers.
_DIGITS = re.compile(r"(?<![\w.-])(?:\d[ -]?){12,18}\d(?![\w.-])")

#: The last part of a webhook's address is a secret: a gateway proves itself with it. The slashes
#: may be percent-encoded; what ends it is anything an address cannot hold, a query included.
_WEBHOOK_TOKEN = re.compile(
    r"(?P<path>webhooks(?:/|%2f)+[\w-]+(?:/|%2f)+)[^/\s?#&'\"<>\\]+", re.IGNORECASE
)

_PLAIN = int | float | None


def add_context(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> Any:
    """Add the id of the request and of the Celery task that a line belongs to."""
    if request_id.get():
        entry.setdefault("request_id", request_id.get())
    if name := getattr(current_task, "name", ""):  # a proxy, of nothing outside tasks
        entry.setdefault("task", name)
        entry.setdefault("task_id", current_task.request.id)
    return entry


def redact(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> Any:
    """Hide values whose name says secret; card numbers and webhook tokens wherever they stand."""
    return without_secrets(entry)


def without_secrets(value: Any, name: str = "") -> Any:
    """Return ``value`` with everything secret in it replaced, also deep inside."""
    if isinstance(value, Mapping):
        return {key: without_secrets(inner, str(key)) for key, inner in value.items()}
    if _SECRET_NAME.search(name):
        return HIDDEN
    if isinstance(value, list | tuple):
        return [without_secrets(inner) for inner in value]
    if isinstance(value, str):
        return _without_secrets(value)
    if isinstance(value, _PLAIN):
        return value
    # Of another type, such as a request: the renderer would write it as text.
    text = str(value)
    hidden = _without_secrets(text)
    return value if hidden == text else hidden


def _without_secrets(text: str) -> str:
    without_tokens = _WEBHOOK_TOKEN.sub(rf"\g<path>{HIDDEN}", text)
    return _DIGITS.sub(_hide_card_number, without_tokens)


def _hide_card_number(found: re.Match[str]) -> str:
    digits = [int(character) for character in found[0] if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    is_card = (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
    return HIDDEN if is_card else found[0]
