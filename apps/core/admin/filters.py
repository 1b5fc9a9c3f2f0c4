"""Filters that an index answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import OrderBy
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


@dataclass(frozen=True)
class Queue:
    """Rows that wait for somebody, and in which order they are worked off."""

    title: str
    #: Which rows; a function of the one who looks where everybody has a queue of their own.
    which: Q | Callable[[Any], Q]
    ordering: tuple[str | OrderBy, ...] = ("id",)


class QueueFilter(SimpleListFilter):
    """The queues of a list: ``QueueFilter.of(approve=Queue("To approve", Q(...)))``.

    A queue is worked off from its first row. A filter cannot say so, for the list's own order is
    put before a filter's; ``ConsoleAdmin.get_ordering`` asks here instead.
    """

    title = "queue"
    parameter_name = "queue"
    queues: ClassVar[dict[str, Queue]] = {}

    @classmethod
    def of(cls, **queues: Queue) -> type[QueueFilter]:
        return type("QueueFilter", (cls,), {"queues": queues})

    @classmethod
    def asked(cls, request: HttpRequest) -> Queue | None:
        return cls.queues.get(request.GET.get(str(cls.parameter_name), ""))

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, queue.title) for name, queue in self.queues.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        queue = self.queues.get(self.value() or "")
        if queue is None:
            return queryset
        which = queue.which(request.user) if callable(queue.which) else queue.which
        return queryset.filter(which)


def ordering_of(list_filter: Iterable[Any], request: HttpRequest) -> tuple[str | OrderBy, ...]:
    """Return the order of the queue that is asked for; empty when none is."""
    for entry in list_filter:
        if isinstance(entry, type) and issubclass(entry, QueueFilter):
            queue = entry.asked(request)
            return queue.ordering if queue else ()
    return ()


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
