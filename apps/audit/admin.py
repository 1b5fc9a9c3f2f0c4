"""The audit log in the console: who did what to which thing, why and from where."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.http import HttpRequest
from django.utils.safestring import SafeString

from apps.audit.models import AuditRecord
from apps.core.admin import (
    ConsoleAdmin,
    DaysFilter,
    Fact,
    Facts,
    Page,
    Raw,
    as_id,
    source_link,
    state,
    when,
)


@admin.register(AuditRecord)
class AuditRecordAdmin(ConsoleAdmin):
    list_display = ("id", "done", "who", "action", "subject", "why")
    list_filter = (DaysFilter.on("at"),)
    search_fields = ("action",)
    search_help_text = "Actor's e-mail, action (payouts.approved) or subject (payouts.payout:17)"
    intro = "Append-only and hash-chained: the database refuses to change it."
    empty_text = "Every action of staff leaves a record here."
    export_columns = (
        "id",
        "number",
        "at",
        "actor_label",
        "action",
        "subject_type",
        "subject_id",
        "cluster",
        "reason",
        "ip",
        "request_id",
        "hash",
    )

    def matching(self, term: str) -> Q | None:
        number = as_id(term)
        if number is not None:
            return Q(pk=number)
        if "@" in term:
            return Q(Exact(Lower("actor__email"), term.lower()))
        if ":" in term:
            thing, _, pk = term.rpartition(":")
            return Q(subject_type=thing, subject_id=pk)
        return Q(action=term)

    @admin.display(description="By")
    def who(self, row: AuditRecord) -> str:
        return "Platform" if row.actor_label in {"", "platform"} else row.actor_label

    @admin.display(description="When")
    def done(self, row: AuditRecord) -> SafeString:
        return when(row.at)

    @admin.display(description="Subject", empty_value="none")
    def subject(self, row: AuditRecord) -> SafeString | None:
        return source_link(f"{row.subject_type}:{row.subject_id}") if row.subject_type else None

    @admin.display(description="Reason", empty_value="none")
    def why(self, row: AuditRecord) -> str | None:
        return row.reason[:80] or None

    def page(self, request: HttpRequest, row: AuditRecord) -> Page:
        sealed = state("OK", "Sealed") if row.number else state("WAITING", "Not yet sealed")
        return Page(
            title=row.action,
            subtitle=f"Audit record {row.pk}",
            state=sealed,
            main=[
                Facts(
                    "What was done",
                    [
                        Fact("By", row.actor_label or "Platform"),
                        Fact("When", when(row.at)),
                        Fact("To", self.subject(row) or "nothing in particular"),
                        Fact("Brand", row.cluster or "all"),
                        Fact("Reason", row.reason or "none given"),
                        Fact("From", row.ip or "unknown"),
                        Fact("Request", row.request_id or "none"),
                    ],
                ),
                Raw.of_json("Facts", row.facts),
            ],
            side=[
                Facts(
                    "Chain",
                    [
                        Fact("Number", row.number or "not yet"),
                        Fact("Hash", row.hash or "not yet"),
                        Fact("Hash before", row.previous_hash or "not yet"),
                    ],
                )
            ],
        )
