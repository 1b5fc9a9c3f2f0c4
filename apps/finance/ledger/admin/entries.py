"""The journal in the console: every entry, what it is about, what took it back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.clusters.models import Cluster
from apps.core.admin import (
    CHOICES,
    ConsoleAdmin,
    DaysFilter,
    Fact,
    Facts,
    Page,
    Verb,
    Way,
    amount,
    as_id,
    change_link,
    source_link,
    state,
    when,
)
from apps.core.errors import DomainError
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.admin.forms import ON_DATES, CorrectionForm
from apps.finance.ledger.admin.shown import (
    debits_of,
    entry_link,
    line_cells,
    lines_table,
    proposals_table,
    refusal_text,
)
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.models import Block, Entry, Line
from apps.finance.ledger.selectors.chain import link_of

NUMBER = re.compile(r"JE-\d{4}-0*(\d+)", re.IGNORECASE)
#: The days in which an entry of one kind or brand is looked for, unless fewer are chosen.
LONGEST = "90"
#: Links to what takes an entry back; there is one reversal, and few corrections.
MOST_UNDOING = 20


class KindFilter(admin.SimpleListFilter):
    """Reads the days that PostedFilter leaves: no index of the journal knows kinds or brands."""

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


class PostedFilter(DaysFilter):
    """Entries of the last days, by their ids: the chain knows which are all older.

    Of one kind or brand the journal shows LONGEST at most. An index for them would slow every
    posting; the reports lead to older ones by accounting date.
    """

    column = "posted_at"

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        self.is_narrowed = any(request.GET.get(name) for name in ("kind", "brand"))
        super().__init__(request, *args)

    def value(self) -> str | None:
        days = super().value()
        return LONGEST if self.is_narrowed and days not in CHOICES else days

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        narrowed = super().queryset(request, queryset)
        if self.value() not in CHOICES:
            return narrowed
        since = timezone.now() - timedelta(days=int(self.value() or 0))
        older = Block.objects.filter(newest_posted_at__lt=since).order_by("-newest_posted_at")
        last = older.values_list("last_id", flat=True).first()
        return narrowed.filter(pk__gt=last) if last else narrowed


class ReversalForm(forms.Form):
    """On which day the books take the entry back."""

    date = forms.ChoiceField(
        label="Accounting date of the reversal",
        choices=ON_DATES,
        help_text="A closed month takes nothing; then only the day of approval is possible.",
    )
    key = forms.CharField(widget=forms.HiddenInput, initial=uuid4, max_length=80)


def reversal_refusal(row: Entry, _by: Any) -> str:
    if row.kind == EntryKind.REVERSAL:
        return "a reversal is not itself reversed: post the event again."
    if Entry.objects.filter(corrects=row).exclude(reversed_by__isnull=False).exists():
        return "it has corrections: reverse those first."
    if Entry.objects.filter(reverses=row).exists():
        return "it is reversed already."
    waiting = books.open_proposal_of(f"entry:{row.pk}")
    return f"proposal {waiting.pk} about it waits for a decision." if waiting else ""


def correction_refusal(row: Entry) -> str:
    if row.kind in {EntryKind.REVERSAL, EntryKind.CORRECTION}:
        return "it takes another entry back itself."
    if Entry.objects.filter(reverses=row).exists():
        return "it is reversed: nothing is left of it."
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
        on_original_date=date == "original",
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
    list_filter = (KindFilter, BrandFilter, PostedFilter)
    search_fields = ("source",)
    search_help_text = "Entry number (JE-2026-000042) or source"
    intro = (
        "Every business event, once. Nothing here can be edited; a mistake is reversed. One kind "
        "or brand is shown for 90 days; figures of reports lead to older entries."
    )
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

    # --- One entry ---------------------------------------------------------------------------

    def page(self, request: HttpRequest, row: Entry) -> Page:
        lines = list(row.lines.all())
        undoing = list(
            Entry.objects.filter(Q(reverses=row) | Q(corrects=row)).order_by("id")[:MOST_UNDOING]
        )
        reversal = next((entry for entry in undoing if entry.reverses_id), None)
        facts = [
            Fact("Source", source_link(row.source)),
            Fact("Brand", row.cluster or "all"),
            Fact("Accounting date", f"{row.effective_on:%d %b %Y}"),
            Fact("Posted", when(row.posted_at)),
            Fact("By", row.actor if row.actor_id else "Platform"),
            Fact("Memo", row.memo or "none"),
            *undone_facts(row, undoing),
            *approved_facts(row),
        ]
        proposed = books.proposals_of(f"entry:{row.pk}", limit=20)
        return Page(
            title=row.number,
            subtitle=row.get_kind_display(),
            state=state("REVERSED") if reversal else state("POSTED"),
            amount=self.money(row),
            ways=self.ways_of(request, row),
            main=[
                lines_table(lines),
                *([proposals_table("Proposed about it", proposed)] if proposed else []),
            ],
            side=[Facts("Entry", facts), chain_facts(row)],
        )

    def ways_of(self, request: HttpRequest, row: Entry) -> list[Way]:
        if not request.user.has_perm("ledger.propose_correction") or correction_refusal(row):
            return []
        return [Way("Propose correction …", self.address("correct", row.pk))]

    # --- A correction ------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        mine = path("<int:pk>/correct/", gate(self.correct_view), name="ledger_entry_correct")
        return [mine, *super().get_urls()]

    def correct_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask which part of an entry to take back; propose it on POST."""
        if not request.user.has_perm("ledger.propose_correction"):
            raise PermissionDenied
        entry = self.get_object(request, str(pk))
        if entry is None:
            raise Http404
        lines = list(entry.lines.all())
        form = CorrectionForm(request.POST or None, lines=lines)
        wrong = correction_refusal(entry)
        if request.method == "POST" and not wrong and form.is_valid():
            try:
                proposal = ledger.propose_correction(
                    **form.asked(),
                    entry_id=entry.pk,
                    by=request.user,  # type: ignore[arg-type]  # signed in, by the gate
                    now=timezone.now(),
                )
            except DomainError as error:
                wrong = refusal_text(error)
            else:
                self.message_user(
                    request, "Proposed. A second person must approve it.", messages.SUCCESS
                )
                return HttpResponseRedirect(
                    reverse("admin:ledger_proposal_change", args=[proposal.pk])
                )
        context = {
            "title": "Propose a correction",
            "entry": entry,
            "back": self.address("change", entry.pk),
            "form": form,
            "rows": [(line_cells(line), field) for line, field in form.rows()],
            "wrong": wrong,
        }
        failed = request.method == "POST"
        return self.drawn(
            request, "admin/ledger/correction.html", context, status=422 if failed else 200
        )


def undone_facts(row: Entry, undoing: list[Entry]) -> list[Fact]:
    """Return links to what the entry takes back and to what takes it back, both ways."""
    facts = []
    if row.reverses_id:
        facts.append(Fact("Reverses", entry_link(row.reverses_id)))
    if row.corrects_id:
        facts.append(Fact("Corrects", entry_link(row.corrects_id)))
    facts += [
        Fact(
            "Reversed by" if entry.reverses_id else "Corrected by",
            entry_link(entry.pk, entry.number),
        )
        for entry in undoing
    ]
    return facts


def chain_facts(row: Entry) -> Facts:
    """Return where the entry lies in the hash chain, and whether it verifies as it is now."""
    link = link_of(row.pk)
    if link is None:
        return Facts("Proof", [Fact("Hash chain", "not in a block yet", "within a minute")])
    return Facts(
        "Proof",
        [
            Fact("Block", f"{link.number} of entries {link.first_id} to {link.last_id}"),
            Fact(
                "Verifies",
                state("YES", "Unchanged") if link.verifies else state("NO", "Does not verify"),
            ),
            Fact("Hash", format_html('<span class="c-mono">{}</span>', link.hash)),
            Fact("Built", when(link.built_at)),
        ],
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
