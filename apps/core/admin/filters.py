"""Filters that an index answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

#: What Django's own filters put behind a field's name.
FIELD_SUFFIXES = ("", "__exact", "__isnull", "__id__exact")
CHOICES = {"1": "Last 24 hours", "7": "Last 7 days", "30": "Last 30 days", "90": "Last 90 days"}


class DaysFilter(SimpleListFilter):
    """Rows of the last days, by the column that ``DaysFilter.on("created_at")`` names."""

    title = "when"
    parameter_name = "days"
    column = "created_at"

    @classmethod
    def on(cls, column: str) -> type[DaysFilter]:
        return type("DaysFilter", (cls,), {"column": column})

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(CHOICES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        days = self.value()
        if days not in CHOICES:
            return queryset
        since = timezone.now() - timedelta(days=int(days))
        return queryset.filter(**{f"{self.column}__gte": since})


def parameters_of(list_filter: Iterable[Any]) -> set[str]:
    """Return the names in a query string by which the declared filters narrow a list."""
    names: set[str] = set()
    for entry in list_filter:
        if isinstance(entry, type) and issubclass(entry, SimpleListFilter):
            names.add(str(entry.parameter_name))
        else:
            field = entry if isinstance(entry, str) else entry[0]
            names.update(f"{field}{suffix}" for suffix in FIELD_SUFFIXES)
    return names
