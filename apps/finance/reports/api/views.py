"""HTTP of the reports: read the query, ask one selector, answer in the form asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.permissions import StaffPermission
from apps.core.api.cursors import account_key, cursor_text, page, read_cursor
from apps.core.api.files import JSON_FILE_OR_PAGE, described, form_of, printable
from apps.finance.ledger.selectors import general
from apps.finance.ledger.selectors.general import LedgerRow
from apps.finance.reports import selectors
from apps.finance.reports.api.answers import answer, as_json, file
from apps.finance.reports.api.queries import LedgerQuery, ReportQuery, codes_of, scope_of
from apps.finance.reports.api.serializers import (
    LedgerPage,
    ReportOutput,
    account_drill,
    entries_link,
    statement_link,
)
from apps.finance.reports.exports import files
from apps.finance.reports.rules.statements import Scope


class ReadsReports(StaffPermission):
    permission = "reports.view_report"


class StaffReport(APIView):
    """A report for staff."""

    permission_classes = (ReadsReports,)
    renderer_classes: Sequence[type[BaseRenderer]] = JSON_FILE_OR_PAGE


def _scope(request: Request) -> Scope:
    query = ReportQuery(data=request.query_params)
    query.is_valid(raise_exception=True)
    return scope_of(query.validated_data, today=timezone.now().date())


class ProfitAndLoss(StaffReport):
    """Income and expenses of a period, and the result."""

    @extend_schema(parameters=[ReportQuery], responses=described(ReportOutput, page=True))
    def get(self, request: Request) -> HttpResponseBase | Response:
        return answer(request, selectors.profit_and_loss(_scope(request)))


class BalanceSheet(StaffReport):
    """Assets, liabilities and equity at the end of a period."""

    @extend_schema(parameters=[ReportQuery], responses=described(ReportOutput, page=True))
    def get(self, request: Request) -> HttpResponseBase | Response:
        return answer(request, selectors.balance_sheet(_scope(request)))


class CashFlow(StaffReport):
    """Cash by operating, investing and financing activities, by the direct method."""

    @extend_schema(parameters=[ReportQuery], responses=described(ReportOutput, page=True))
    def get(self, request: Request) -> HttpResponseBase | Response:
        return answer(request, selectors.cash_flow(_scope(request)))


class TrialBalance(StaffReport):
    """Every code's opening, movements and closing; compared, the same six columns again."""

    @extend_schema(parameters=[ReportQuery], responses=described(ReportOutput, page=True))
    def get(self, request: Request) -> HttpResponseBase | Response:
        return answer(request, selectors.trial_balance(_scope(request)))


class GeneralLedger(StaffReport):
    """Accounts with opening, movements and closing, in pages; as CSV every line of the period."""

    @extend_schema(parameters=[LedgerQuery], responses=described(LedgerPage, page=True))
    def get(self, request: Request) -> HttpResponseBase | Response:
        query = LedgerQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        scope = scope_of(asked, today=timezone.now().date())
        wanted = general.Wanted(
            start=scope.period.start,
            end=scope.period.end,
            codes=codes_of(asked.get("code")),
            owner=asked.get("owner", ""),
            currency=scope.currency,
            cluster=scope.cluster,
        )
        if form_of(request) == "csv":
            rows = files.ledger_rows(general.general_ledger_lines(wanted))
            return file(request, "general-ledger", files.LEDGER_HEADINGS, rows)
        size = asked["page_size"]
        after = read_cursor(asked.get("cursor"), account_key)
        rows_ = general.general_ledger(wanted, after=after, limit=size + 1)
        last = rows_[size - 1] if len(rows_) > size else None
        cursor = cursor_text(last.code, last.owner, last.currency) if last else None
        shown = [_with_links(row, scope) for row in rows_[:size]]
        found = page(request, shown, cursor, start=wanted.start, end=wanted.end)
        if form_of(request) == "html":
            return printable(request, "reports/ledger.html", found | {"scope": scope})
        return as_json(LedgerPage(found))


def _with_links(row: LedgerRow, scope: Scope) -> dict[str, Any]:
    statement = None if scope.cluster else statement_link(row.id, scope.period)
    drill = account_drill(row, scope)
    links = {"statement": statement, "entries": entries_link(drill), "drill": drill}
    return row._asdict() | links
