"""Statements: bring one in, see how far it is, and what it proves."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.admin import (
    Asked,
    Cell,
    ConsoleAdmin,
    Fact,
    Facts,
    Page,
    Table,
    Verb,
    Way,
    amount,
    as_id,
    ask_with,
    change_link,
    when,
)
from apps.core.money import Money
from apps.finance.reconciliation import selectors
from apps.finance.reconciliation import services as reconciliation
from apps.finance.reconciliation.admin.by_hand import by_hand_page
from apps.finance.reconciliation.admin.exceptions import SourceFilter
from apps.finance.reconciliation.admin.forms import UploadForm
from apps.finance.reconciliation.admin.shown import (
    Figures,
    days,
    exception_type_word,
    mono,
    progress_bar,
    progress_of,
    statement_state,
)
from apps.finance.reconciliation.choices import LIVE, WAITING, State
from apps.finance.reconciliation.models import Statement

#: Files up to this size are read while the person waits; the clock reads larger ones.
AT_ONCE = 512 * 1024


def again_refusal(row: Statement, _by: Any) -> str:
    return "" if row.state in LIVE else f"it is {row.get_state_display().lower()}."


def again_run(row: Statement, _by: Any, _reason: str) -> str:
    done = reconciliation.match_statement(statement_id=row.pk, now=timezone.now())
    return f"{done.matched_count:,} of {done.line_count:,} lines match; {done.open_count:,} open."


AGAIN = Verb(
    name="match-again",
    label="Match again",
    permission="reconciliation.settle_exception",
    preview=lambda _row, _by: (
        "Looks for partners of what is open, in the books as they are now. Matches made stay."
    ),
    refusal=again_refusal,
    run=again_run,
    is_quiet=True,
    icon="sync",
)


IMPORT = Asked(
    "Import a statement",
    "Every row is read, or none is. The file is kept as it came.",
    "Import",
    "reconciliation.import_statement",
)


@admin.register(Statement)
class StatementAdmin(ConsoleAdmin):
    list_display = ("source_name", "covers", "word", "progress", "waiting", "money", "received")
    list_display_links = ("source_name",)
    list_filter = (SourceFilter.on("source"), "state")
    list_select_related = ("source", "received_by")
    search_fields = ("id",)
    search_help_text = "Number, or the SHA-256 of the file"
    intro = "What banks, processors and rails say happened, compared with the books."
    empty_title = "No statements yet"
    empty_text = "Import the settlement report of a processor or the statement of a bank."
    verbs = (AGAIN,)
    export_columns = (
        "id",
        "source.name",
        "period_start",
        "period_end",
        "state",
        "opening_minor",
        "closing_minor",
        "source.currency",
        "line_count",
        "matched_count",
        "open_count",
        "open_minor",
        "file_name",
        "file_sha256",
        "received_at",
    )

    def matching(self, term: str) -> Q:
        number = as_id(term)
        meaning = Q(file_sha256=term.lower())
        return meaning if number is None else meaning | Q(pk=number)

    def ways_on(self, request: HttpRequest) -> list[Way]:
        ways = []
        if request.user.has_perm("reconciliation.view_statementsource"):
            sources = reverse("admin:reconciliation_statementsource_changelist")
            ways.append(Way("Sources", sources))
        if request.user.has_perm("reconciliation.import_statement"):
            ways.append(Way("Import a statement", self.address("upload"), is_main=True))
        return ways

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        return [
            path("import/", gate(self.upload_view), name="reconciliation_statement_upload"),
            path(
                "<path:object_id>/match/",
                gate(self.match_view),
                name="reconciliation_statement_match",
            ),
            *super().get_urls(),
        ]

    @admin.display(description="Source")
    def source_name(self, row: Statement) -> str:
        return row.source.name

    @admin.display(description="Period")
    def covers(self, row: Statement) -> SafeString:
        return days(row)

    @admin.display(description="State")
    def word(self, row: Statement) -> SafeString:
        return statement_state(row)

    @admin.display(description="Lines matched")
    def progress(self, row: Statement) -> SafeString:
        return progress_of(row)

    @admin.display(description="Open")
    def waiting(self, row: Statement) -> int:
        return row.open_count

    @admin.display(description="Difference")
    def money(self, row: Statement) -> SafeString:
        return amount(row.open_minor, row.source.currency)

    @admin.display(description="Received")
    def received(self, row: Statement) -> SafeString:
        return when(row.received_at)

    # --- One statement ---------------------------------------------------------------------

    def page(self, request: HttpRequest, row: Statement) -> Page:
        is_live = row.state in LIVE
        return Page(
            title=f"{row.period_start:%d %b %Y} to {row.period_end:%d %b %Y}",
            subtitle=f"Statement of {row.source}",
            state=statement_state(row),
            amount=amount(row.closing_minor, row.source.currency) if is_live else "",
            notice=notice_of(row),
            main=[self.figures(request, row), by_type(row), proof_table(row)]
            if is_live
            else [self.figures(request, row), problems_table(row)],
            side=[Facts("Statement", facts_of(row)), Facts("Rules", rules_of(row))],
        )

    def figures(self, request: HttpRequest, row: Statement) -> Figures:
        ways = []
        queue = reverse("admin:reconciliation_reconciliationexception_changelist")
        if row.open_count:
            ways.append(
                Way(
                    "Open exceptions",
                    f"{queue}?statement={row.pk}&queue=open",
                    is_main=True,
                )
            )
        if row.open_count and request.user.has_perm("reconciliation.settle_exception"):
            ways.append(Way("Match by hand", self.address("match", row.pk)))
        if row.state in LIVE:
            lines = reverse("admin:reconciliation_statementline_changelist")
            matches = reverse("admin:reconciliation_match_changelist")
            ways.append(Way("Lines", f"{lines}?statement={row.pk}"))
            ways.append(Way("Matches", f"{matches}?statement={row.pk}"))
        return Figures(
            "Lines",
            [
                Fact("On the statement", f"{row.line_count or row.loaded_rows:,}"),
                Fact("Matched", f"{row.matched_count:,}"),
                Fact("Open exceptions", f"{row.open_count:,}"),
                Fact("They differ by", amount(row.open_minor, row.source.currency)),
            ],
            template="admin/reconciliation/figures.html",
            bar=progress_bar(row.matched_count, row.line_count, "Matched lines"),
            ways=ways,
        )

    # --- Bring one in ------------------------------------------------------------------------

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Take a file with its period and balances; small ones are read at once."""
        form = UploadForm(request.POST or None, request.FILES or None)
        return ask_with(self, request, IMPORT, form=form, do=lambda _by: self.take(request, form))

    def take(self, request: HttpRequest, form: UploadForm) -> HttpResponse:
        """
        :raises DomainError: as ``receive_statement``
        """
        given, now = form.cleaned_data, timezone.now()
        source = given["source"]
        received = reconciliation.receive_statement(
            source_id=source.pk,
            file=given["file"],
            file_name=given["file"].name,
            period_start=given["period_start"],
            period_end=given["period_end"],
            opening_minor=minor_of(given["opening"], source.currency),
            closing_minor=minor_of(given["closing"], source.currency),
            by=request.user,
            now=now,
        )
        statement = received.statement
        if received.replayed:
            messages.info(request, "This file was imported before; here it is.")
        elif statement.file_bytes <= AT_ONCE:
            reconciliation.load_statement(statement_id=statement.pk, now=now)
            statement.refresh_from_db()
            if statement.state == State.LOADED:
                reconciliation.match_statement(statement_id=statement.pk, now=now)
        return HttpResponseRedirect(self.address("change", statement.pk))

    # --- Match by hand -------------------------------------------------------------------------

    def match_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Choose lines and book items, see whether they agree, give a reason."""
        if not request.user.has_perm("reconciliation.settle_exception"):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if row is None or row.state not in LIVE:
            raise Http404
        return by_hand_page(self, request, row)


def minor_of(value: Any, currency: str) -> int | None:
    """
    :raises DomainError: it has more places than the currency
    """
    return None if value is None else Money.of(value, currency).minor


def notice_of(row: Statement) -> str:
    if row.state in WAITING:
        return "It is being read; look again in a moment."
    if row.state == State.REFUSED:
        return "Nothing was imported. Correct the file or the source's mapping and import again."
    return ""


def facts_of(row: Statement) -> list[Fact]:
    currency = row.source.currency
    return [
        Fact("Source", change_link("reconciliation_statementsource", row.source_id, row.source)),
        Fact("Account", f"{row.source.code} {row.source.owner}"),
        Fact("Opening", amount(row.opening_minor, currency)),
        Fact("Closing", amount(row.closing_minor, currency)),
        Fact("File", row.file_name),
        Fact("SHA-256", mono(row.file_sha256[:16] + "…")),
        Fact("Received", when(row.received_at)),
        Fact("By", row.received_by or "the platform"),
        Fact("Matched", when(row.matched_at)),
    ]


def rules_of(row: Statement) -> list[Fact]:
    source = row.source
    return [
        Fact("The books have", source.get_compares_display().lower()),
        Fact("Dates may differ by", f"{source.date_window_days} days"),
        Fact("Missing, or late, after", f"{source.settlement_days} days"),
        Fact("Tolerance", amount(source.tolerance_minor, source.currency)),
    ]


def by_type(row: Statement) -> Table:
    queue = reverse("admin:reconciliation_reconciliationexception_changelist")
    return Table(
        "Exceptions",
        [
            Cell("What"),
            Cell("Open", number=True),
            Cell("They differ by", number=True),
            Cell("Settled", number=True),
        ],
        [
            [
                exception_type_word(
                    figure.type, f"{queue}?statement={row.pk}&type__exact={figure.type}"
                ),
                f"{figure.open_count:,}",
                amount(figure.open.minor, figure.open.currency),
                f"{figure.decided_count:,}",
            ]
            for figure in selectors.exceptions_by_type(row)
        ],
        empty="Nothing differs.",
    )


def proof_table(row: Statement) -> Table:
    """From the books to the statement, so that the last line is what the statement shows."""
    proof = selectors.proof_of(row)
    currency = row.source.currency
    rows: list[list[Any]] = [
        [f"In the books on {row.period_end:%d %b %Y}", "", "", amount(proof.books.minor, currency)]
    ]
    rows += [
        [
            step.title,
            step.hint,
            f"{step.parts:,}" if step.parts else "",
            amount(step.amount.minor, currency),
        ]
        for step in proof.steps
    ]
    if not proof.holds:
        hint = "the books have moved since: match again"
        rows.append(["Unexplained", hint, "", amount(proof.unexplained.minor, currency)])
    return Table(
        "Proof: from the books to the statement",
        [Cell("Step"), Cell("Meaning"), Cell("Count", number=True), Cell("Amount", number=True)],
        rows,
        empty="",
        totals=[["On the statement", "", "", amount(proof.statement.minor, currency)]],
    )


def problems_table(row: Statement) -> Table:
    title = "Rows that cannot be read"
    if row.problem_count > len(row.problems):
        title = f"{title}: the first {len(row.problems)} of {row.problem_count:,}"
    return Table(
        title,
        [Cell("Row"), Cell("Why")],
        [[problem["row"] or "All", problem["reason"]] for problem in row.problems],
        empty="None so far.",
    )
