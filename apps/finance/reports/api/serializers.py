"""Shapes of the reports."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.api.fields import MoneyField
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.selectors.general import LedgerRow
from apps.finance.reports.choices import Earned, Role, Step
from apps.finance.reports.rules.earnings import EarningsLine, EarningsSheet
from apps.finance.reports.rules.periods import Period
from apps.finance.reports.rules.statements import Drill, Scope


def entries_link(drill: Drill | None) -> str | None:
    """Return the address of the entries that a figure is made of."""
    if drill is None:
        return None
    return f"{reverse('ledger:entries')}?{urlencode(drill.params())}"


def account_drill(row: LedgerRow, scope: Scope) -> Drill:
    """Return the filter of what moved an account in a period."""
    return Drill(
        codes=(row.code,),
        start=scope.period.start,
        end=scope.period.end,
        cluster=scope.cluster,
        currency=row.currency,
        owner=row.owner,
    )


def statement_link(account_id: int, period: Period) -> str:
    """Return the address of an account's lines in a period."""
    days = {"start": period.start.isoformat(), "end": period.end.isoformat()}
    return f"{reverse('ledger:statement', args=[account_id])}?{urlencode(days)}"


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


# --- Analytics -----------------------------------------------------------------------


class SliceOutput(serializers.Serializer[Any]):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    amount = MoneyField()
    percent = serializers.DecimalField(
        max_digits=30,
        decimal_places=1,
        allow_null=True,
        help_text="Of the whole; above 100 where refunds took most of it back.",
    )
    entries = EntriesField(
        source="drill", allow_null=True, help_text="Null where payments are counted, not entries."
    )


class InsightSheetOutput(serializers.Serializer[Any]):
    currency = serializers.CharField()
    volume = MoneyField(help_text="What fans paid, gross.")
    payments = serializers.IntegerField()
    payers = serializers.IntegerField(
        help_text="People who paid in this currency; not to be added up over sheets."
    )
    average_payment = MoneyField(allow_null=True)
    revenue = MoneyField(help_text="Platform revenue of the books, refunds taken off.")
    revenue_entries = EntriesField(source="revenue_drill", allow_null=True)
    arpu = MoneyField(
        allow_null=True,
        help_text="Revenue divided by payers: people with a payment captured in the period.",
    )
    volume_by_kind = SliceOutput(many=True)
    volume_by_brand = SliceOutput(many=True)
    volume_by_gateway = SliceOutput(many=True)
    revenue_by_kind = SliceOutput(many=True)
    revenue_by_brand = SliceOutput(many=True)
    fees_by_gateway = SliceOutput(
        many=True, help_text="Platform fees fixed at capture, before refunds."
    )


class OutcomeOutput(serializers.Serializer[Any]):
    gateway = serializers.CharField()
    started = serializers.IntegerField()
    captured = serializers.IntegerField()
    declined = serializers.IntegerField()
    abandoned = serializers.IntegerField()
    unknown = serializers.IntegerField()
    waiting = serializers.IntegerField()
    success_percent = serializers.DecimalField(
        max_digits=4, decimal_places=1, allow_null=True, help_text="Of those captured or declined."
    )


class DeclineOutput(serializers.Serializer[Any]):
    gateway = serializers.CharField()
    code = serializers.CharField()
    reason = serializers.CharField()
    count = serializers.IntegerField()


class PlaceOutput(serializers.Serializer[Any]):
    place = serializers.CharField(help_text="ISO 3166: DE, US-CA; empty: not known.")
    payments = serializers.IntegerField()
    net = MoneyField(help_text="Without tax.")
    tax = MoneyField()


class PartOutput(serializers.Serializer[Any]):
    """The analytics of one period."""

    start = serializers.DateField(source="period.start")
    end = serializers.DateField(source="period.end")
    payers = serializers.IntegerField(help_text="People who paid, in any currency.")
    sheets = InsightSheetOutput(many=True)
    outcomes = OutcomeOutput(many=True)
    success = OutcomeOutput(source="total", help_text="The outcomes of all gateways together.")
    declines = DeclineOutput(many=True)
    places = PlaceOutput(many=True, help_text="Payments by the buyer's place.")


