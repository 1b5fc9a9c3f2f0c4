"""How console templates write moments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.safestring import SafeString

from apps.core.show import when

register = template.Library()

#: One word for one thing: columns say "Brand" and "State", and so do filters.
TITLES = {"cluster": "brand", "status": "state", "is creator": "role", "staff status": "staff"}


@register.filter
def moment(value: datetime | None) -> SafeString:
    """Write a moment the way every list does."""
    return when(value)


@register.inclusion_tag("admin/console/filter.html")
def console_filter(changelist: Any, spec: Any) -> dict[str, Any]:
    """Draw one filter as a menu of links; it works without JavaScript."""
    choices = list(spec.choices(changelist))
    chosen = next((choice for choice in choices[1:] if choice["selected"]), None)
    title = TITLES.get(spec.title, spec.title)
    return {"title": title, "choices": choices, "chosen": chosen}
