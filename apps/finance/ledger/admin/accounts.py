"""Accounts in the console: the chart as a tree, what moved each, what staff may do to them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.safestring import SafeString

from apps.core.admin import (
    Ask,
    Cell,
    ConsoleAdmin,
    Fact,
    Facts,
    Page,
    Table,
    Way,
    amount,
    change_link,
    source_link,
    state,
    when,
)
from apps.finance.ledger import selectors as books
from apps.finance.ledger.admin.account_verbs import ACCOUNT_VERBS
from apps.finance.ledger.admin.shown import account_name, sign_of
from apps.finance.ledger.admin.statement import cursor_of, dated_statement, statement
from apps.finance.ledger.choices import HoldState
from apps.finance.ledger.models import Account, Hold
from apps.finance.ledger.postings import AccountRef
from apps.finance.ledger.selectors.tree import chart_tree

OPEN_HOLDS = 10
#: A slip of a digit must not ask for a thousand years.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)


class DaysForm(forms.Form):
    """Which accounting days of an account to look at."""

    day = forms.DateInput(attrs={"type": "date"})
    start = forms.DateField(label="From", required=False, widget=day)
    end = forms.DateField(label="To", required=False, widget=day)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        start, end = given.get("start"), given.get("end")
        for name in ("start", "end"):
            if given.get(name) and not FIRST_DAY <= given[name] <= LAST_DAY:
                self.add_error(name, f"Choose a day from {FIRST_DAY:%Y} to {LAST_DAY:%Y}.")
        if start and end and start > end:
            self.add_error("end", "It must not be before the first day.")
        return given


@admin.register(Account)
class AccountAdmin(ConsoleAdmin):
    list_display = ("name", "type_word", "currency", "balance", "word")
    list_display_links = ("name",)
    list_filter = ("type",)
    search_fields = ("owner",)
    search_help_text = "Code (2100) or owner (profile:17)"
    ordering = ("code", "owner", "currency", "id")
    intro = "Accounts open with their first posting. Balances are positive on their normal side."
    empty_title = "No account is open"
    verbs = ACCOUNT_VERBS
    empty_text = "The first posting opens the accounts that it names."
    export_columns = ("code", "owner", "currency", "type", "normal_side", "opened_at", "closed_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        return super().get_queryset(request).prefetch_related("balances")

    def matching(self, term: str) -> Q:
        return Q(owner=term) if ":" in term else Q(code=term)

    def ways_on(self, request: HttpRequest) -> list[Way]:
        return [Way("Chart of accounts", self.address("chart"))]

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        return [
            path("chart/", gate(self.chart_view), name="ledger_account_chart"),
            *super().get_urls(),
        ]

    @admin.display(description="Account")
    def name(self, row: Account) -> str:
        return account_name(row)

    @admin.display(description="Type")
    def type_word(self, row: Account) -> str:
        return row.type.capitalize()

    @admin.display(description="Balance")
    def balance(self, row: Account) -> SafeString:
        return amount(balance_minor(row), row.currency)

    @admin.display(description="State")
    def word(self, row: Account) -> SafeString:
        if row.closed_at:
            return state("CLOSED")
        return state("HELD", "Frozen") if row.is_frozen else state("ACTIVE", "Open")

    # --- The chart -------------------------------------------------------------------------

    def chart_view(self, request: HttpRequest) -> HttpResponse:
        """Show the chart as a tree; it opens and closes without a script."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            "title": "Chart of accounts",
            "tree": chart_tree(),
            "list_address": self.address("changelist"),
        }
        return self.drawn(request, "admin/ledger/chart.html", context)

    # --- One account -----------------------------------------------------------------------

    def page(self, request: HttpRequest, row: Account) -> Page:
        days = DaysForm(request.GET)
        start, end = chosen_days(days)
        if start or end:
            table = dated_statement(row, start, end, request.GET.get("after", ""))
        else:
            table = statement(row, cursor_of(request.GET.get("before", "")))
        holds = open_holds(row)
        return Page(
            title=account_name(row),
            subtitle=f"{row.type.capitalize()} account in {row.currency}",
            state=self.word(row),
            amount=self.balance(row),
            main=[
                Ask("Accounting days", days, clear=self.address("change", row.pk)),
                table,
                *([holds] if holds.rows else []),
            ],
            side=[Facts("Account", account_facts(row, end))],
        )


