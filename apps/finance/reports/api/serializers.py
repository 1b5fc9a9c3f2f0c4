"""Shapes of the reports."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.api.fields import MoneyField
from apps.finance.reports.choices import Role
from apps.finance.reports.rules.statements import Drill


def entries_link(drill: Drill | None) -> str | None:
    """Return the address of the entries that a figure is made of."""
    if drill is None:
        return None
    return f"{reverse('ledger:entries')}?{urlencode(drill.params())}"


class DrillField(serializers.Field[Drill, str, str, Drill]):
    """A drill-down as the address of its entries."""

    def to_representation(self, value: Drill) -> str:
        return entries_link(value) or ""


EntriesField = extend_schema_field({"type": "string", "format": "uri-reference"})(DrillField)


class FigureOutput(serializers.Serializer[Any]):
    amount = MoneyField()
    entries = EntriesField(
        source="drill",
        allow_null=True,
        help_text="Where the entries behind it are listed; null where it is computed.",
    )


class RowOutput(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="Stable name of the row.")
    code = serializers.CharField(help_text="Code of the chart, empty for sums.")
    label = serializers.CharField()  # type: ignore[assignment]
    level = serializers.IntegerField()
    role = serializers.ChoiceField(choices=Role.choices)
    figures = FigureOutput(many=True, help_text="One for each column; none for a heading.")
    change = MoneyField(allow_null=True, help_text="The first column less the second.")
    change_percent = serializers.DecimalField(
        max_digits=30, decimal_places=1, allow_null=True, help_text="Null if it was nothing."
    )


class SheetOutput(serializers.Serializer[Any]):
    currency = serializers.CharField()
    rows = RowOutput(many=True)


class ColumnOutput(serializers.Serializer[Any]):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    start = serializers.DateField(source="period.start")
    end = serializers.DateField(source="period.end")


class RateOutput(serializers.Serializer[Any]):
    base = serializers.CharField()
    quote = serializers.CharField()
    rate = serializers.DecimalField(
        max_digits=40, decimal_places=10, help_text="Units of quote for one of base."
    )
    basis = serializers.ChoiceField(choices=["average", "closing"])
    on = serializers.DateField()
    source = serializers.CharField()  # type: ignore[assignment]


class ReportOutput(serializers.Serializer[Any]):
    report = serializers.CharField(source="name")
    title = serializers.CharField()
    brand = serializers.CharField(source="scope.cluster", help_text="Empty: all brands.")
    currency = serializers.CharField(source="scope.currency", help_text="Empty: each its sheet.")
    translated_to = serializers.CharField(source="scope.translate_to")
    basis = serializers.CharField()
    columns = ColumnOutput(many=True)
    sheets = SheetOutput(many=True)
    rates = RateOutput(many=True)
    is_proved = serializers.BooleanField(help_text="Every proof row is zero.")
