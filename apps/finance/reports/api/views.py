"""HTTP of the reports: read the query, ask one selector, answer in the form asked for."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.permissions import StaffPermission
from apps.core.api.files import JSON_FILE_OR_PAGE, described
from apps.finance.reports import selectors
from apps.finance.reports.api.answers import answer
from apps.finance.reports.api.queries import ReportQuery, scope_of
from apps.finance.reports.api.serializers import ReportOutput
from apps.finance.reports.rules.statements import Scope


class ReadsReports(StaffPermission):
    permission = "reports.view_report"


class StaffReport(APIView):
    """A report for staff."""

    permission_classes = (ReadsReports,)
    renderer_classes = JSON_FILE_OR_PAGE


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
    """Every code's opening, movements and closing; without a comparison."""

    @extend_schema(parameters=[ReportQuery], responses=described(ReportOutput, page=True))
    def get(self, request: Request) -> HttpResponseBase | Response:
        return answer(request, selectors.trial_balance(_scope(request)))
