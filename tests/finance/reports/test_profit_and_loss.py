"""Profit and loss: what was earned and spent, to the cent, and where each figure comes from."""

from __future__ import annotations

from datetime import date

import pytest

from apps.core.money import Money
from apps.finance.fx.errors import RateMissing
from apps.finance.ledger import postings
from apps.finance.reports import selectors as reports
from tests.finance.reports.conftest import of, shown, usd

pytestmark = pytest.mark.django_db

JANUARY = {
    "4000": ("25.50",),
    "revenue_total": ("25.50",),
    "5100": ("2.00",),
    "5200": ("2.50",),
    "cost_of_revenue_total": ("4.50",),
    "gross_profit": ("21.00",),
    "5900": ("25.00",),
    "operating_expenses_total": ("25.00",),
    "other_income_total": ("0.00",),
    "operating_result": ("-4.00",),
    "currency_total": ("0.00",),
    "result": ("-4.00",),
}


@pytest.mark.usefixtures("january")
def test_a_month_adds_up_as_by_hand():
    assert shown(reports.profit_and_loss(of("2026-01"))) == JANUARY


@pytest.mark.usefixtures("january")
def test_a_brand_has_only_its_own():
    report = shown(reports.profit_and_loss(of("2026-01", cluster="girlfanz")))

    assert (report["4000"], report["result"]) == (("7.50",), ("7.50",))


@pytest.mark.usefixtures("february")
def test_periods_stand_beside_each_other_with_the_change():
    report = reports.profit_and_loss(of("2026-02", compared="2026-01"))
    revenue = report.sheet("USD").row("4000")

    assert shown(report)["4000"] == ("30.00", "25.50")
    assert revenue.change == usd("4.50")
    assert str(revenue.change_percent) == "17.6"
    assert shown(report)["result"] == ("30.00", "-4.00")


@pytest.mark.usefixtures("february")
def test_each_currency_has_a_sheet_of_its_own():
    report = reports.profit_and_loss(of("2026-02"))

    assert [sheet.currency for sheet in report.sheets] == ["EUR", "USD"]
    assert shown(report, "EUR")["result"] == ("12.00",)
    only = reports.profit_and_loss(of("2026-02", currency="EUR"))
    assert [sheet.currency for sheet in only.sheets] == ["EUR"]


@pytest.mark.usefixtures("february")
def test_another_currency_is_translated_at_the_average_of_its_month(rates):
    rates(*(f"EUR/USD 2026-02-{day:02} 1.10" for day in (2, 6, 10, 14, 18)))
    rates(*(f"EUR/USD 2026-02-{day:02} 1.20" for day in (4, 8, 12, 16, 20)))
    rates("EUR/USD 2026-02-24 1.15", "EUR/USD 2026-02-27 1.15")
    report = reports.profit_and_loss(of("2026-02", translate_to="USD"))

    assert [sheet.currency for sheet in report.sheets] == ["USD"]
    assert shown(report)["4000"] == ("43.80",)  # 30.00 + 12.00 at a mean of 1.15
    (rate,) = report.rates
    assert (rate.base, rate.quote, f"{rate.rate:.2f}", rate.basis) == (
        "EUR",
        "USD",
        "1.15",
        "average",
    )


@pytest.mark.usefixtures("february")
def test_without_a_rate_nothing_is_guessed():
    with pytest.raises(RateMissing) as refusal:
        reports.profit_and_loss(of("2026-02", translate_to="USD"))

    assert refusal.value.facts == {"pair": "EUR/USD", "month": "2026-02"}


@pytest.mark.usefixtures("january")
def test_without_foreign_money_no_rate_is_needed():
    report = reports.profit_and_loss(of("2026-01", translate_to="USD"))

    assert shown(report) == JANUARY
    assert report.rates == ()


def test_the_closing_of_a_year_is_no_loss(post, january):
    post(
        "2026-01-31",
        postings.year_closed(
            year=2026,
            currency="USD",
            cluster="",
            results=[postings.debit(postings.OTHER_EXPENSES, usd("25.00"))],
            effective_on=date(2026, 1, 31),
        ),
    )

    assert shown(reports.profit_and_loss(of("2026-01"))) == JANUARY


@pytest.mark.usefixtures("february")
def test_every_figure_leads_to_its_entries():
    row = reports.profit_and_loss(of("2026-01", cluster="boyfanz")).sheet("USD").row("5200")
    drill = row.figures[0].drill

    assert drill is not None
    assert drill.params() == {
        "code": "5200",
        "not_kind": "PERIOD_CLOSE",
        "brand": "boyfanz",
        "currency": "USD",
        "start": "2026-01-01",
        "end": "2026-01-31",
    }


def test_an_empty_month_has_no_sheet_but_the_one_asked_for(db):
    assert reports.profit_and_loss(of("2020-01")).sheets == ()
    report = reports.profit_and_loss(of("2020-01", currency="GBP"))
    assert report.sheet("GBP").row("result").figures[0].amount == Money(0, "GBP")


@pytest.mark.usefixtures("february")
def test_it_takes_one_query_a_column(django_assert_num_queries):
    with django_assert_num_queries(2):
        reports.profit_and_loss(of("2026-02", compared="2026-01"))
