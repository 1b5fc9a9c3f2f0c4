"""Analytics and series: counted from payments, and equal to the books."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from apps.core.money import Money
from apps.finance.reports import errors
from apps.finance.reports import selectors as reports
from apps.finance.reports.choices import Step
from apps.finance.reports.rules.insights import each_of, percent_of
from apps.finance.reports.rules.periods import Period
from apps.finance.reports.rules.statements import Scope
from tests import given
from tests.factories.accounts import ProfileFactory
from tests.finance.reports.conftest import of, usd

pytestmark = pytest.mark.django_db


def parts(slices):
    return {part.key: (str(part.amount.decimal), str(part.percent)) for part in slices}


@pytest.mark.usefixtures("paid")
class TestInsights:
    def test_volume_payers_and_revenue(self):
        found = reports.insights(of("2026-01"))
        (sheet,) = found.sheets

        assert (sheet.volume, sheet.payments, sheet.payers) == (usd("100.00"), 4, 2)
        assert parts(sheet.volume_by_kind) == {
            "WALLET_DEPOSIT": ("50.00", "50.0"),
            "TIP": ("50.00", "50.0"),
        }
        assert parts(sheet.volume_by_gateway) == {
            "ccbill": ("75.00", "75.0"),
            "wallet": ("25.00", "25.0"),
        }
        assert parts(sheet.volume_by_brand) == {"boyfanz": ("100.00", "100.0")}
        assert parts(sheet.revenue_by_kind) == {
            "TIP_WALLET": ("5.00", "57.1"),
            "TIP_CARD": ("3.75", "42.9"),
        }
        assert (sheet.arpu, sheet.average_payment) == (usd("4.38"), usd("25.00"))

    def test_revenue_is_that_of_profit_and_loss(self):
        (sheet,) = reports.insights(of("2026-01")).sheets
        row = reports.profit_and_loss(of("2026-01")).sheet("USD").row("4000")

        assert sheet.revenue == row.figures[0].amount == usd("8.75")
        assert sum((part.amount for part in sheet.fees_by_gateway), usd("0.00")) == usd("8.75")

    def test_success_leaves_out_who_walked_away(self):
        outcomes = {each.gateway: each for each in reports.insights(of("2026-01")).outcomes}

        assert (outcomes["ccbill"].started, outcomes["ccbill"].captured) == (3, 2)
        assert outcomes["ccbill"].success_percent == Decimal("66.7")
        assert outcomes["wallet"].success_percent == Decimal("100.0")
        (decline,) = reports.insights(of("2026-01")).declines
        assert (decline.gateway, decline.count) == ("ccbill", 1)

    def test_a_brand_and_a_month_without_payments_have_nothing(self):
        assert reports.insights(of("2026-01", cluster="girlfanz")).sheets == ()
        before = reports.insights(of("2026-02", compared="2026-01"))
        assert (before.sheets, before.payers) == ((), 0)
        assert before.compared is not None
        assert before.compared.sheets[0].volume == usd("100.00")

    def test_queries_do_not_grow_with_payments(self, django_assert_num_queries):
        with django_assert_num_queries(10):
            reports.insights(of("2026-01"))


def test_a_person_on_two_brands_is_one_payer(fan, creator, girlfanz, now):
    twin = ProfileFactory.create(user=fan.user, cluster=girlfanz)
    for profile in (fan, twin):
        given.a_funded_wallet(profile, now=now)

    assert reports.insights(of("2026-01")).payers == 1


def test_days_are_those_of_utc(fan):
    for moment in (datetime(2026, 1, 31, 23, 59, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)):
        given.a_funded_wallet(fan, f"{moment.day + 10}.00", now=moment)

    assert reports.insights(of("2026-01")).sheets[0].volume == usd("41.00")
    assert reports.insights(of("2026-02")).sheets[0].volume == usd("11.00")


@pytest.mark.usefixtures("february")
class TestSeries:
    def test_months_add_up_to_the_profit_and_loss(self):
        series = {each.currency: each for each in reports.result_series(of("2026-Q1"), Step.MONTH)}

        assert [
            (point.label, str(point.revenue.decimal), str(point.costs.decimal))
            for point in series["USD"].points
        ] == [
            ("January 2026", "25.50", "29.50"),
            ("February 2026", "30.00", "0.00"),
            ("March 2026", "0.00", "0.00"),
        ]
        assert [str(point.result.decimal) for point in series["EUR"].points] == [
            "0.00",
            "12.00",
            "0.00",
        ]

    def test_days_without_entries_are_there(self):
        scope = Scope(Period(date(2026, 1, 9), date(2026, 1, 12)), currency="USD")
        (series,) = reports.result_series(scope, Step.DAY)

        assert [str(point.revenue.decimal) for point in series.points] == [
            "0.00",
            "15.00",
            "0.00",
            "7.50",
        ]

    def test_months_that_are_cut_keep_their_place(self):
        scope = Scope(Period(date(2026, 1, 12), date(2026, 2, 11)), currency="USD")
        (series,) = reports.result_series(scope, Step.MONTH)

        assert [str(point.revenue.decimal) for point in series.points] == ["10.50", "30.00"]
        assert series.points[0].period == Period(date(2026, 1, 12), date(2026, 1, 31))

    def test_translated_it_adds_up_to_the_translated_profit_and_loss(self, rates):
        rates(*(f"EUR/USD 2026-02-{day:02} 1.1{day}" for day in (10, 12, 15, 18, 21, 24, 27)))
        rates("EUR/USD 2026-02-05 1.15")
        scope = of("2026-02", translate_to="USD")
        (by_day,) = reports.result_series(scope, Step.DAY)

        total = sum((point.revenue for point in by_day.points), usd("0.00"))
        row = reports.profit_and_loss(scope).sheet("USD").row("revenue_total")
        assert total == row.figures[0].amount

    def test_ten_years_of_days_are_refused(self):
        with pytest.raises(errors.TooFine):
            reports.result_series(Scope(Period(date(2016, 1, 1), date(2025, 12, 31))), Step.DAY)

    def test_it_takes_one_query(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            reports.result_series(of("2026"), Step.DAY)


def test_shares_and_averages_are_rounded_half_away_from_zero():
    assert percent_of(1, 3) == Decimal("33.3")
    assert percent_of(1, 0) is None
    assert each_of(Money(5, "USD"), 2) == Money(3, "USD")
    assert each_of(Money(-5, "USD"), 2) == Money(-3, "USD")
    assert each_of(Money(5, "USD"), 0) is None
