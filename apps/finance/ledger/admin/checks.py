"""What the checks of the books found."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from apps.core.admin import ConsoleAdmin, DaysFilter, Fact, Facts, Page, Raw, state, when
from apps.finance.ledger.models import BooksCheck


@admin.register(BooksCheck)
class BooksCheckAdmin(ConsoleAdmin):
    list_display = ("checked", "word", "entries", "lines")
    list_filter = (DaysFilter.on("checked_at"),)
    ordering = ("-checked_at", "-id")
    intro = "Every rule of the books, proved from their rows."
    empty_text = "Press “Check now” on the home page, or wait for tonight's check."

    @admin.display(description="Checked")
    def checked(self, row: BooksCheck) -> SafeString:
        return when(row.checked_at)

    @admin.display(description="Balance")
    def word(self, row: BooksCheck) -> SafeString:
        return state("YES", "Balanced") if row.ok else state("NO", "Not balanced")

    def page(self, request: HttpRequest, row: BooksCheck) -> Page:
        return Page(
            title="Check of the books",
            subtitle=when(row.checked_at),
            state=self.word(row),
            main=[
                Facts("Looked at", [Fact("Entries", row.entries), Fact("Lines", row.lines)]),
                Raw.of_json(f"Findings: {len(row.findings)}", row.findings),
            ],
        )
