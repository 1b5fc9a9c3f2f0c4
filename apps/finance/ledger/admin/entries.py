"""The journal in the console: every entry, what it is about, what took it back."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.clusters.models import Cluster
from apps.core.admin import (
    ConsoleAdmin,
    DaysFilter,
    Fact,
    Facts,
    Page,
    Verb,
    amount,
    as_id,
    change_link,
    source_link,
    state,
    when,
)
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.admin.shown import debits_of, entry_link, lines_table, proposals_table
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.models import Entry, Line

NUMBER = re.compile(r"JE-\d{4}-0*(\d+)", re.IGNORECASE)


class KindFilter(admin.SimpleListFilter):
    """Rare kinds have an index of their own; a frequent one is never far from the newest."""

    title = "what"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.value, str(kind.label)) for kind in EntryKind]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:
        return queryset.filter(kind=self.value()) if self.value() in EntryKind else queryset


class BrandFilter(admin.SimpleListFilter):
    title = "brand"
    parameter_name = "brand"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Cluster.objects.order_by("slug").values_list("slug", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:
        brand = self.value()
        return queryset.filter(cluster=brand) if brand else queryset


class ReversalForm(forms.Form):
    """On which day the books take the entry back."""

    date = forms.ChoiceField(
        label="Accounting date of the reversal",
        choices=[("today", "The day it is approved"), ("original", "The entry's own date")],
        help_text="A closed month takes nothing; then only the day of approval is possible.",
    )
    key = forms.CharField(widget=forms.HiddenInput, initial=uuid4, max_length=80)


def reversal_refusal(row: Entry, _by: Any) -> str:
    if row.kind == EntryKind.REVERSAL:
        return "a reversal is not itself reversed: post the event again."
    if Entry.objects.filter(reverses=row).exists():
        return "it is reversed already."
    waiting = books.open_proposal_of(f"entry:{row.pk}")
    return f"proposal {waiting.pk} about it waits for a decision." if waiting else ""


def reversal_preview(row: Entry, _by: Any) -> str:
    lines = list(row.lines.all())
    count = len(lines)
    return (
        f"Proposes to post {count} lines, each the opposite of a line of {row.number}. "
        "A second person sees them before anything is posted."
    )


def reversal_run(row: Entry, by: Any, reason: str, *, date: str, key: str) -> str:
    proposal = ledger.propose_reversal(
        entry_id=row.pk,
        at_original_date=date == "original",
        by=by,
        reason=reason,
        key=key,
        now=timezone.now(),
    )
    return f"Proposal {proposal.pk} waits for a second person."


PROPOSE_REVERSAL = Verb(
    name="propose-reversal",
    label="Propose reversal",
    permission="ledger.propose_reversal",
    preview=reversal_preview,
    refusal=reversal_refusal,
    run=reversal_run,
    form=ReversalForm,
    icon="undo",
    help="Nothing in the books is ever changed: a mistake is taken back by its opposite.",
)


@admin.register(Entry)
class EntryAdmin(ConsoleAdmin):
    list_display = ("number", "kind_word", "about", "brand", "money", "posted")
    list_display_links = ("number",)
    list_filter = (KindFilter, BrandFilter, DaysFilter.on("posted_at"))
    search_fields = ("source",)
    search_help_text = "Entry number (JE-2026-000042) or source"
    intro = "Every business event, once. Nothing here can be edited; a mistake is reversed."
    empty_title = "The journal is empty"
    empty_text = "The first captured payment posts the first entry."
    found_by_search = True
    icon = "menu_book"
    verbs = (PROPOSE_REVERSAL,)
    export_columns = (
        "number",
        "kind",
        "source",
        "cluster",
        "effective_on",
        "posted_at",
        "line_count",
        "memo",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        lines = Prefetch("lines", Line.objects.select_related("account").order_by("n"))
        return super().get_queryset(request).prefetch_related(lines)

    def matching(self, term: str) -> Q:
        written = NUMBER.fullmatch(term)
        number = int(written[1]) if written else as_id(term)
        meaning = Q(source=term)
        return meaning if number is None else meaning | Q(pk=number)

    @admin.display(description="Number")
    def number(self, row: Entry) -> str:
        return row.number

    @admin.display(description="What")
    def kind_word(self, row: Entry) -> str:
        return str(row.get_kind_display())

    @admin.display(description="Source")
    def about(self, row: Entry) -> SafeString:
        return source_link(row.source)

    @admin.display(description="Brand", empty_value="all")
    def brand(self, row: Entry) -> str | None:
        return row.cluster or None

    @admin.display(description="Debits")
    def money(self, row: Entry) -> SafeString:
        totals = debits_of(list(row.lines.all()))
        return amount(*totals[0]) if totals else amount(None, "")

    @admin.display(description="Posted")
    def posted(self, row: Entry) -> SafeString:
        return when(row.posted_at)

    def page(self, request: HttpRequest, row: Entry) -> Page:
        lines = list(row.lines.all())
        reversal = Entry.objects.filter(reverses=row).first()
        facts = [
            Fact("Source", source_link(row.source)),
            Fact("Brand", row.cluster or "all"),
            Fact("Accounting date", f"{row.effective_on:%d %b %Y}"),
            Fact("Posted", when(row.posted_at)),
            Fact("By", row.actor if row.actor_id else "Platform"),
            Fact("Memo", row.memo or "none"),
        ]
        if row.reverses_id:
            facts.append(Fact("Reverses", entry_link(row.reverses_id)))
        if reversal:
            facts.append(Fact("Reversed by", entry_link(reversal.pk, reversal.number)))
        facts += approved_facts(row)
        proposed = books.proposals_of(f"entry:{row.pk}", limit=20)
        return Page(
            title=row.number,
            subtitle=row.get_kind_display(),
            state=state("REVERSED") if reversal else state("POSTED"),
            amount=self.money(row),
            main=[
                lines_table(lines),
                *([proposals_table("Proposed about it", proposed)] if proposed else []),
            ],
            side=[Facts("Entry", facts)],
        )


def approved_facts(row: Entry) -> list[Fact]:
    """Return which proposal posted the entry, and whose four eyes it had."""
    proposal = books.proposal_of_entry(row.pk)
    if proposal is None:
        return []
    link = change_link("ledger_proposal", proposal.pk, f"Proposal {proposal.pk}")
    return [
        Fact("Proposal", link),
        Fact("Proposed by", proposal.proposed_by),
        Fact("Approved by", proposal.decided_by),
    ]
