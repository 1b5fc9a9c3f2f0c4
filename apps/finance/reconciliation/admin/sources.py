"""Sources of statements: which account they prove, and by which rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
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
    Raw,
    Table,
    Verb,
    Way,
    amount,
    ask_with,
    change_link,
    state,
)
from apps.core.money import Money
from apps.finance.reconciliation import services as reconciliation
from apps.finance.reconciliation.adapters import FORMATS, READY, Ready
from apps.finance.reconciliation.admin.forms import RulesForm, SourceForm
from apps.finance.reconciliation.admin.shown import days, progress_of, statement_state
from apps.finance.reconciliation.models import StatementSource


def rules_run(
    row: StatementSource,
    by: Any,
    reason: str,
    *,
    tolerance: Decimal | None,
    **answers: Any,
) -> str:
    changes = {key: value for key, value in answers.items() if value is not None}
    if tolerance is not None:
        changes["tolerance_minor"] = Money.of(tolerance, row.currency).minor
    reconciliation.set_source(
        source_id=row.pk, changes=changes, by=by, reason=reason, now=timezone.now()
    )
    return "The rules are changed for the runs to come."


def switch_run(row: StatementSource, by: Any, reason: str) -> str:
    done = reconciliation.set_source(
        source_id=row.pk,
        changes={"is_active": not row.is_active},
        by=by,
        reason=reason,
        now=timezone.now(),
    )
    return "It is in use." if done.is_active else "It is switched off."


def _begun(ready: Ready) -> dict[str, Any]:
    return {
        "name": ready.title,
        "code": "1100",
        "owner": ready.owner,
        "format_name": ready.format,
        "compares": ready.compares,
        "mapping": ready.mapping,
    }


RULES = Verb(
    name="rules",
    label="Change the rules",
    permission="reconciliation.set_source",
    preview=lambda row, _by: (
        f"Changes how later statements of {row} are read and matched. Matches made stay."
    ),
    run=rules_run,
    form=RulesForm,
    icon="tune",
)
SWITCH = Verb(
    name="switch",
    label="Switch on or off",
    permission="reconciliation.set_source",
    preview=lambda row, _by: (
        "No statement can be imported, and closing a month does not wait for one."
        if row.is_active
        else "Statements can be imported again, and closing a month waits for them."
    ),
    run=switch_run,
    danger=True,
    icon="power_settings_new",
)


ADD = Asked(
    "Add a source of statements",
    "One for each account that a bank, a processor or a rail keeps for us.",
    "Add the source",
    "reconciliation.set_source",
)


@admin.register(StatementSource)
class StatementSourceAdmin(ConsoleAdmin):
    list_display = ("name", "account_name", "currency", "format_name", "word")
    list_display_links = ("name",)
    intro = "Who keeps an account for us and sends statements of it, and how they are read."
    empty_title = "No sources yet"
    empty_text = "Add one for each bank account, processor and payout rail."
    verbs = (RULES, SWITCH)

    def ways_on(self, request: HttpRequest) -> list[Way]:
        if not request.user.has_perm("reconciliation.set_source"):
            return []
        return [
            Way("Ready formats", self.address("ready")),
            Way("Add a source", self.address("new"), is_main=True),
        ]

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        label = "reconciliation_statementsource"
        return [
            path("new/", gate(self.new_view), name=f"{label}_new"),
            path("ready/", gate(self.ready_view), name=f"{label}_ready"),
            *super().get_urls(),
        ]

    def ready_view(self, request: HttpRequest) -> HttpResponse:
        """Show how each processor's report is read, and lead to a source that does."""
        if not request.user.has_perm("reconciliation.set_source"):
            raise PermissionDenied
        page = Page(
            title="Ready formats",
            subtitle="How processors' settlement reports are read; each is a beginning.",
            main=[
                Table(
                    "Processors",
                    [Cell("Report"), Cell("State"), Cell("Where its columns are from")],
                    [
                        [
                            format_html(
                                '<a class="c-link" href="{}?ready={}">{}</a>',
                                self.address("new"),
                                name,
                                ready.title,
                            ),
                            state("UNKNOWN", "Template: compare a first file")
                            if ready.is_template
                            else state("ACTIVE", "Ready"),
                            ready.source,
                        ]
                        for name, ready in READY.items()
                    ],
                    empty="",
                )
            ],
        )
        context = {"title": page.title, "original": page.title, "page": page, "verbs": []}
        return self.drawn(request, "admin/console/detail.html", context)

    @admin.display(description="Account")
    def account_name(self, row: StatementSource) -> str:
        return f"{row.code} {row.owner}"

    @admin.display(description="Format")
    def format_name(self, row: StatementSource) -> str:
        return FORMATS[row.format].title

    @admin.display(description="State")
    def word(self, row: StatementSource) -> SafeString:
        return state("ACTIVE", "In use") if row.is_active else state("OFF", "Switched off")

    def page(self, request: HttpRequest, row: StatementSource) -> Page:
        latest = row.statements.order_by("-period_end", "-id").select_related("source")[:24]
        return Page(
            title=row.name,
            subtitle="Source of statements",
            state=self.word(row),
            main=[
                Table(
                    "Statements",
                    [Cell("Period"), Cell("State"), Cell("Lines matched")],
                    [
                        [
                            change_link("reconciliation_statement", one.pk, days(one)),
                            statement_state(one),
                            progress_of(one),
                        ]
                        for one in latest
                    ],
                    empty="None was imported yet.",
                ),
                Raw.of_json("Mapping: which column of the file is what", row.mapping),
            ],
            side=[
                Facts(
                    "Rules",
                    [
                        Fact("Account", self.account_name(row)),
                        Fact("Currency", row.currency),
                        Fact("Format", self.format_name(row)),
                        Fact("The books have", row.get_compares_display().lower()),
                        Fact("Dates may differ by", f"{row.date_window_days} days"),
                        Fact("Missing, or late, after", f"{row.settlement_days} days"),
                        Fact("Tolerance", amount(row.tolerance_minor, row.currency)),
                    ],
                )
            ],
        )

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Set up a source."""
        ready = READY.get(request.GET.get("ready", ""))
        form = SourceForm(request.POST or None, initial=_begun(ready) if ready else None)
        return ask_with(
            self, request, ADD, form=form, do=lambda _by: self.add(request, form.cleaned_data)
        )

    def add(self, request: HttpRequest, given: dict[str, Any]) -> HttpResponse:
        """
        :raises DomainError: as ``add_source``
        """
        tolerance = Money.of(given.pop("tolerance"), given["currency"])
        source = reconciliation.add_source(
            **given, tolerance_minor=tolerance.minor, by=request.user, now=timezone.now()
        )
        return HttpResponseRedirect(self.address("change", source.pk))
