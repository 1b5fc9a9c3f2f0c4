"""The financial reports in FanzDash: choose, compare, draw, and go down to the entries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from apps.core.admin import Cell, Table, amount, change_link, source_link
from apps.core.errors import DomainError
from apps.core.money import MINUS, Money
from apps.dash.views.charts import sums_chart, trends
from apps.dash.views.filters import ReportForm, first_words, shortcuts
from apps.finance.ledger.chart import CHART
from apps.finance.ledger.choices import EntryKind, Side
from apps.finance.ledger.selectors.journal import Journal, JournalEntry, entries_of
from apps.finance.reports import selectors
from apps.finance.reports.rules.statements import Drill, Report, Row, Scope

PERMISSION = "reports.view_report"
ENTRIES_ON_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Kind:
    """A report of the menu: how it is made, and where the API has it as a file."""

    title: str
    icon: str
    make: Callable[[Scope], Report]
    api: str
    compare: str = "previous"
    lead: str = ""


REPORTS = {
    "profit-loss": Kind(
        "Profit and loss",
        "trending_up",
        selectors.profit_and_loss,
        "reports:profit_loss",
        lead="Income and expenses of a period, and the result they leave.",
    ),
    "balance-sheet": Kind(
        "Balance sheet",
        "balance",
        selectors.balance_sheet,
        "reports:balance_sheet",
        lead="What the platform has and owes at the end of a day.",
    ),
    "cash-flow": Kind(
        "Cash flow",
        "water_drop",
        selectors.cash_flow,
        "reports:cash_flow",
        lead="Where cash came from and where it went, from opening to closing.",
    ),
    "trial-balance": Kind(
        "Trial balance",
        "scale",
        selectors.trial_balance,
        "reports:trial_balance",
        compare="none",
        lead="Every account code: where it stood, what moved, where it stands. Both sides agree.",
    ),
}


# --- A report -------------------------------------------------------------------------------


def report_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show a report, or say in words what is wrong with the question."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    kind = REPORTS.get(name)
    if kind is None:
        raise Http404
    today = timezone.now().date()
    asked = request.GET or {"period": f"{today:%Y-%m}", "compare": kind.compare}
    form = ReportForm(asked)
    report, wrong = None, ""
    if not form.is_valid():
        wrong = first_words(form)
    else:
        try:
            report = kind.make(form.scope(today))
        except DomainError as error:
            wrong = str(error)
    context = {
        "title": kind.title,
        "kind": kind,
        "form": form,
        "wrong": wrong,
        "shortcuts": shortcuts(today, request.GET),
        "report": report,
        "sheets": shown_sheets(report, today),
        "is_compared": bool(report and report.scope.compared and len(report.columns) == 2),  # noqa: PLR2004
        "files": files_of(kind, request) if report else [],
    }
    return drawn(request, "admin/reports/report.html", context, status=422 if wrong else 200)


def drawn(
    request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
) -> TemplateResponse:
    whole = {**admin.site.each_context(request), **context}
    request.current_app = admin.site.name
    return TemplateResponse(request, template, whole, status=status)


def files_of(kind: Kind, request: HttpRequest) -> list[tuple[str, str]]:
    """Return the same report as a file, as data and as a page to print."""
    query = {name: value for name, value in request.GET.items() if value}
    if not query:
        query = {"period": f"{timezone.now():%Y-%m}", "compare": kind.compare}
    address = reverse(kind.api)
    return [
        (label, f"{address}?{urlencode({**query, 'format': form})}")
        for label, form in (("CSV", "csv"), ("JSON", "json"), ("Page to print", "html"))
    ]


def shown_sheets(report: Report | None, today: date) -> list[dict[str, Any]]:
    """Return the sheets with their charts: profit and loss over time, others by their sums."""
    if report is None:
        return []
    over_time = trends(report.scope, today) if report.name == "profit-loss" else {}
    return [
        {
            "currency": sheet.currency,
            "rows": [shown_row(row) for row in sheet.shown],
            "chart": over_time.get(sheet.currency) or sums_chart(report, sheet),
        }
        for sheet in report.sheets
    ]


def shown_row(row: Row) -> dict[str, Any]:
    return {
        "label": row.label,
        "code": row.code,
        "role": row.role.value,
        "level": row.level,
        "cells": [
            {
                "text": figure_text(figure.amount),
                "is_minus": figure.amount.minor < 0,
                "href": entries_address(figure.drill) if figure.drill and figure.amount else "",
            }
            for figure in row.figures
        ],
        "change": figure_text(row.change, signed=True) if row.change is not None else None,
        "percent": percent_text(row),
    }


def figure_text(money: Money, *, signed: bool = False) -> str:
    """Write a figure without its currency, which the sheet names."""
    sign = MINUS if money.minor < 0 else "+" if signed and money.minor else ""
    return f"{sign}{abs(money.decimal):,f}"


def percent_text(row: Row) -> str:
    share = row.change_percent
    if share is None:
        return "new" if row.change else ""
    sign = MINUS if share < 0 else "+" if share else ""
    return f"{sign}{abs(share):,f} %"


# --- Down to the entries ----------------------------------------------------------------------


def entries_address(drill: Drill) -> str:
    """Return the console's page of the entries that a figure is made of."""
    return f"{reverse('admin:report_entries')}?{urlencode(drill.params())}"


