"""How a record's hash is made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

GENESIS = "0" * 64
FIELDS = (
    "id", "at", "actor_id", "actor_label", "action", "subject_type", "subject_id", "cluster",
    "reason", "facts", "ip", "request_id", "number", "previous_hash",
)  # fmt: skip


def hash_of(values: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hex, of a record's fields as canonical JSON (sorted, no spaces).

    The previous record's hash is one of the fields, which is what makes it a chain.
    """
    plain = {name: values[name] for name in FIELDS}
    plain["at"] = plain["at"].isoformat(timespec="microseconds")
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
