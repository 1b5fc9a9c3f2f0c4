"""The analytics as one long table: what each figure is a cut by, and its value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from apps.core.money import Money
from apps.finance.reports.exports.files import Cells
from apps.finance.reports.rules.insights import Insights, InsightSheet, Series

HEADINGS = ("start", "end", "currency", "cut", "key", "label", "count", "amount", "percent")
CUTS = (
    "volume_by_kind",
    "volume_by_brand",
    "volume_by_gateway",
    "revenue_by_kind",
    "revenue_by_brand",
    "fees_by_gateway",
)


def rows_of(insights: Insights, series: Iterable[Series]) -> Iterator[Cells]:
    """Yield the figures of the period, of the one it is compared with, and the series."""
    for part in filter(None, (insights, insights.compared)):
        days = (part.period.start, part.period.end)
        yield _row(days, "payers", label="People who paid", count=part.payers)
        for sheet in part.sheets:
            yield from _sheet(days, sheet)
        yield _row(days, "success", count=part.total.started, percent=part.total.success_percent)
        for outcome in part.outcomes:
            yield _row(
                days,
                "success_by_gateway",
                key=outcome.gateway,
                count=outcome.started,
                percent=outcome.success_percent,
            )
        for place in part.places:
            yield _row(
                days, "net_by_place", key=place.place, count=place.payments, amount=place.net
            )
            yield _row(days, "tax_by_place", key=place.place, amount=place.tax)
        for decline in part.declines:
            yield _row(
                days, "declines", key=decline.code, label=decline.reason, count=decline.count
            )
    for each in series:
        for point in each.points:
            days = (point.period.start, point.period.end)
            yield _row(days, "series_revenue", label=point.label, amount=point.revenue)
            yield _row(days, "series_costs", label=point.label, amount=point.costs)


def _sheet(days: tuple[date, date], sheet: InsightSheet) -> Iterator[Cells]:
    yield _row(days, "volume", count=sheet.payments, amount=sheet.volume)
    yield _row(days, "revenue", amount=sheet.revenue)
    yield _row(days, "arpu", count=sheet.payers, amount=sheet.arpu)
    for cut in CUTS:
        for part in getattr(sheet, cut):
            yield _row(
                days,
                cut,
                key=part.key,
                label=part.label,
                amount=part.amount,
                percent=part.percent,
            )


def _row(
    days: tuple[date, date],
    cut: str,
    *,
    key: str = "",
    label: str = "",
    count: int | None = None,
    amount: Money | None = None,
    percent: Decimal | None = None,
) -> Cells:
    currency = amount.currency if amount is not None else ""
    return [*days, currency, cut, key, label, count, amount, percent]
