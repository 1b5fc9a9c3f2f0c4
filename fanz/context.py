"""What every template knows about the brand."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def brand(request: HttpRequest) -> dict[str, Any]:
    """Give templates ``cluster``: its name and colours, or None where no brand applies."""
    return {"cluster": getattr(request, "cluster", None)}
