"""Read a report's query: the period, what it is compared with, and which part of the books."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from rest_framework import serializers

from apps.clusters.models import Cluster
from apps.core.api.cursors import PageQuery
from apps.core.api.fields import DayField
from apps.core.money import SCALES, UnknownCurrency
from apps.finance.ledger.chart import CHART, leaves_under
from apps.finance.reports import errors
from apps.finance.reports.choices import Compare, Step
from apps.finance.reports.rules import periods
from apps.finance.reports.rules.periods import Period
from apps.finance.reports.rules.statements import Scope


class PeriodQuery(serializers.Serializer[Any]):
    """Which days: a named period, or a first and a last day; by default this month."""

    period = serializers.CharField(
        required=False,
        max_length=10,
        help_text="A year, quarter or month: 2026, 2026-Q1, 2026-01.",
    )
    start = DayField(required=False, help_text="The first day, by accounting date.")
    end = DayField(required=False, help_text="The last day, counted in.")


class BooksQuery(PeriodQuery):
    brand = serializers.CharField(
        required=False, max_length=50, help_text="Slug of a brand; all without it."
    )
    currency = serializers.CharField(
        required=False, max_length=5, help_text="Only this currency; otherwise a sheet for each."
    )


class ReportQuery(BooksQuery):
    compare = serializers.ChoiceField(choices=Compare.choices, default=Compare.NONE)
    translate = serializers.CharField(
        required=False, max_length=5, help_text="One sheet, with everything in this currency."
    )


def scope_of(asked: Mapping[str, Any], *, today: date) -> Scope:
    """Return the scope that a checked query asks for.

    :raises PeriodMalformed: the period has no known form, or only one end is given
    :raises EndBeforeStart: the period ends before it starts
    :raises PeriodTooLong: it covers over ten years
    :raises UnknownBrand: no brand has that slug
    :raises UnknownCurrency: the platform does not know it
    :raises CurrencyTwice: both a currency and one to translate to are given
    """
    currency, to = currency_of(asked.get("currency")), currency_of(asked.get("translate"))
    if currency and to:
        raise errors.CurrencyTwice(currency=currency, translate=to)
    period = period_of(asked, today=today)
    return Scope(
        period=period,
        compared=compared_of(period, asked.get("compare", Compare.NONE)),
        cluster=brand_of(asked.get("brand")),
        currency=currency,
        translate_to=to,
        today=today,
    )


def period_of(asked: Mapping[str, Any], *, today: date) -> Period:
    """Return the period asked for; without any, the month of ``today``."""
    start, end, named = asked.get("start"), asked.get("end"), asked.get("period")
    if named is not None:
        if start or end:
            raise errors.PeriodMalformed(period=named)
        return periods.period_named(named)
    if start is None and end is None:
        return periods.month_of(today)
    if start is None or end is None:
        raise errors.PeriodMalformed(start=str(start or ""), end=str(end or ""))
    return periods.period_between(start, end)


def compared_of(period: Period, compare: str) -> Period | None:
    match compare:
        case Compare.PREVIOUS:
            return periods.previous(period)
        case Compare.LAST_YEAR:
            return periods.year_before(period)
    return None


def brand_of(slug: str | None) -> str:
    """Return the slug of a brand there is, open to the public or not; "" for all.

    :raises UnknownBrand: no brand has it
    """
    if not slug:
        return ""
    if not Cluster.objects.filter(slug=slug).exists():
        raise errors.UnknownBrand(brand=slug)
    return slug


def currency_of(code: str | None) -> str:
    """Return a currency the platform knows; "" for all.

    :raises UnknownCurrency: it does not
    """
    if not code:
        return ""
    if code not in SCALES:
        raise UnknownCurrency(currency=code[:20])
    return code


class InsightsQuery(ReportQuery):
    """The analytics; with ``step`` also a series of income and expenses."""

    step = serializers.ChoiceField(
        choices=Step.choices, required=False, help_text="Also a series by day or by month."
    )


class LedgerQuery(BooksQuery, PageQuery):
    """The general ledger: accounts in pages."""

    code = serializers.CharField(
        required=False, max_length=600, help_text="Codes of the chart, or of its groups: 1,2100."
    )
    owner = serializers.CharField(required=False, max_length=80, help_text="profile:17")


class CreatorQuery(PeriodQuery):
    creator = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        help_text="Id of a creator's profile; your own on this brand without it.",
    )


def codes_of(written: str | None) -> tuple[str, ...]:
    """Return the codes of accounts that a list of codes and groups means.

    :raises UnknownAccountCode: the chart has no such code
    """
    codes: list[str] = []
    for code in written.split(",") if written else ():
        if code not in CHART:
            raise errors.UnknownAccountCode(code=code[:20])
        codes += [leaf.code for leaf in leaves_under(code)]
    return tuple(dict.fromkeys(codes))
