"""HTTP of the report on how well paying works."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api.fields import MoneyField
from apps.core.api.files import JSON_OR_FILE, described, form_of
from apps.finance.payments.selectors.cuts import Cut
from apps.finance.reports import selectors
from apps.finance.reports.api.answers import as_json, file
from apps.finance.reports.api.queries import BooksQuery, scope_of
from apps.finance.reports.api.views import StaffReport
from apps.finance.reports.exports.files import Cells
from apps.finance.reports.rules.cuts import PaymentsReport

HEADINGS = (
    "cut", "key", "currency", "started", "captured", "declined", "success_percent", "volume",
    "cost", "cost_percent",
)  # fmt: skip


class PayingQuery(BooksQuery):
    by = serializers.ChoiceField(choices=[each.value for each in Cut], default=Cut.GATEWAY.value)


class PaidOutput(serializers.Serializer[Any]):
    started = serializers.IntegerField()
    captured = serializers.IntegerField()
    declined = serializers.IntegerField()
    success_percent = serializers.DecimalField(max_digits=4, decimal_places=1, allow_null=True)
    volume = MoneyField(help_text="What was captured of them, gross.")


class PartOfPaymentsOutput(PaidOutput):
    key = serializers.CharField(help_text="Empty: not known, or from the wallet.")
    cost = MoneyField(help_text="Processing, as fixed when they were captured.")
    cost_percent = serializers.DecimalField(max_digits=6, decimal_places=1, allow_null=True)


class DayOfPaymentsOutput(PaidOutput):
    day = serializers.DateField()


class PayingOutput(serializers.Serializer[Any]):
    report = serializers.CharField(default="payments")
    by = serializers.CharField()
    brand = serializers.CharField()
    currency = serializers.CharField()
    start = serializers.DateField(source="period.start")
    end = serializers.DateField(source="period.end")
    parts = PartOfPaymentsOutput(many=True)
    days = DayOfPaymentsOutput(many=True)


class Paying(StaffReport):
    """Payments started in a period by gateway, account, brand, kind, method, country or card."""

    renderer_classes = JSON_OR_FILE

    @extend_schema(parameters=[PayingQuery], responses=described(PayingOutput))
    def get(self, request: Request) -> HttpResponseBase | Response:
        query = PayingQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        report = selectors.payments_by(asked["by"], scope_of(asked, today=timezone.now().date()))
        if form_of(request) == "csv":
            return file(request, "payments", HEADINGS, _rows(report))
        return as_json(PayingOutput(report))


def _rows(report: PaymentsReport) -> Iterator[Cells]:
    for part in report.parts:
        yield (
            report.by,
            part.key,
            part.volume.currency,
            part.started,
            part.captured,
            part.declined,
            part.success_percent,
            part.volume,
            part.cost,
            part.cost_percent,
        )
    for day in report.days:
        yield (
            "day",
            day.day,
            day.volume.currency,
            day.started,
            day.captured,
            day.declined,
            day.success_percent,
            day.volume,
            None,
            None,
        )
