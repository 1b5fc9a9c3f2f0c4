"""The books in the console: every entry, every account, never a way to edit."""

from __future__ import annotations

import re
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.contrib import admin
from django.db.models import DecimalField, F, Prefetch, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.safestring import SafeString

from apps.core.admin import (
    Cell,
    ConsoleAdmin,
    DaysFilter,
    Fact,
    Facts,
    Page,
    Raw,
    Table,
    amount,
    as_id,
    change_link,
    source_link,
    state,
    when,
)
from apps.finance.ledger.chart import CHART
from apps.finance.ledger.choices import Side
from apps.finance.ledger.models import Account, Balance, BooksCheck, Entry, Line

NUMBER = re.compile(r"JE-\d{4}-0*(\d+)", re.IGNORECASE)
STATEMENT_ROWS = 50
#: PostgreSQL sums BIGINT as NUMERIC.
NUMERIC = DecimalField(max_digits=30, decimal_places=0)


@admin.register(Entry)
class EntryAdmin(ConsoleAdmin):
    list_display = ("number", "kind_word", "about", "brand", "money", "posted")
    list_display_links = ("number",)
    list_filter = ()
    search_fields = ("source",)
    search_help_text = "Entry number (JE-2026-000042) or source"
    intro = "Every business event, once. Nothing here can be edited; a mistake is reversed."
    empty_title = "The journal is empty"
    empty_text = "The first captured payment posts the first entry."
    found_by_search = True
    icon = "menu_book"
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
        reversal = Entry.objects.filter(reverses=row).first()
        if reversal:
            facts.append(Fact("Reversed by", entry_link(reversal.pk, reversal.number)))
        return Page(
            title=row.number,
            subtitle=row.get_kind_display(),
            state=state("REVERSED") if reversal else state("POSTED"),
            amount=self.money(row),
            main=[lines_table(lines)],
            side=[Facts("Entry", facts)],
        )


def entry_link(pk: int, text: str = "") -> SafeString:
    return change_link("ledger_entry", pk, text or f"entry {pk}")


def debits_of(lines: list[Line]) -> list[tuple[int, str]]:
    """Return what an entry debits, per currency; it credits the same."""
    ordered = sorted(lines, key=attrgetter("currency"))
    return [
        (sum(line.amount_minor for line in group if line.amount_minor > 0), currency)
        for currency, group in groupby(ordered, key=attrgetter("currency"))
    ]


def account_name(account: Account) -> str:
    name = CHART[account.code].name
    return f"{account.code} {name}" + (f" · {account.owner}" if account.owner else "")


def lines_table(lines: list[Line]) -> Table:
    rows = [
        [
            change_link("ledger_account", line.account_id, account_name(line.account)),
            amount(line.amount_minor, line.currency) if line.amount_minor > 0 else "",
            amount(-line.amount_minor, line.currency) if line.amount_minor < 0 else "",
        ]
        for line in lines
    ]
    totals = [
        [f"Total {currency}", amount(minor, currency), amount(minor, currency)]
        for minor, currency in debits_of(lines)
    ]
    columns = [Cell("Account"), Cell("Debit", number=True), Cell("Credit", number=True)]
    return Table("Lines", columns, rows, empty="It has no lines.", totals=totals)


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
    empty_text = "The first posting opens the accounts that it names."
    export_columns = ("code", "owner", "currency", "type", "normal_side", "opened_at", "closed_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        return super().get_queryset(request).prefetch_related("balances")

    def matching(self, term: str) -> Q:
        return Q(owner=term) if ":" in term else Q(code=term)

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

    def page(self, request: HttpRequest, row: Account) -> Page:
        before = cursor_of(request.GET.get("before", ""))
        held = sum(balance.held_minor for balance in row.balances.all())
        return Page(
            title=account_name(row),
            subtitle=f"{row.type.capitalize()} account in {row.currency}",
            state=self.word(row),
            amount=self.balance(row),
            main=[statement(row, before)],
            side=[
                Facts(
                    "Account",
                    [
                        Fact("Owner", source_link(row.owner) if row.owner else "the platform"),
                        Fact("Normal side", row.normal_side.lower()),
                        Fact("May be overdrawn", "yes" if row.allows_overdraft else "no"),
                        Fact("Held", amount(held, row.currency)),
                        Fact("Opened", when(row.opened_at)),
                        Fact("Closed", when(row.closed_at)),
                    ],
                )
            ],
        )


def sign_of(account: Account) -> int:
    return 1 if account.normal_side == Side.DEBIT else -1


def balance_minor(account: Account) -> int:
    rows = account.balances.all()
    return sign_of(account) * sum(row.debits_minor - row.credits_minor for row in rows)


def cursor_of(text: str) -> tuple[int, int] | None:
    """Read the ``<entry>.<n>`` of a link to older lines; None for anything else."""
    entry, _, n = text.partition(".")
    pk, number = as_id(entry), as_id(n)
    return None if pk is None or number is None else (pk, number)


def lines_below(account: Account, before: tuple[int, int] | None) -> QuerySet[Any]:
    """The account's lines, newest first, each with ``net`` and ``newer``.

    ``net`` is the account's balance now, ``newer`` what the lines from ``before`` on moved, both
    debits less credits. They come with the lines in one statement, so in one state of the
    books; only the pages already turned are summed, never the account's whole life.
    """
    mine = Line.objects.filter(account=account)
    balance = (
        Balance.objects.filter(account=account)
        .values("account_id")
        .annotate(total=Sum(F("debits_minor") - F("credits_minor")))
        .values("total")
    )
    if before is None:
        return mine.annotate(net=Subquery(balance), newer=Value(0))
    entry, n = before
    is_older = Q(entry_id__lt=entry) | Q(entry_id=entry, n__lt=n)
    turned = (
        mine.filter(entry_id__gte=entry)
        .exclude(is_older)
        .order_by()
        .values("account_id")
        .annotate(total=Sum("amount_minor"))
        .values("total")
    )
    return mine.filter(is_older, entry_id__lte=entry).annotate(
        net=Subquery(balance), newer=Coalesce(Subquery(turned), Value(0), output_field=NUMERIC)
    )


def statement(account: Account, before: tuple[int, int] | None) -> Table:
    """The account's lines, newest first, each with the balance that it left."""
    lines = lines_below(account, before).select_related("entry")
    shown = list(lines.order_by("-entry_id", "-n")[: STATEMENT_ROWS + 1])
    running, sign, rows = shown[0].net - shown[0].newer if shown else 0, sign_of(account), []
    for line in shown[:STATEMENT_ROWS]:
        rows.append(
            [
                entry_link(line.entry_id, line.entry.number),
                line.entry.get_kind_display(),
                when(line.entry.posted_at),
                amount(sign * line.amount_minor, line.currency),
                amount(sign * int(running), line.currency),
            ]
        )
        running -= line.amount_minor
    last = shown[STATEMENT_ROWS - 1] if len(shown) > STATEMENT_ROWS else None
    return Table(
        "Statement",
        [
            Cell("Entry"),
            Cell("What"),
            Cell("Posted"),
            Cell("Amount", number=True),
            Cell("Balance", number=True),
        ],
        rows,
        empty="No line has touched this account.",
        more=f"?before={last.entry_id}.{last.n}" if last else "",
    )


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
