"""Accounts in the console: what they have, what moved them, and what staff may do to them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import DecimalField, F, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.safestring import SafeString

from apps.core.admin import (
    Cell,
    ConsoleAdmin,
    Fact,
    Facts,
    Page,
    Table,
    amount,
    as_id,
    source_link,
    state,
    when,
)
from apps.finance.ledger.admin.shown import account_name, entry_link, sign_of
from apps.finance.ledger.models import Account, Balance, Line

STATEMENT_ROWS = 50
#: PostgreSQL sums BIGINT as NUMERIC.
NUMERIC = DecimalField(max_digits=30, decimal_places=0)


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