def chosen_days(form: DaysForm) -> tuple[date | None, date | None]:
    """Return the days asked for; none if what was typed makes no sense."""
    if not form.is_valid():
        return None, None
    return form.cleaned_data["start"], form.cleaned_data["end"]


def account_facts(row: Account, on: date | None) -> list[Fact]:
    """Return what the account is and has; ``on`` asks for the balance of that day, too."""
    held = sum(balance.held_minor for balance in row.balances.all())
    facts = [
        Fact("Owner", source_link(row.owner) if row.owner else "the platform"),
        Fact("Normal side", row.normal_side.lower()),
        Fact("May be overdrawn", "yes" if row.allows_overdraft else "no"),
        Fact("Held", amount(held, row.currency)),
        Fact("Available", amount(balance_minor(row) - held, row.currency)),
        Fact("Opened", when(row.opened_at)),
        Fact("Closed", when(row.closed_at)),
    ]
    if on:
        then = books.balance_as_of(AccountRef(row.code, row.owner), row.currency, on=on)
        facts.insert(0, Fact(f"Balance on {on:%d %b %Y}", amount(then.minor, then.currency)))
    return facts


def open_holds(row: Account) -> Table:
    """What of the balance is promised and so cannot be spent."""
    holds = Hold.objects.filter(account=row, state=HoldState.OPEN).order_by("-id")
    rows = [
        [
            change_link("ledger_hold", hold.pk, hold.source),
            amount(hold.open_minor, row.currency),
            when(hold.placed_at),
            when(hold.expires_at, absent="never"),
        ]
        for hold in holds[:OPEN_HOLDS]
    ]
    columns = [Cell("For"), Cell("Held", number=True), Cell("Placed"), Cell("Expires")]
    return Table("Held now", columns, rows, empty="Nothing is held.")


def balance_minor(account: Account) -> int:
    rows = account.balances.all()
    return sign_of(account) * sum(row.debits_minor - row.credits_minor for row in rows)


@admin.register(Hold)
class HoldAdmin(ConsoleAdmin):
    list_display = ("source", "holder", "money", "left", "word", "expires")
    list_display_links = ("source",)
    list_filter = ("state",)
    list_select_related = ("account",)
    search_fields = ("source",)
    search_help_text = "Source"
    intro = "Money promised: still in its account, but nothing else can spend it."
    empty_title = "Nothing was ever held"
    empty_text = "A hold is placed before money moves, and captured, released or left to expire."
    export_columns = (
        "source",
        "account.code",
        "account.owner",
        "account.currency",
        "amount_minor",
        "captured_minor",
        "released_minor",
        "state",
        "placed_at",
        "expires_at",
        "ended_at",
    )

    def matching(self, term: str) -> Q:
        return Q(source=term)

    @admin.display(description="Account")
    def holder(self, row: Hold) -> SafeString:
        return change_link("ledger_account", row.account_id, account_name(row.account))

    @admin.display(description="Amount")
    def money(self, row: Hold) -> SafeString:
        return amount(row.amount_minor, row.account.currency)

    @admin.display(description="Still held")
    def left(self, row: Hold) -> SafeString:
        return amount(row.open_minor, row.account.currency)

    @admin.display(description="State")
    def word(self, row: Hold) -> SafeString:
        return state(row.state, row.get_state_display())

    @admin.display(description="Expires")
    def expires(self, row: Hold) -> SafeString:
        return when(row.expires_at, absent="never")

    def page(self, request: HttpRequest, row: Hold) -> Page:
        currency = row.account.currency
        return Page(
            title=row.source,
            subtitle="Hold",
            state=self.word(row),
            amount=self.left(row),
            main=[
                Facts(
                    "Amounts",
                    [
                        Fact("Placed", amount(row.amount_minor, currency)),
                        Fact("Captured", amount(row.captured_minor, currency)),
                        Fact("Released", amount(row.released_minor, currency)),
                        Fact("Still held", amount(row.open_minor, currency)),
                    ],
                )
            ],
            side=[
                Facts(
                    "Hold",
                    [
                        Fact("Account", self.holder(row)),
                        Fact("For", source_link(row.source)),
                        Fact("Brand", row.cluster or "all"),
                        Fact("Placed", when(row.placed_at)),
                        Fact("Expires", when(row.expires_at, absent="never")),
                        Fact("Ended", when(row.ended_at)),
                        Fact("Memo", row.memo or "none"),
                    ],
                )
            ],
        )
