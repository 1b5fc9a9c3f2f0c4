"""The general ledger and a creator's statement in FanzDash."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from apps.core.admin import Cell, Fact, Facts, Table, amount, change_link
from apps.core.show import money_text
from apps.dash.views.filters import ReportForm
from apps.dash.views.pieces import Piece, asked_of, check, page_of
from apps.dash.views.reports import drawn, entries_address
from apps.finance.ledger.chart import LEAVES
from apps.finance.ledger.selectors import general
from apps.finance.ledger.selectors.accounts import AccountKey
from apps.finance.reports import errors, selectors
from apps.finance.reports.api.serializers import account_drill
from apps.finance.reports.rules.earnings import CreatorStatement, EarningsSheet, Holdings
from apps.finance.reports.rules.statements import Scope

ACCOUNTS_ON_A_PAGE = 50


class LedgerForm(ReportForm):
    code = forms.ChoiceField(
        label="Account code",
        required=False,
        choices=[
            ("", "All codes"),
            *((leaf.code, f"{leaf.code} {leaf.name}") for leaf in LEAVES.values()),
        ],
    )
    owner = forms.CharField(
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"placeholder": "profile:17"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, has_comparison=False, **kwargs)
        del self.fields["translate"]


class CreatorForm(ReportForm):
    creator = forms.IntegerField(
        min_value=1,
        max_value=2**63 - 1,
        label="Profile number",
        help_text="As in the address of the creator's profile.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, has_comparison=False, **kwargs)
        for name in ("translate", "brand", "currency"):
            del self.fields[name]


# --- The general ledger -------------------------------------------------------------------------


def ledger_page(request: HttpRequest) -> HttpResponse:
    """Show each account of a period: opening, movements, closing."""
    check(request)
    form = LedgerForm(asked_of(request))
    return page_of(
        request,
        title="General ledger",
        lead="Every account with what it had, what moved, and what it has. The file has lines.",
        form=form,
        pieces=lambda: ledger_pieces(request, form),
        api="reports:general_ledger",
        forms_of_file=(
            ("CSV with all lines", "csv"),
            ("JSON", "json"),
            ("Page to print", "html"),
        ),
    )


def ledger_pieces(request: HttpRequest, form: LedgerForm) -> list[Piece]:
    scope, code = form.scope(timezone.now().date()), form.cleaned_data["code"]
    wanted = general.Wanted(
        start=scope.period.start,
        end=scope.period.end,
        codes=(code,) if code else (),
        owner=form.cleaned_data["owner"],
        currency=scope.currency,
        cluster=scope.cluster,
    )
    found = general.general_ledger(
        wanted, after=key_of(request.GET.get("after", "")), limit=ACCOUNTS_ON_A_PAGE + 1
    )
    shown, more = found[:ACCOUNTS_ON_A_PAGE], ""
    if len(found) > ACCOUNTS_ON_A_PAGE:
        last = shown[-1]
        after = f"{last.code}|{last.owner}|{last.currency}"
        more = f"?{urlencode({**dict(form.data.items()), 'after': after})}"
    rows = [
        [account_link(row, scope), *(amount(m.minor, m.currency) for m in row[5:9])]
        for row in shown
    ]
    names = ("Account", "Opening", "Debits", "Credits", "Closing")
    columns = [Cell(name, number=n > 0) for n, name in enumerate(names)]
    table = Table(
        scope.period.label,
        columns,
        rows,
        empty="No account had or moved anything in this period.",
        more=more,
        more_text="More accounts",
    )
    return [Piece(section=table)]


def account_link(row: general.LedgerRow, scope: Scope) -> Any:
    """Return a link to the account's lines of the same days."""
    name = f"{row.code} {row.name}" + (f" · {row.owner}" if row.owner else "")
    if scope.cluster:  # the account's page knows no brands
        href = entries_address(account_drill(row, scope))
        return format_html('<a class="c-link" href="{}">{}</a>', href, name)
    address = reverse("admin:ledger_account_change", args=[row.id])
    days = urlencode({"start": scope.period.start, "end": scope.period.end})
    return format_html('<a class="c-link" href="{}?{}">{}</a>', address, days, name)


def key_of(text: str) -> AccountKey | None:
    parts = text.split("|")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 and "\0" not in text else None  # noqa: PLR2004


# --- A creator's statement


def creator_page(request: HttpRequest) -> HttpResponse:
    """Show what a creator earned and got; without a creator, ask for one."""
    check(request)
    asked = request.GET if request.GET.get("creator") else None
    form = CreatorForm(asked, initial={"period": f"{timezone.now():%Y-%m}"})
    if asked is None:
        context = {
            "title": "Creator statement",
            "lead": "Choose the creator by the number of the profile.",
            "form": form,
            "shortcuts": [],
        }
        return drawn(request, "admin/reports/pieces.html", context)
    return page_of(
        request,
        title="Creator statement",
        lead="What a creator earned, what was kept, what was paid out, and what is left.",
        form=form,
        pieces=lambda: creator_pieces(form, timezone.now().date()),
        api="reports:creator_statement",
        forms_of_file=(("CSV", "csv"), ("JSON", "json"), ("Page to print", "html")),
    )


def creator_pieces(form: CreatorForm, today: date) -> list[Piece]:
    """:raises CreatorNotFound: no creator has that number"""
    profile = selectors.creator_by_id(form.cleaned_data["creator"])
    if profile is None:
        raise errors.CreatorNotFound()
    statement = selectors.creator_statement(profile=profile, period=form.scope(today).period)
    head = Facts(
        f"{statement.display_name}, {statement.period.label}",
        [
            Fact("Creator", change_link("accounts_profile", profile.pk, f"@{statement.handle}")),
            Fact("Brand", statement.cluster),
            Fact("Proved", "yes" if statement.is_proved else "NO: do not send it out"),
        ],
    )
    return [Piece(section=head), *sheets_of(statement)]


def sheets_of(statement: CreatorStatement) -> list[Piece]:
    if not statement.sheets:
        empty = Table("Earnings", [Cell("Kind")], [], empty="Nothing was earned until then.")
        return [Piece(section=empty)]
    return [Piece(section=earnings_table(sheet)) for sheet in statement.sheets]


def earnings_table(sheet: EarningsSheet) -> Table:
    rows: list[list[Any]] = [held("At the beginning", sheet.opening)]
    for line in sheet.lines:
        net = format_html(
            '<a class="c-link" href="{}">{}</a>',
            entries_address(line.drill),
            money_text(line.net),
        )
        amounts = (line.gross, line.platform_fee, line.processing_fee)
        rows.append([line.label, *(amount(m.minor, m.currency) for m in amounts), net])
    names = ("Kind", "Gross", "Platform fee", "Processing fee", "Net")
    return Table(
        f"Earnings in {sheet.currency}",
        [Cell(name, number=n > 0) for n, name in enumerate(names)],
        rows,
        empty="Nothing moved in this period.",
        totals=[held("At the end", sheet.closing)],
    )


def held(label: str, holdings: Holdings) -> list[Any]:
    parts = [f"available {money_text(holdings.available)}"]
    parts += [f"reserve {money_text(holdings.reserve)}"] if holdings.reserve else []
    parts += [f"owed {money_text(holdings.owed)}"] if holdings.owed else []
    total = holdings.total
    return [f"{label}: {', '.join(parts)}", "", "", "", amount(total.minor, total.currency)]