class PointOutput(serializers.Serializer[Any]):
    start = serializers.DateField(source="period.start")
    end = serializers.DateField(source="period.end")
    revenue = MoneyField(help_text="All income.")
    costs = MoneyField(help_text="All expenses.")
    result = MoneyField()


class SeriesOutput(serializers.Serializer[Any]):
    currency = serializers.CharField()
    step = serializers.ChoiceField(choices=Step.choices)
    points = PointOutput(many=True)


class InsightsOutput(serializers.Serializer[Any]):
    report = serializers.CharField(default="analytics")
    brand = serializers.CharField(source="scope.cluster")
    currency = serializers.CharField(source="scope.currency")
    translated_to = serializers.CharField(source="scope.translate_to")
    current = PartOutput(source="*")
    compared = PartOutput(allow_null=True)
    series = SeriesOutput(many=True, required=False)
    rates = RateOutput(many=True)


# --- General ledger --------------------------------------------------------------------


class LedgerRowOutput(serializers.Serializer[Any]):
    account = serializers.IntegerField(source="id")
    code = serializers.CharField()
    name = serializers.CharField()
    owner = serializers.CharField()
    currency = serializers.CharField()
    opening = MoneyField(help_text="Positive on the account's normal side.")
    debits = MoneyField()
    credits = MoneyField()
    closing = MoneyField()
    statement = serializers.CharField(
        allow_null=True,
        help_text="Where its lines are, with running balances; null with a brand, of which an "
        "account keeps no balance of its own.",
    )
    entries = serializers.CharField(help_text="The entries that moved it, of the brand asked for.")


class LedgerPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    start = serializers.DateField()
    end = serializers.DateField()
    results = LedgerRowOutput(many=True)


# --- Creator's statement -----------------------------------------------------------------


class HoldingsOutput(serializers.Serializer[Any]):
    available = MoneyField()
    reserve = MoneyField()
    owed = MoneyField(help_text="What the creator owes the platform.")
    total = MoneyField(help_text="Available and reserve, less what is owed.")


class EarningsLineOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=EntryKind.choices)
    label = serializers.CharField()  # type: ignore[assignment]
    section = serializers.ChoiceField(choices=Earned.choices)
    gross = MoneyField()
    platform_fee = MoneyField()
    processing_fee = MoneyField()
    net = MoneyField()
    shared = MoneyField(help_text="Of net: from sales with other creators, whose fees are apart.")
    entries = serializers.SerializerMethodField(help_text="For staff; null for creators.")

    def get_entries(self, line: EarningsLine) -> str | None:
        return entries_link(line.drill) if self.context.get("is_staff") else None


class SectionOutput(serializers.Serializer[Any]):
    section = serializers.ChoiceField(choices=Earned.choices)
    total = MoneyField()


class EarningsSheetOutput(serializers.Serializer[Any]):
    currency = serializers.CharField()
    opening = HoldingsOutput()
    lines = EarningsLineOutput(many=True)
    sections = serializers.SerializerMethodField()
    gross = MoneyField(help_text="Paid by fans, tax left out.")
    fees = MoneyField()
    reserved = MoneyField(help_text="Into the reserve, less what came out.")
    closing = HoldingsOutput()

    @extend_schema_field(SectionOutput(many=True))
    def get_sections(self, sheet: EarningsSheet) -> Any:
        rows = [{"section": section, "total": total} for section, total in sheet.sections]
        return SectionOutput(rows, many=True).data


class CreatorStatementOutput(serializers.Serializer[Any]):
    report = serializers.CharField(default="creator-statement")
    creator = serializers.IntegerField(source="profile_id")
    handle = serializers.CharField()
    display_name = serializers.CharField()
    brand = serializers.CharField(source="cluster")
    start = serializers.DateField(source="period.start")
    end = serializers.DateField(source="period.end")
    sheets = EarningsSheetOutput(many=True)
    is_proved = serializers.BooleanField(help_text="Opening and lines make the closing.")
