"""Console pages of alerts: who comes near a line, and what was done about it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.admin import (
    ConsoleAdmin,
    DaysFilter,
    Fact,
    Facts,
    Page,
    Queue,
    QueueFilter,
    Verb,
    change_link,
    when,
)
from apps.finance.monitoring import services as monitoring
from apps.finance.monitoring.admin.words import level_word, percent
from apps.finance.monitoring.models import Alert


def note_preview(row: Alert, _by: Any) -> str:
    return f"Takes “{row}” off the queue; your reason is kept as the note."


def note_run(row: Alert, by: Any, reason: str) -> str:
    monitoring.note_alert(alert_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Noted."


NOTE = Verb(
    "note", "Note what was done", "monitoring.note_alert", note_preview, note_run, icon="edit_note"
)


QUEUES = QueueFilter.of(open=Queue("Nobody has noted it", Q(noted_at__isnull=True)))


@admin.register(Alert)
class AlertAdmin(ConsoleAdmin):
    list_display = ("account", "programme", "month_text", "word", "ratio", "raised", "noted")
    list_display_links = ("account",)
    list_filter = (QUEUES, DaysFilter.on("raised_at"), "programme", "level")
    list_select_related = ("noted_by",)
    icon = "notification_important"
    intro = (
        "Said once when a MID comes half way to a line, close (75 %), near (90 %), and over it."
    )
    list_title = "Alerts of MIDs"
    empty_title = "No alerts"
    empty_text = "No MID has come to half of a line."
    verbs = (NOTE,)

    @admin.display(description="Month")
    def month_text(self, row: Alert) -> str:
        return f"{row.month:%Y-%m}"

    @admin.display(description="Level")
    def word(self, row: Alert) -> SafeString:
        return level_word(row.level)

    @admin.display(description="Ratio then")
    def ratio(self, row: Alert) -> str:
        return percent(row.ratio_bps)

    @admin.display(description="Raised")
    def raised(self, row: Alert) -> Any:
        return when(row.raised_at)

    @admin.display(description="Noted")
    def noted(self, row: Alert) -> Any:
        return when(row.noted_at, "nobody yet")

    def page(self, request: HttpRequest, row: Alert) -> Page:
        return Page(
            title=row.account,
            state=self.word(row),
            subtitle=f"{row.get_programme_display()}, {row.month:%B %Y}",
            main=[
                Facts(
                    "What was measured",
                    [
                        Fact("Cases", f"{row.count:,}"),
                        Fact("Ratio", self.ratio(row)),
                        Fact("Raised", self.raised(row)),
                        Fact(
                            "MID",
                            change_link("payments_merchantaccount", row.account_id, row.account),
                        ),
                    ],
                )
            ],
            side=[
                Facts(
                    "What was done",
                    [
                        Fact("Note", row.note or "nobody has noted anything"),
                        Fact("By", row.noted_by or ""),
                        Fact("When", self.noted(row)),
                    ],
                )
            ],
        )
