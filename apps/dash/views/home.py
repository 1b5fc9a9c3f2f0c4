"""Home of FanzDash: is money right, is anything stuck, what is mine to do."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST
from unfold.dataclasses import SearchResult

from apps.core.show import age_text, money_text
from apps.dash import selectors
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.ledger import services as ledger

#: Ctrl-K shows so many rows; whoever needs more narrows the term.
MAX_HITS = 12


def home_context(request: HttpRequest) -> dict[str, Any]:
    """Return what the home page shows to this person."""
    now = timezone.now()
    sees_books = request.user.has_perm("ledger.view_bookscheck")
    sees_volume = request.user.has_perm("payments.view_transaction")
    return {
        "title": "Home",
        "today": now,
        "queues": queue_cards(request),
        "figures": selectors.figures(by=request.user, now=now),
        "positions": selectors.positions(by=request.user),
        "show_books": sees_books,
        "books": ledger_selectors.last_check() if sees_books else None,
        "chart": chart(now) if sees_volume else None,
    }


def chart(now: datetime) -> dict[str, Any]:
    """Return the bars of the last days, and the same as rows for who cannot see bars."""
    days = selectors.volume_chart(now=now)
    bars = {
        "labels": [f"{day.day:%d %b}" for day in days],
        "datasets": [
            {
                "label": "Volume, USD",
                "data": [str(day.volume.decimal) for day in days],
                "backgroundColor": "var(--color-primary-500)",
                "borderRadius": 4,
                "maxBarThickness": 28,
                "displayYAxis": True,
            }
        ],
    }
    rows = [{"day": day.day, "count": day.count, "volume": money_text(day.volume)} for day in days]
    return {
        "title": "Volume of the last 14 days, USD",
        "data": json.dumps(bars),
        "rows": rows if any(day.count for day in days) else [],
    }


@require_POST
def check_books_now(request: HttpRequest) -> HttpResponse:
    """Prove the books now and say what came out."""
    if not request.user.has_perm("ledger.view_bookscheck"):
        raise PermissionDenied
    check = ledger.check_books(now=timezone.now())
    if check.ok:
        messages.success(request, "The books balance.")
    else:
        messages.error(request, f"The books do not balance: {len(check.findings)} findings.")
    return HttpResponseRedirect(reverse("admin:index"))


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
    is_development = settings.DEBUG or settings.DEVELOPMENT_DOMAINS
    return ["Development", "warning"] if is_development else ["Production", "danger"]


def search(request: HttpRequest, _term: str) -> list[SearchResult]:
    """Return what Ctrl-K finds: rows by id, e-mail, entry number or processor reference."""
    term = request.GET.get("s", "").strip()
    found: list[SearchResult] = []
    for model, model_admin in admin.site._registry.items():  # noqa: SLF001
        if not getattr(model_admin, "found_by_search", False):
            continue
        if not model_admin.has_view_permission(request) or len(found) >= MAX_HITS:
            continue
        rows, _ = model_admin.get_search_results(request, model_admin.get_queryset(request), term)
        found += [
            SearchResult(
                title=str(row),
                description=str(model._meta.verbose_name),  # noqa: SLF001
                link=model_admin.address("change", row.pk),  # type: ignore[attr-defined]
                icon=model_admin.icon,  # type: ignore[attr-defined]
            )
            for row in rows[:MAX_HITS]
        ]
    return found[:MAX_HITS]
