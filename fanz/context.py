"""What every template knows about the brand."""

from typing import Any

from django.http import HttpRequest


def brand(request: HttpRequest) -> dict[str, Any]:
    return {"cluster": getattr(request, "cluster", None)}