def report_entries(request: HttpRequest) -> HttpResponse:
    """List the entries behind a figure, the newest day first."""
    if not (request.user.has_perm(PERMISSION) and request.user.has_perm("ledger.view_entry")):
        raise PermissionDenied
    journal = journal_of(request)
    if journal is None:
        return drawn(
            request,
            "admin/reports/entries.html",
            {"title": "Entries", "wrong": "The link is broken: go back to the report."},
            status=422,
        )
    before = cursor_of(request.GET.get("before", ""))
    found = entries_of(journal, before=before, limit=ENTRIES_ON_A_PAGE + 1)
    shown, more = found[:ENTRIES_ON_A_PAGE], ""
    if len(found) > ENTRIES_ON_A_PAGE:
        query = request.GET.dict() | {
            "before": f"{shown[-1].effective_on.isoformat()}.{shown[-1].id}"
        }
        more = f"?{urlencode(query)}"
    context = {
        "title": "Entries",
        "words": words_of(journal),
        "section": entries_table(journal, shown, more),
    }
    return drawn(request, "admin/reports/entries.html", context)


def journal_of(request: HttpRequest) -> Journal | None:
    """Read the filter of a figure's link; None if no report wrote it."""
    asked = request.GET
    codes, kinds, but_kinds, beside = (
        tuple(filter(None, asked.get(name, "").split(",")))
        for name in ("code", "kind", "not_kind", "beside")
    )
    known = set(EntryKind.values)
    if any("\0" in value for value in asked.values()):  # no text column holds it
        return None
    try:
        end = date.fromisoformat(asked.get("end", ""))
        start = date.fromisoformat(asked["start"]) if asked.get("start") else None
    except ValueError:
        return None
    if not {*codes, *beside} <= set(CHART) or not {*kinds, *but_kinds} <= known:
        return None
    if asked.get("side", "") not in {"", *Side.values}:
        return None
    return Journal(
        end=end,
        start=start,
        codes=codes,
        kinds=kinds,
        but_kinds=but_kinds,
        cluster=asked.get("brand", ""),
        currency=asked.get("currency", ""),
        owner=asked.get("owner", ""),
        side=asked.get("side", ""),
        beside=beside,
    )


def cursor_of(text: str) -> tuple[date, int] | None:
    day, _, pk = text.partition(".")
    if not (pk.isascii() and pk.isdigit() and len(pk) < 19):  # noqa: PLR2004 (digits of a BIGINT)
        return None
    try:
        return date.fromisoformat(day), int(pk)
    except ValueError:
        return None


def words_of(journal: Journal) -> str:
    """Return the filter in a sentence."""
    parts = [
        ", ".join(f"{code} {CHART[code].name}" for code in journal.codes) or "all accounts",
        f"from {journal.start:%d %b %Y}" if journal.start else "from the beginning",
        f"to {journal.end:%d %b %Y}",
    ]
    parts += [journal.cluster] if journal.cluster else []
    parts += [f"in {journal.currency}"] if journal.currency else []
    parts += [f"of {journal.owner}"] if journal.owner else []
    parts += [f"{journal.side.lower()}s only"] if journal.side else []
    if journal.beside:
        parts.append(f"in entries with a line on {', '.join(journal.beside)}")
    if journal.kinds:
        parts.append("only " + ", ".join(str(EntryKind(kind).label) for kind in journal.kinds))
    if journal.but_kinds:
        but = ", ".join(str(EntryKind(kind).label).lower() for kind in journal.but_kinds)
        parts.append(f"without: {but}")
    return "; ".join(parts)


def entries_table(journal: Journal, entries: list[JournalEntry], more: str) -> Table:
    rows = [
        [
            change_link("ledger_entry", entry.id, entry.number),
            f"{entry.effective_on:%d %b %Y}",
            EntryKind(entry.kind).label,
            entry.cluster or "all",
            source_link(entry.source),
            *sides_of(journal, entry),
        ]
        for entry in entries
    ]
    return Table(
        "Entries",
        [
            Cell("Entry"),
            Cell("Date"),
            Cell("What"),
            Cell("Brand"),
            Cell("Source"),
            Cell("Debit", number=True),
            Cell("Credit", number=True),
        ],
        rows,
        empty="No entry is behind this figure.",
        more=more,
        more_text="Older entries",
    )


def sides_of(journal: Journal, entry: JournalEntry) -> list[Any]:
    """Return what the entry's lines that the filter means debit and credit."""
    lines = [line for line in entry.lines if journal.counts(line)]
    currencies = {line.amount.currency for line in lines}
    if len(currencies) != 1:
        return ["several currencies", ""]
    currency = currencies.pop()
    debits = sum(line.amount.minor for line in lines if line.amount.minor > 0)
    credits_ = -sum(line.amount.minor for line in lines if line.amount.minor < 0)
    return [amount(side, currency) if side else "" for side in (debits, credits_)]
