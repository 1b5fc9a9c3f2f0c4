"""Append-only record of who did what to which thing, why and from where (helper A completes)."""

from __future__ import annotations

from typing import Any

from apps.core.db import joins_transaction


@joins_transaction
def record(
    *,
    by: Any,
    action: str,
    subject: Any = None,
    reason: str = "",
    facts: dict[str, Any] | None = None,
    cluster: Any = None,
    ip: str = "",
) -> None:
    """Add one record in the caller's transaction."""
