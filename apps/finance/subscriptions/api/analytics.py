"""HTTP of a creator's own figures: MRR and what moved it, churn, value, takings, cohorts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.api.fields import DayField, MoneyField
from apps.core.api.files import JSON_OR_FILE, csv_file, described, form_of
from apps.core.db import one_state
from apps.core.money import SCALES, Money
from apps.finance.subscriptions import errors, exports
from apps.finance.subscriptions.api.subscribers import creator_of
from apps.finance.subscriptions.choices import Movement
from apps.finance.subscriptions.models import Plan
from apps.finance.subscriptions.rules.metrics import CohortRow, Moved, Sheet, Step
from apps.finance.subscriptions.selectors.analytics import MOST_DAYS, Wanted, analytics_of

#: Days of a question that names none.
DAYS = 30


class FiguresQuery(serializers.Serializer[Any]):
    start = DayField(required=False, help_text="First day, UTC; 30 days ago where it is missing.")
    end = DayField(required=False, help_text=f"Last day; at most {MOST_DAYS} days after.")
    plan = serializers.UUIDField(required=False, help_text="One of your plans.")
    currency = serializers.ChoiceField(choices=sorted(SCALES), required=False)


class MovedOutput(serializers.Serializer[Any]):
    movement = serializers.ChoiceField(choices=Movement.choices)
    count = serializers.IntegerField()
    subscribers = serializers.IntegerField(help_text="Came (above zero) or went (below).")
    mrr = MoneyField(help_text="MRR that came (above zero) or went (below).")


class StepOutput(serializers.Serializer[Any]):
    start = serializers.DateField()
    end = serializers.DateField()
    movements = serializers.SerializerMethodField()
    mrr_end = MoneyField()
    subscribers_end = serializers.IntegerField()

    @extend_schema_field(MovedOutput(many=True))
    def get_movements(self, step: Step) -> list[dict[str, Any]]:
        return moved_of(step.moved, step.mrr_end.currency)


class TakenOutput(serializers.Serializer[Any]):
    payments = serializers.IntegerField()
    gross = MoneyField()
    tax = MoneyField()
    platform_fee = MoneyField()
    processing_fee = MoneyField()
    net = MoneyField(help_text="What you got.")
    refunded = MoneyField(help_text="Gross that went back to fans in the range.")


class FiguresSheetOutput(serializers.Serializer[Any]):
    currency = serializers.CharField()
    mrr_start = MoneyField()
    mrr_end = MoneyField(help_text="MRR at the start and all movements since.")
    subscribers_start = serializers.IntegerField()
    subscribers_end = serializers.IntegerField()
    movements = serializers.SerializerMethodField()
    churn_percent = serializers.DecimalField(
        max_digits=12, decimal_places=1, allow_null=True, help_text="Of subscribers at the start."
    )
    revenue_churn_percent = serializers.DecimalField(
        max_digits=12, decimal_places=1, allow_null=True, help_text="Of MRR at the start."
    )
    arpu = MoneyField(allow_null=True, help_text="MRR at the end for each subscriber.")
    ltv = MoneyField(allow_null=True, help_text="ARPU over monthly churn.")
    taken = TakenOutput()
    steps = StepOutput(many=True, help_text="Days, or months of a range above 62 days.")

    @extend_schema_field(MovedOutput(many=True))
    def get_movements(self, sheet: Sheet) -> list[dict[str, Any]]:
        return moved_of(sheet.moved, sheet.currency)


class TrialsOutput(serializers.Serializer[Any]):
    over = serializers.IntegerField(help_text="Trials whose last day is in the range.")
    converted = serializers.IntegerField(help_text="Of them went on to pay.")
    undecided = serializers.IntegerField(help_text="Past due, or being charged.")
    conversion_percent = serializers.DecimalField(max_digits=12, decimal_places=1, allow_null=True)


class CohortOutput(serializers.Serializer[CohortRow]):
    month = serializers.DateField(help_text="They began to pay you in this month.")
    began = serializers.IntegerField()
    stayed = serializers.ListField(
        child=serializers.IntegerField(), help_text="How many paid 0, 1, 2 … months later."
    )


class FiguresOutput(serializers.Serializer[Any]):
    start = serializers.DateField(source="wanted.start")
    end = serializers.DateField(source="wanted.end")
    made_at = serializers.DateTimeField(allow_null=True, help_text="What is newer is not in it.")
    sheets = FiguresSheetOutput(many=True, help_text="One for each currency.")
    trials = TrialsOutput()
    cohorts = CohortOutput(many=True)


class Figures(APIView):
    """My subscribers in figures on this brand; docs/metrics.md says what each means."""

    renderer_classes = JSON_OR_FILE

    @extend_schema(parameters=[FiguresQuery], responses=described(FiguresOutput))
    def get(self, request: Request) -> HttpResponseBase | Response:
        creator = creator_of(request)
        query = FiguresQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        end = asked.get("end") or timezone.now().date()
        wanted = Wanted(
            start=asked.get("start") or end - timedelta(days=DAYS - 1),
            end=end,
            creator_id=creator.pk,
            plan_id=_plan_of(creator.pk, asked["plan"]) if asked.get("plan") else None,
            currency=asked.get("currency", ""),
        )
        with one_state():
            found = analytics_of(wanted)
        if form_of(request) == "csv":
            return csv_file(f"mrr-{wanted.start}-{wanted.end}", exports.mrr_lines(found))
        return Response(FiguresOutput(found).data)


def _plan_of(creator_id: int, public_id: UUID) -> int:
    """:raises PlanNotFound: the creator has no such plan"""
    found = Plan.objects.filter(creator_id=creator_id, public_id=public_id).values_list("pk")
    if not found:
        raise errors.PlanNotFound()
    return int(found[0][0])


def moved_of(moved: Mapping[Movement, Moved], currency: str) -> list[dict[str, Any]]:
    """Return all five movements, those that did not happen too."""
    rows = [(each, moved.get(each, Moved())) for each in Movement]
    return [
        {
            "movement": each.value,
            "count": found.count,
            "subscribers": found.subscribers,
            "mrr": {"amount": str(Money(found.minor, currency).decimal), "currency": currency},
        }
        for each, found in rows
    ]
