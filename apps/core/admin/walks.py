"""Pages of walks through the past: how far each is, and what it has found."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from apps.core.admin.base import ConsoleAdmin
from apps.core.admin.sections import Fact
from apps.core.models import Walk, WalkStatus
from apps.core.show import state, when

#: Seconds after which the page of a walk under way is loaded again.
AGAIN = 3
_TONES = {WalkStatus.DONE: "OK", WalkStatus.STOPPED: "FAILED"}


def progress(row: Walk) -> SafeString:
    """How far it is, or how it ended."""
    if row.is_open:
        return state("PROCESSING", f"{row.percent} % done")
    status = WalkStatus(row.status)
    return state(_TONES[status], status.label)


class WalkAdmin(ConsoleAdmin):
    """Columns and facts that every walk has; a subclass names what is walked, by which rules."""

    list_display_links = ("number",)
    list_filter = ("status",)

    @admin.display(description="Number")
    def number(self, row: Walk) -> str:
        return f"#{row.pk}"

    @admin.display(description="Payments of")
    def stretch(self, row: Walk) -> str:
        return f"{row.since:%d %b} to {row.until:%d %b %Y}"

    @admin.display(description="State")
    def word(self, row: Walk) -> SafeString:
        return progress(row)

    @admin.display(description="Payments")
    def payments(self, row: Walk) -> str:
        return f"{row.counted:,}"

    @admin.display(description="Would change")
    def would_change(self, row: Walk) -> str:
        return f"{row.changed:,}"

    @admin.display(description="Asked by")
    def asked(self, row: Walk) -> str:
        return str(row.asked_by)

    def facts(self, row: Walk) -> list[Fact]:
        return [
            Fact("From", when(row.since)),
            Fact("To", when(row.until)),
            Fact("Asked by", row.asked_by),
            Fact("Ended", when(row.finished_at)),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page; while the walk is under way the browser loads it again by itself."""
        response = super().change_view(request, object_id, form_url, extra_context)
        row = self.get_object(request, object_id)
        if row is not None and row.is_open:
            response["Refresh"] = str(AGAIN)
        return response


def stop_refusal(row: Walk, _by: Any) -> str:
    return "" if row.is_open else "it has ended."
