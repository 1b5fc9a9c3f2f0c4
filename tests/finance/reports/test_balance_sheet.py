"""The balance sheet and the trial balance: what stands, by hand, and that it adds up."""

from __future__ import annotations

from datetime import date

import pytest

from apps.finance.fx.errors import RateMissing
from apps.finance.ledger import postings
from apps.finance.reports import selectors as reports
from tests.finance.reports.conftest import of, shown, usd

pytestmark = pytest.mark.django_db

JANUARY = {
    "1000": ("474.00",),  # 1000 - 300 - 200 - 1 - 25
    "1200": ("138.50",),  # 200 - 60 - 1.50
    "cash_total": ("612.50",),
    "1100": ("190.00",),  # 100 + 50 + 40
    "processors_total": ("190.00",),
    "debtors_total": ("0.00",),
    "1500": ("300.00",),
    "other_assets_total": ("300.00",),
    "assets": ("1102.50",),
    "2000": ("20.00",),
    "fans_total": ("20.00",),
    "2100": ("77.00",),  # 80 + 17 - 60 of the one, 40 of the other
    "creators_total": ("77.00",),
    "taxes_total": ("0.00",),
    "2200": ("9.50",),
    "other_liabilities_total": ("9.50",),
    "liabilities": ("106.50",),
    "3000": ("1000.00",),
    "result_year": ("-4.00",),
    "equity": ("996.00",),
    "both": ("1102.50",),
    "proof": ("0.00",),
}


@pytest.mark.usefixtures("january")
def test_it_adds_up_as_by_hand():
    report = reports.balance_sheet(of("2026-01"))

    assert shown(report) == JANUARY
    assert report.is_proved
    assert [column.label for column in report.columns] == ["31 Jan 2026"]


@pytest.mark.usefixtures("february")
def test_the_result_not_closed_is_that_of_profit_and_loss():
    year = reports.profit_and_loss(of("2026")).sheet("USD").row("result").figures[0].amount

    report = reports.balance_sheet(of("2026-02", compared="2026-01"))
    assert report.sheet("USD").row("result_year").figures[0].amount == year == usd("26.00")
    assert report.sheet("USD").row("result_year").figures[1].amount == usd("-4.00")
    assert report.is_proved


@pytest.mark.usefixtures("january")
def test_a_result_of_an_earlier_year_has_its_own_line():
    report = shown(reports.balance_sheet(of("2027-03")))

    assert (report["result_year"], report["result_earlier"]) == (("0.00",), ("-4.00",))
    assert report["equity"] == ("996.00",)


@pytest.mark.usefixtures("january")
def test_a_closed_year_is_in_retained_earnings(post):
    post(
        "2026-12-31",
        postings.year_closed(
            year=2026,
            currency="USD",
            cluster="boyfanz",
            results=[
                postings.credit(postings.PLATFORM_REVENUE, usd("18.00")),
                postings.debit(postings.PROCESSING_COSTS, usd("2.00")),
                postings.debit(postings.PAYOUT_COSTS, usd("1.50")),
            ],
            effective_on=date(2026, 1, 31),
        ),
    )
    report = shown(reports.balance_sheet(of("2026-12", cluster="boyfanz")))

    assert (report["3100"], report["result_year"]) == (("14.50",), ("0.00",))
    assert report["proof"] == ("0.00",)
    assert shown(reports.profit_and_loss(of("2026", cluster="boyfanz")))["result"] == ("14.50",)


@pytest.mark.usefixtures("february")
class TestTranslated:
    def test_the_two_rates_of_the_result_leave_a_difference(self, rates):
        rates(*(f"EUR/USD 2026-02-{day:02} 1.10" for day in (2, 6, 10, 14, 18, 22, 25)))
        rates("EUR/USD 2026-02-27 1.26")
        # EUR: clearing 80, creator 64, fees payable 4, result 12; average 1.12, closing 1.26.
        report = reports.balance_sheet(of("2026-02", translate_to="USD"))
        sheet = shown(report)

        assert sheet["1100"] == ("490.80",)  # 190 + 200 + 80 * 1.26
        assert sheet["result_year"] == ("39.44",)  # 26 + 12 * 1.12
        assert sheet["translation"] == ("1.68",)  # 12 * (1.26 - 1.12)
        assert sheet["proof"] == ("0.00",)
        assert {(rate.basis, f"{rate.rate:.2f}") for rate in report.rates} == {
            ("average", "1.12"),
            ("closing", "1.26"),
        }

    def test_without_a_rate_nothing_is_guessed(self, rates):
        rates("EUR/USD 2026-02-10 1.10")
        with pytest.raises(RateMissing):
            reports.balance_sheet(of("2026-02", translate_to="USD"))


@pytest.mark.usefixtures("february")
class TestTrialBalance:
    def test_opening_movements_and_closing_as_by_hand(self):
        report = reports.trial_balance(of("2026-02", currency="USD"))
        sheet = shown(report)

        assert sheet["1000"] == ("474.00", "0.00", "500.00", "0.00", "974.00", "0.00")
        assert sheet["2100"] == ("0.00", "77.00", "0.00", "160.00", "0.00", "237.00")
        assert sheet["4000"] == ("0.00", "25.50", "0.00", "30.00", "0.00", "55.50")
        assert sheet["total"] == ("1132.00", "1132.00", "700.00", "700.00", "1832.00", "1832.00")
        assert report.is_proved

    def test_each_currency_and_brand_balances(self):
        report = reports.trial_balance(of("2026-02", cluster="girlfanz"))

        assert [sheet.currency for sheet in report.sheets] == ["EUR", "USD"]
        assert shown(report, "EUR")["total"][2:4] == ("80.00", "80.00")
        assert report.is_proved

    def test_translated_its_sides_are_still_equal(self, rates):
        rates("EUR/USD 2026-02-27 1.3333")
        report = reports.trial_balance(of("2026-02", translate_to="USD"))

        assert shown(report)["1100"][4] == "496.66"  # 390 + 80 * 1.3333
        assert len(set(shown(report)["total"][2:4])) == 1
        assert report.is_proved


@pytest.mark.usefixtures("february")
def test_queries_do_not_grow_with_the_books(django_assert_num_queries):
    with django_assert_num_queries(4):
        reports.balance_sheet(of("2026-02", compared="2026-01"))
    with django_assert_num_queries(3):
        reports.trial_balance(of("2026-02"))
