"""Lines, book items and matches, one by one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.admin import (
    Cell,
    ConsoleAdmin,
    Fact,
    Facts,
    Page,
    Table,
    Verb,
    amount,
    as_id,
    change_link,
    source_link,
    state,
    when,
)
from apps.finance.reconciliation import selectors
from apps.finance.reconciliation import services as reconciliation
from apps.finance.reconciliation.admin.exceptions import SourceFilter, StatementFilter
from apps.finance.reconciliation.admin.shown import day, entry_link, items_table, lines_table, mono
from apps.finance.reconciliation.models import BookItem, Match, StatementLine


class MatchedFilter(admin.SimpleListFilter):
    title = "matched"
    parameter_name = "matched"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Not matched"), ("yes", "Matched")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in {"no", "yes"}:
            return queryset.filter(match__isnull=self.value() == "no")
        return queryset


def matched_state(row: StatementLine | BookItem) -> SafeString:
    return state("OK", "Matched") if row.match_id else state("WAITING", "Not matched")


@admin.register(StatementLine)
class StatementLineAdmin(ConsoleAdmin):
    list_display = ("row_number", "booked", "reference_text", "who", "fee", "money", "word")
    list_display_links = ("row_number",)
    list_filter = (StatementFilter, MatchedFilter)
    list_select_related = ("statement__source",)
    search_fields = ("reference",)
    search_help_text = "Reference"
    intro = "What banks, processors and rails say, line by line, as it came."
    empty_title = "No lines"
    empty_text = "Lines come with statements."
    export_columns = (
        "statement.source.name",
        "n",
        "booked_on",
        "value_on",
        "amount_minor",
        "fee_minor",
        "compared_minor",
        "statement.source.currency",
        "reference",
        "counterparty",
        "text",
        "match_id",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[StatementLine]:
        return super().get_queryset(request).exclude(statement__state="LOADING")

    def matching(self, term: str) -> Q:
        return Q(reference=term)

    @admin.display(description="Row")
    def row_number(self, row: StatementLine) -> int:
        return row.n

    @admin.display(description="Booked")
    def booked(self, row: StatementLine) -> SafeString:
        return day(row.booked_on)

    @admin.display(description="Reference")
    def reference_text(self, row: StatementLine) -> SafeString:
        return mono(row.reference)

    @admin.display(description="Who and what")
    def who(self, row: StatementLine) -> str:
        return " · ".join(filter(None, (row.counterparty, row.text)))[:80]

    @admin.display(description="Fee")
    def fee(self, row: StatementLine) -> SafeString:
        return amount(row.fee_minor, row.statement.source.currency)

    @admin.display(description="Amount")
    def money(self, row: StatementLine) -> SafeString:
        return amount(row.amount_minor, row.statement.source.currency)

    @admin.display(description="State")
    def word(self, row: StatementLine) -> SafeString:
        return matched_state(row)

    def page(self, request: HttpRequest, row: StatementLine) -> Page:
        currency = row.statement.source.currency
        return Page(
            title=f"Row {row.n}",
            subtitle=f"Line of {row.statement}",
            state=matched_state(row),
            amount=self.money(row),
            main=[
                Facts(
                    "As it came",
                    [
                        Fact("Booked", day(row.booked_on)),
                        Fact("Value", day(row.value_on)),
                        Fact("Reference", mono(row.reference)),
                        Fact("Other party", row.counterparty or "none"),
                        Fact("Text", row.text or "none"),
                        Fact("Fee", amount(row.fee_minor, currency)),
                        Fact("Compared with the books", amount(row.compared_minor, currency)),
                    ],
                ),
                exceptions_table(row),
            ],
            side=[
                Facts(
                    "Where",
                    [
                        Fact(
                            "Statement",
                            change_link(
                                "reconciliation_statement", row.statement_id, row.statement
                            ),
                        ),
                        Fact(
                            "Match",
                            change_link("reconciliation_match", row.match_id, row.match_id),
                        ),
                    ],
                )
            ],
        )


@admin.register(BookItem)
class BookItemAdmin(ConsoleAdmin):
    list_display = ("entry", "dated", "reference_text", "what", "money", "word")
    list_filter = (SourceFilter.on("source"), MatchedFilter)
    search_fields = ("reference",)
    search_help_text = "Reference, or the entry's source"
    intro = "Our side: the ledger's lines on the accounts that statements prove."
    empty_title = "No book items"
    empty_text = "They are copied from the ledger when a statement is matched."

    def matching(self, term: str) -> Q:
        return Q(reference=term)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BookItem]:
        return super().get_queryset(request).select_related("source")

    @admin.display(description="Entry")
    def entry(self, row: BookItem) -> str:
        return f"JE-{row.effective_on.year}-{row.entry_id:06d}"

    @admin.display(description="Accounting date")
    def dated(self, row: BookItem) -> SafeString:
        return day(row.effective_on)

    @admin.display(description="Reference")
    def reference_text(self, row: BookItem) -> SafeString:
        return mono(row.reference)

    @admin.display(description="For")
    def what(self, row: BookItem) -> SafeString:
        return source_link(row.event)

    @admin.display(description="Amount")
    def money(self, row: BookItem) -> SafeString:
        return amount(row.amount_minor, row.source.currency)

    @admin.display(description="State")
    def word(self, row: BookItem) -> SafeString:
        return matched_state(row)

    def page(self, request: HttpRequest, row: BookItem) -> Page:
        return Page(
            title=self.entry(row),
            subtitle=f"Book item of {row.source}",
            state=matched_state(row),
            amount=self.money(row),
            main=[
                Facts(
                    "In the books",
                    [
                        Fact("Entry", entry_link(row.entry_id, row.effective_on)),
                        Fact("Accounting date", day(row.effective_on)),
                        Fact("For", source_link(row.event)),
                        Fact("Reference of the other side", mono(row.reference)),
                        Fact(
                            "Match",
                            change_link("reconciliation_match", row.match_id, row.match_id),
                        ),
                    ],
                ),
                exceptions_table(row),
            ],
        )


def exceptions_table(row: StatementLine | BookItem) -> Table:
    found = row.exceptions.order_by("id")[:50]
    return Table(
        "Exceptions",
        [Cell("Exception"), Cell("State"), Cell("Reason")],
        [
            [
                change_link("reconciliation_reconciliationexception", one.pk, one),
                one.get_state_display(),
                one.reason,
            ]
            for one in found
        ],
        empty="Nothing was ever wrong with it.",
    )


def undo_refusal(row: Match, _by: Any) -> str:
    return "it was undone before." if row.undone_at else ""


def undo_preview(row: Match, _by: Any) -> str:
    return (
        "Takes it apart: its lines and book items are open again, and the machine leaves them to "
        "people. No entry is taken back."
    )


def undo_run(row: Match, by: Any, reason: str) -> str:
    reconciliation.undo_match(match_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Undone. Its parts wait in the queue of exceptions."


UNDO = Verb(
    name="undo",
    label="Undo the match",
    permission="reconciliation.settle_exception",
    preview=undo_preview,
    refusal=undo_refusal,
    run=undo_run,
    danger=True,
    is_quiet=True,
    icon="undo",
)


@admin.register(Match)
class MatchAdmin(ConsoleAdmin):
    list_display = ("number", "why", "by", "matched", "word")
    list_display_links = ("number",)
    list_filter = (StatementFilter, "rule")
    list_select_related = ("statement__source", "matched_by", "undone_by")
    search_fields = ("id",)
    search_help_text = "Number of the match"
    intro = "What was found to be the same money, by whom and why."
    empty_title = "No matches"
    empty_text = "The machine makes them when a statement is loaded."
    verbs = (UNDO,)

    def matching(self, term: str) -> Q | None:
        number = as_id(term)
        return None if number is None else Q(pk=number)

    @admin.display(description="Match")
    def number(self, row: Match) -> str:
        return f"#{row.pk}"

    @admin.display(description="Why")
    def why(self, row: Match) -> str:
        return row.get_rule_display()

    @admin.display(description="By")
    def by(self, row: Match) -> str:
        return str(row.matched_by or "Platform")

    @admin.display(description="Matched")
    def matched(self, row: Match) -> SafeString:
        return when(row.matched_at)

    @admin.display(description="State")
    def word(self, row: Match) -> SafeString:
        return state("REVERSED", "Undone") if row.undone_at else state("OK", "Matched")

    def page(self, request: HttpRequest, row: Match) -> Page:
        currency = row.statement.source.currency
        lines = list(row.lines.order_by("booked_on", "id")[: selectors.ROWS])
        items = list(row.items.order_by("effective_on", "id")[: selectors.ROWS])
        was = {name: len(ids) for name, ids in row.undone_parts.items()}
        return Page(
            title=f"Match #{row.pk}",
            subtitle=row.get_rule_display(),
            state=self.word(row),
            notice=f"It held lines: {was['lines']}, book items: {was['items']}."
            if row.undone_at
            else "",
            main=[
                lines_table(lines, currency, title="On the statement", empty="No lines."),
                items_table(items, currency, title="In the books", empty="No book items."),
            ],
            side=[
                Facts(
                    "Match",
                    [
                        Fact(
                            "Statement",
                            change_link(
                                "reconciliation_statement", row.statement_id, row.statement
                            ),
                        ),
                        Fact("Difference", amount(row.difference_minor, currency)),
                        Fact("By", self.by(row)),
                        Fact("Matched", when(row.matched_at)),
                        Fact("Reason", row.reason or "the rule"),
                        Fact("Undone", when(row.undone_at, "no")),
                        Fact("Undone by", row.undone_by or "nobody"),
                        Fact("Why undone", row.undo_reason or "none"),
                    ],
                )
            ],
        )
