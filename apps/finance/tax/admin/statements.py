"""Console pages of yearly statements: asked for, made in the background, taken on record."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.admin import (
    Asked,
    Cell,
    ConsoleAdmin,
    Fact,
    Facts,
    Page,
    Table,
    Way,
    amount,
    as_id,
    ask,
    change_link,
    state,
    when,
)
from apps.core.errors import NotAllowed, NotFound
from apps.core.middleware import client_ip
from apps.finance.tax import exports
from apps.finance.tax import services as tax
from apps.finance.tax.admin.forms import StatementsForm
from apps.finance.tax.choices import Form, RunState
from apps.finance.tax.models import StatementLine, StatementRun
from apps.finance.tax.rules.forms import IDENTITY, columns_of, threshold_of, with_values, words_of

MAKE = Asked(
    title="Have statements made",
    lead="From the books as they are now. The file is made in the background; each asking makes "
    "one of its own. Names, tax numbers and addresses are not in it until they are collected.",
    button="Have them made",
    permission="tax.make_statements",
)
_SHOWN = 100


@admin.register(StatementRun)
class StatementRunAdmin(ConsoleAdmin):
    list_display = ("__str__", "what", "word", "progress", "made", "asked", "who")
    list_select_related = ("by",)
    intro = "What creators earned in a year, for tax offices: 1099-NEC and DAC7 data."
    empty_title = "No statements yet"
    empty_text = "They are made in January, from the closed year."

    def ways_on(self, request: HttpRequest) -> list[Way]:
        if not request.user.has_perm(MAKE.permission):
            return []
        return [Way(MAKE.title, self.address("new"), is_main=True)]

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        return [
            path("new/", gate(self.new_view), name="tax_statementrun_new"),
            path("<int:pk>/file/", gate(self.file_view), name="tax_statementrun_file"),
            *super().get_urls(),
        ]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for a form for a year."""

        def run(given: dict[str, Any], by: Any) -> str:
            asked = tax.request_statements(**given, by=by, now=timezone.now())
            return f"{asked} is being made. This list shows how far it is."

        return ask(self, request, MAKE, form=StatementsForm, run=run)

    def file_view(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """Stream a file and put on record who took it."""
        by: Any = request.user
        try:
            run = tax.take_statements(run_id=pk, by=by, ip=client_ip(request))
        except NotAllowed as error:
            raise PermissionDenied from error
        except NotFound as error:
            raise Http404 from error
        answer = StreamingHttpResponse(
            exports.statement_csv(run), content_type="text/csv; charset=utf-8"
        )
        name = f"{run.form.lower()}-{run.year}-{run.pk}.csv"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer

    @admin.display(description="Form")
    def what(self, row: StatementRun) -> str:
        return f"{row.get_form_display()}, {row.year}"

    @admin.display(description="State")
    def word(self, row: StatementRun) -> SafeString:
        tones = {RunState.QUEUED: "WAITING", RunState.RUNNING: "PROCESSING", RunState.DONE: "OK"}
        return state(tones[RunState(row.state)], row.get_state_display())

    @admin.display(description="Creators looked at")
    def progress(self, row: StatementRun) -> str:
        return f"{row.people:,} of {row.people_total:,}"

    @admin.display(description="Lines")
    def made(self, row: StatementRun) -> str:
        return f"{row.lines_made:,}"

    @admin.display(description="Books as of")
    def asked(self, row: StatementRun) -> SafeString:
        return when(row.as_of)

    @admin.display(description="By")
    def who(self, row: StatementRun) -> str:
        return str(row.by) if row.by else "command line"

    def page(self, request: HttpRequest, row: StatementRun) -> Page:
        form = Form(row.form)
        lines = row.lines.select_related("user").order_by("-net_minor", "id")[:_SHOWN]
        least = threshold_of(form, row.year)
        can_take = row.state == RunState.DONE and request.user.has_perm("tax.take_statements")
        return Page(
            title=self.what(row),
            subtitle=str(row),
            state=self.word(row),
            notice="Not collected yet, so missing for everybody: "
            f"{words_of(' '.join(IDENTITY[form]))}.",
            main=[
                Table(
                    f"Largest {_SHOWN} people",
                    [Cell("Person"), Cell("Earned", number=True), Cell("Missing")],
                    [
                        [
                            change_link("tax_statementline", line.pk, line.user),
                            amount(line.net_minor, line.currency),
                            missing_of(form, line),
                        ]
                        for line in lines
                    ],
                    empty="Nobody reached the threshold, or it is not made yet.",
                )
            ],
            side=[
                Facts(
                    "File",
                    [
                        Fact("CSV", format_html('<a class="c-link" href="{}">Take the file</a>',
                                                self.address("file", row.pk))
                             if can_take else "not ready, or not for you"),
                        Fact("Lines", self.made(row)),
                        Fact("Creators looked at", self.progress(row)),
                        Fact("From", str(least.least), hint=least.source),
                    ],
                ),
                Facts(
                    "Record",
                    [
                        Fact("Books as of", when(row.as_of)),
                        Fact("Made", when(row.done_at)),
                        Fact("By", self.who(row)),
                        Fact("Why", row.reason),
                    ],
                ),
            ],
        )  # fmt: skip


def missing_of(form: Form, line: StatementLine) -> str:
    """Return what must be collected of a person before the line can be sent."""
    return words_of(with_values(columns_of(form), line.values)["missing"])


@admin.register(StatementLine)
class StatementLineAdmin(ConsoleAdmin):
    list_display = ("person", "of", "earned", "missing")
    list_display_links = ("person",)
    list_select_related = ("run", "user")
    search_fields = ("run__id",)
    search_help_text = "The number of a file"
    intro = "People in statement files, and what must be collected before a file can be sent."
    empty_title = "Nobody yet"
    empty_text = "Have a year's statements made first."

    def matching(self, term: str) -> Q | None:
        number = as_id(term.lstrip("#"))
        return None if number is None else Q(run_id=number)

    @admin.display(description="Person")
    def person(self, row: StatementLine) -> str:
        return str(row.user)

    @admin.display(description="File")
    def of(self, row: StatementLine) -> str:
        return str(row.run)

    @admin.display(description="Earned")
    def earned(self, row: StatementLine) -> SafeString:
        return amount(row.net_minor, row.currency)

    @admin.display(description="Missing")
    def missing(self, row: StatementLine) -> str:
        return missing_of(Form(row.run.form), row)

    def values(self, row: StatementLine) -> dict[str, str]:
        return with_values(columns_of(Form(row.run.form)), row.values)

    def page(self, request: HttpRequest, row: StatementLine) -> Page:
        values = self.values(row)
        return Page(
            title=str(row.user),
            subtitle=f"In {row.run}",
            amount=self.earned(row),
            notice=f"Missing: {self.missing(row)}.",
            main=[
                Table(
                    "As it stands in the file",
                    [Cell("Column"), Cell("Value", number=True)],
                    [[name, value or "missing"] for name, value in values.items()],
                    empty="",
                )
            ],
            side=[
                Facts(
                    "File",
                    [Fact("Run", change_link("tax_statementrun", row.run_id, row.run))],
                )
            ],
        )
