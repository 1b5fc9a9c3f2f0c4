"""Home of FanzDash: is money right, is anything stuck, what is mine to do."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from unfold.dataclasses import SearchResult

from apps.core.admin import ConsoleAdmin
from apps.core.show import age_text
from apps.dash import selectors

#: Ctrl-K shows so many rows; whoever needs more narrows the term.
MAX_HITS = 12


def home_context(request: HttpRequest) -> dict[str, Any]:
    """Return what the home page shows to this person."""
    now = timezone.now()
    return {"title": "Home", "today": now, "queues": queue_cards(request)}


def queue_cards(request: HttpRequest) -> list[dict[str, Any]]:
    now = timezone.now()
    return [
        {
            "title": queue.title,
            "hint": queue.hint,
            "count": queue.count,
            "text": queue.text,
            "tone": queue.tone,
            "age": age_text(queue.oldest, now),
            "href": address_of(queue.label, queue.query),
        }
        for queue in queues_of(request)
    ]


def queues_of(request: HttpRequest) -> list[selectors.Queue]:
    """Return the person's queues, asked once a request: home and sidebar both show them."""
    if not hasattr(request, "console_queues"):
        request.console_queues = selectors.queues(by=request.user, now=timezone.now())  # type: ignore[attr-defined]
    found: list[selectors.Queue] = request.console_queues  # type: ignore[attr-defined]
    return found


def address_of(label: str, query: str) -> str:
    """Return the console address of a model's list, narrowed by ``query``."""
    return f"{reverse('admin:' + label.replace('.', '_') + '_changelist')}?{query}"


def environment(_request: HttpRequest) -> list[str]:
    """Return the badge that says which machine this is."""
    return ["Development", "warning"] if settings.DEBUG else ["Production", "danger"]


def search(request: HttpRequest, _term: str) -> list[SearchResult]:
    """Return what Ctrl-K finds: rows by id, e-mail, entry number or processor reference."""
    term = request.GET.get("s", "").strip()
    found = []
    for model, model_admin in admin.site._registry.items():  # noqa: SLF001
        if not isinstance(model_admin, ConsoleAdmin) or not model_admin.found_by_search:
            continue
        if not model_admin.has_view_permission(request) or len(found) >= MAX_HITS:
            continue
        rows, _ = model_admin.get_search_results(request, model_admin.get_queryset(request), term)
        found += [
            SearchResult(
                title=str(row),
                description=str(model._meta.verbose_name),  # noqa: SLF001
                link=model_admin.address("change", row.pk),
                icon=model_admin.icon,
            )
            for row in rows[:MAX_HITS]
        ]
    return found[:MAX_HITS]
