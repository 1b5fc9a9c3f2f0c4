"""HTTP of the books, to read: accounts, entries, statements. For staff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.permissions import StaffPermission
from apps.audit import services as audit
from apps.core.api.cursors import (
    account_key,
    cursor_text,
    entry_key,
    line_key,
    page,
    read_cursor,
)
from apps.core.api.files import (
    JSON_FILE_OR_PAGE,
    Cell,
    csv_file,
    csv_lines,
    described,
    form_of,
    printable,
    question_of,
)
from apps.finance.ledger import errors
from apps.finance.ledger.api import queries
from apps.finance.ledger.api.serializers import AccountPage, EntryOutput, EntryPage, StatementPage
from apps.finance.ledger.chart import CHART
from apps.finance.ledger.selectors import accounts, general, journal
from apps.finance.ledger.selectors.accounts import AccountRow
from apps.finance.ledger.selectors.journal import Journal


class ReadsEntries(StaffPermission):
    permission = "ledger.view_entry"


class ReadsAccounts(StaffPermission):
    permission = "ledger.view_account"


class Accounts(APIView):
    """Accounts with their balances, by code, owner and currency."""

    permission_classes = (ReadsAccounts,)

    @extend_schema(
        operation_id="ledger_accounts_list",
        parameters=[queries.AccountsQuery],
        responses=AccountPage,
    )
    def get(self, request: Request) -> Response:
        asked = _checked(queries.AccountsQuery, request)
        size = asked["page_size"]
        rows = accounts.accounts_of(
            codes=queries.codes_of(asked.get("code")),
            owner=asked.get("owner", ""),
            currency=queries.currency_of(asked.get("currency")),
            after=read_cursor(asked.get("cursor"), account_key),
            limit=size + 1,
        )
        shown, last = rows[:size], rows[size - 1] if len(rows) > size else None
        cursor = cursor_text(last.code, last.owner, last.currency) if last else None
        return _answer(AccountPage(page(request, shown, cursor)).data)


class Entries(APIView):
    """Entries by accounting date, the newest first; as CSV their lines, the oldest first."""

    permission_classes = (ReadsEntries,)
    renderer_classes = JSON_FILE_OR_PAGE

    @extend_schema(
        operation_id="ledger_entries_list",
        parameters=[queries.EntriesQuery],
        responses=described(EntryPage, page=True),
    )
    def get(self, request: Request) -> HttpResponseBase | Response:
        asked = _checked(queries.EntriesQuery, request)
        wanted = queries.journal_of(asked, today=timezone.now().date())
        if form_of(request) == "csv":
            return _file(request, "entries", ENTRY_HEADINGS, _entry_lines(wanted))
        size = asked["page_size"]
        rows = journal.entries_of(
            wanted, before=read_cursor(asked.get("cursor"), entry_key), limit=size + 1
        )
        last = rows[size - 1] if len(rows) > size else None
        cursor = cursor_text(last.effective_on, last.id) if last else None
        found = page(request, rows[:size], cursor)
        if form_of(request) == "html":
            return printable(request, "reports/entries.html", found | {"wanted": wanted})
        return _answer(EntryPage(found).data)


class OneEntry(APIView):
    """An entry with its lines."""

    permission_classes = (ReadsEntries,)

    @extend_schema(responses=EntryOutput)
    def get(self, request: Request, entry_id: int) -> Response:
        entry = journal.entry_by_id(entry_id) if entry_id < 2**63 else None
        if entry is None:
            raise errors.EntryNotFound(entry=str(entry_id))
        return _answer(EntryOutput(entry).data)


class AccountStatement(APIView):
    """An account's lines of a period, the oldest first, each with the balance it left."""

    permission_classes = (ReadsAccounts,)
    renderer_classes = JSON_FILE_OR_PAGE

    @extend_schema(
        parameters=[queries.StatementQuery], responses=described(StatementPage, page=True)
    )
    def get(self, request: Request, account_id: int) -> HttpResponseBase | Response:
        asked = _checked(queries.StatementQuery, request)
        end = asked.get("end", timezone.now().date())
        start = asked.get("start", end.replace(day=1))
        queries.check_order(start, end)
        account = _account(account_id)
        if form_of(request) == "csv":
            lines = _statement_lines(account, start, end)
            return _file(request, f"account-{account.id}", STATEMENT_HEADINGS, lines)
        size = asked["page_size"]
        after = read_cursor(asked.get("cursor"), line_key)
        statement = accounts.statement_page(
            account, start=start, end=end, after=after, limit=size + 1
        )
        rows = statement.lines
        cursor = cursor_text(*rows[size - 1].key) if len(rows) > size else None
        found = page(
            request,
            rows[:size],
            cursor,
            account=account,
            start=start,
            end=end,
            opening=statement.opening,
            closing=statement.closing,
        )
        if form_of(request) == "html":
            return printable(request, "reports/account.html", found)
        return _answer(StatementPage(found).data)


ENTRY_HEADINGS = (
    "effective_on", "entry", "line", "number", "kind", "source", "brand", "memo", "posted_at",
    "code", "account", "owner", "currency", "debit", "credit",
)  # fmt: skip
STATEMENT_HEADINGS = (
    "effective_on", "entry", "line", "number", "kind", "source", "brand", "memo", "posted_at",
    "amount", "balance",
)  # fmt: skip


def _entry_lines(wanted: Journal) -> Iterator[Sequence[Cell]]:
    for row in journal.stream(wanted):
        is_debit = row.amount.minor > 0
        yield [
            row.effective_on, row.entry_id, row.n, row.number, row.kind, row.source, row.cluster,
            row.memo, row.posted_at, row.code, CHART[row.code].name, row.owner,
            row.amount.currency, row.amount if is_debit else None,
            None if is_debit else -row.amount,
        ]  # fmt: skip


def _statement_lines(account: AccountRow, start: date, end: date) -> Iterator[Sequence[Cell]]:
    for line in general.statement_lines(account, start=start, end=end):
        yield [
            line.effective_on, line.entry_id, line.n, line.number, line.kind, line.source,
            line.cluster, line.memo, line.posted_at, line.amount, line.balance,
        ]  # fmt: skip


def _account(account_id: int) -> AccountRow:
    account = accounts.account_by_id(account_id) if account_id < 2**63 else None
    if account is None:
        raise errors.AccountNotFound(account=str(account_id))
    return account


def _checked(query: type[Any], request: Request) -> dict[str, Any]:
    form = query(data=request.query_params)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def _answer(data: Any) -> Response:
    return Response(data, headers={"Cache-Control": "no-store"})


def _file(
    request: Request, name: str, headings: Sequence[str], rows: Iterator[Sequence[Cell]]
) -> StreamingHttpResponse:
    """Stream a file, and put on record who took it out of the books."""
    with transaction.atomic():
        audit.record(
            by=request.user,
            action="ledger.exported",
            subject=f"ledger.{name}",
            facts={"query": question_of(request)},
        )
    return csv_file(name, csv_lines(headings, rows))
