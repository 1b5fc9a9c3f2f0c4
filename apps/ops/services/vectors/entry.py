"""One published example: an input, a secret, and what a processor makes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.finance.payments.adapters.strict import Number

#: Names under which files keep the key of a digest.
_SECRETS = (
    "secret", "key", "salt", "hmac_key", "hmacKey", "secret_key", "shared_secret", "signing_key",
    "integrity_key", "webhook_secret", "ipn_secret", "api_secret", "signature_key",
)  # fmt: skip
_EXPECTED = ("expected", "signature", "digest", "expected_signature", "result")


class NotUnderstood(Exception):
    """The example's shape fits no construction that is known here. Its text says what is odd."""


@dataclass(frozen=True, slots=True)
class Entry:
    """``algorithm`` is in lower case; ``more`` holds the whole example as it was read."""

    id: str
    processor: str
    algorithm: str = ""
    input: Any = None
    secret: str = ""
    expected: Any = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, raw: Mapping[str, Any]) -> Entry:
        """Read an example; a digest's key and outcome go by several names."""
        return cls(
            id=str(raw.get("id") or name),
            processor=str(raw.get("processor", "")).strip().lower().replace(" ", "_"),
            algorithm=f"{raw.get('algorithm', '')} {raw.get('note', '')}".lower(),
            input=raw.get("input"),
            secret=str(next((raw[key] for key in _SECRETS if raw.get(key)), "")),
            expected=next((raw[key] for key in _EXPECTED if key in raw), None),
            more=raw,
        )

    def says(self, *words: str) -> bool:
        """Say whether one of the words stands in the id, the algorithm or the note."""
        return any(word in self.algorithm or word in self.id.lower() for word in words)

    @property
    def fields(self) -> dict[str, str]:
        """
        The input as names and texts.

        :raises NotUnderstood: it is something else
        """
        if not isinstance(self.input, Mapping):
            raise NotUnderstood("the input has no names")
        return {name: text_of(value) for name, value in self.input.items() if value is not None}

    def listed(self, name: str) -> list[Any]:
        """
        A list beside the input; empty where there is none.

        :raises NotUnderstood: something else stands there
        """
        given = self.more.get(name) or []
        if not isinstance(given, list):
            raise NotUnderstood(f"{name} is no list")
        return given

    @property
    def body(self) -> str:
        """The input as the text of a message; an object is written compactly, in its order."""
        if isinstance(self.input, str) and not isinstance(self.input, Number):
            return self.input
        if isinstance(self.input, Mapping):
            for name in ("body", "raw_body", "payload", "data"):
                if isinstance(self.input.get(name), str):
                    return str(self.input[name])
            return compact(self.input)
        raise NotUnderstood("the input is no message")


def text_of(value: object) -> str:
    """A value as a form carries it: numbers keep their text, true is ``true``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    raise NotUnderstood("a value has parts")


def compact(value: object) -> str:
    """JSON without blanks, numbers as they were written."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{compact(k)}:{compact(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
