"""Console pages of the block lists."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.admin import Asked, ConsoleAdmin, Fact, Facts, Page, Verb, Way, ask, state, when
from apps.finance.risk import services as risk
from apps.finance.risk.admin.forms import EntryForm
from apps.finance.risk.choices import ListKind
from apps.finance.risk.models import BlockEntry

NEW = Asked(
    "Block something",
    "Payments by it are refused from now on, if a live rule looks at the list.",
    "Put it on the list",
    "risk.edit_block_list",
)


def remove_run(row: BlockEntry, by: Any, reason: str) -> str:
    risk.remove_entry(entry_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Taken off its list."


REMOVE = Verb(
    name="remove",
    label="Take off the list",
    permission="risk.edit_block_list",
    preview=lambda row, _by: f"{row} can pay again.",
    refusal=lambda row, _by: "it is off the list." if row.removed_at else "",
    run=remove_run,
    icon="remove",
)


@admin.register(BlockEntry)
class BlockEntryAdmin(ConsoleAdmin):
    list_display = ("what", "kind_word", "why", "word", "since", "until", "who")
    list_display_links = ("what",)
    list_filter = ("kind",)
    list_select_related = ("added_by",)
    search_fields = ("value",)
    search_help_text = "Exactly as it is listed"
    intro = "Payers, cards, networks, mail domains and card numbers that are refused."
    empty_title = "Nothing is blocked"
    empty_text = "Block a payment's payer or card on its assessment, or anything else here."
    verbs = (REMOVE,)
    export_columns = ("kind", "value", "reason", "added_at", "expires_at", "removed_at")

    def ways_on(self, request: HttpRequest) -> list[Way]:
        if not request.user.has_perm(NEW.permission):
            return []
        return [Way(NEW.title, self.address("new"), is_main=True)]

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        return [path("new/", gate(self.new_view), name="risk_blockentry_new"), *super().get_urls()]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Put something on a list."""

        def run(given: dict[str, Any], by: Any) -> str:
            row = risk.add_entry(**given, by=by, now=timezone.now())
            return f"{row} is blocked."

        return ask(self, request, NEW, form=EntryForm, run=run)

    def matching(self, term: str) -> Q:
        return Q(kind__in=ListKind.values, value=term.lower())

    @admin.display(description="What")
    def what(self, row: BlockEntry) -> str:
        return row.value[:12] if row.kind == ListKind.CARD else row.value

    @admin.display(description="List")
    def kind_word(self, row: BlockEntry) -> str:
        return row.get_kind_display()

    @admin.display(description="Why")
    def why(self, row: BlockEntry) -> str:
        return row.reason[:80]

    @admin.display(description="State")
    def word(self, row: BlockEntry) -> SafeString:
        if row.removed_at:
            return state("REMOVED", "Taken off")
        if row.expires_at and row.expires_at <= timezone.now():
            return state("OVER", "Over")
        return state("REFUSED", "Blocked")

    @admin.display(description="Since")
    def since(self, row: BlockEntry) -> SafeString:
        return when(row.added_at)

    @admin.display(description="Until")
    def until(self, row: BlockEntry) -> SafeString:
        return when(row.expires_at, "for ever")

    @admin.display(description="By")
    def who(self, row: BlockEntry) -> str:
        return str(row.added_by)

    def page(self, request: HttpRequest, row: BlockEntry) -> Page:
        return Page(
            title=str(row),
            subtitle="Block list",
            state=self.word(row),
            main=[
                Facts(
                    "Entry",
                    [
                        Fact("List", row.get_kind_display()),
                        Fact("What", row.value),
                        Fact("Why", row.reason),
                        Fact("Since", when(row.added_at)),
                        Fact("By", row.added_by),
                        Fact("Until", self.until(row)),
                        Fact("Taken off", when(row.removed_at)),
                        Fact("Taken off by", row.removed_by or "nobody"),
                    ],
                )
            ],
        )
