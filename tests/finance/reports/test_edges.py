"""Days, years and currencies at which reports go wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from apps.core.money import Money
from apps.finance.fx.errors import RateMissing
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Entry
from apps.finance.reports import selectors
from apps.finance.reports.choices import Compare, Step
from apps.finance.reports.rules.periods import period_named
from tests.factories.accounts import StaffFactory
from tests.finance.reports.conftest import card_tip, eur, of, post_on, shown, usd
from tests.finance.reports.test_api import ROOT, read_csv
from tests.finance.reports.test_drills import REPORTS, drilled

pytestmark = pytest.mark.django_db


def tip(number: int, on: str, amount: Money, fee: Money, brand: str = "boyfanz") -> None:
    post_on(on, card_tip(number, 7, amount, fee, Money(0, amount.currency), brand))


class TestTranslatedWhileAMonthLasts:
    """No rate of its end is known on the 19th."""

    @pytest.fixture
    def books(self, rates):
        tip(1, "2026-02-03", eur("100.00"), eur("20.00"))
        rates(*(f"EUR/USD 2026-02-{day:02} 1.{day:02}" for day in (2, 6, 10, 14, 18)))

    @pytest.mark.usefixtures("books")
    def test_takes_what_is_known_today(self):
        scope = replace(of("2026-02", translate_to="USD"), today=date(2026, 2, 19))

        balance = selectors.balance_sheet(scope)
        assert shown(balance)["assets"] == ("118.00",)  # the rate of the 18th, today's
        assert shown(selectors.profit_and_loss(scope))["result"] == ("22.00",)  # mean of five
        assert balance.is_proved
        for make in REPORTS:
            assert make(scope).is_proved
            assert make(replace(scope, period=period_named("2026"))).is_proved
        (series,) = selectors.result_series(scope, Step.DAY)
        assert sum(point.revenue.minor for point in series.points) == 22_00
        assert {rate.on for rate in balance.rates} == {
            date(2026, 2, 18),
            date(2026, 2, 19),
        } or all(rate.on <= date(2026, 2, 19) for rate in balance.rates)

    @pytest.mark.usefixtures("books")
    def test_is_refused_once_the_rates_are_old(self):
        scope = replace(of("2026-02", translate_to="USD"), today=date(2026, 2, 25))

        for make in (*REPORTS[:1], *REPORTS[2:]):  # no cash moved
            with pytest.raises(RateMissing):
                make(scope)

    def test_on_the_first_days_takes_the_rate_of_the_month_before(self, rates):
        """1 January is a holiday, and 2026 it comes before a weekend."""
        tip(1, "2026-01-01", eur("100.00"), eur("20.00"))
        rates("EUR/USD 2025-12-31 1.20")
        scope = replace(of("2026-01", translate_to="USD"), today=date(2026, 1, 2))

        assert shown(selectors.profit_and_loss(scope))["result"] == ("24.00",)
        assert shown(selectors.balance_sheet(scope))["proof"] == ("0.00",)

    def test_a_month_to_come_takes_todays_rate(self, rates):
        tip(1, "2026-02-20", eur("100.00"), eur("20.00"))
        rates("EUR/USD 2026-01-18 1.18")
        scope = replace(of("2026-02", translate_to="USD"), today=date(2026, 1, 19))

        assert shown(selectors.profit_and_loss(scope))["result"] == ("23.60",)


class TestWithoutCents:
    def test_each_currency_keeps_its_places(self, console):
        for number, (currency, gross, fee) in enumerate(
            [("JPY", 900, 90), ("BTC", 123456789, 1), ("ETH", 10**9, 7), ("USDC", 2_000_001, 1)]
        ):
            tip(number, "2026-01-05", Money(gross, currency), Money(fee, currency))
        finance = console("finance")
        rows = read_csv(
            finance.get(f"{ROOT}profit-loss/", {"period": "2026-01", "format": "csv"})
        )[1:]

        result = {row[0]: row[-1] for row in rows if row[2] == "result"}
        assert result == {
            "JPY": "90", "BTC": "0.00000001", "ETH": "0.000000007", "USDC": "0.000001",
        }  # fmt: skip
        assert all(make(of("2026-01")).is_proved for make in REPORTS)

    def test_translated_each_is_rounded_once(self, rates):
        tip(1, "2026-01-05", Money(1_000, "JPY"), Money(100, "JPY"))
        tip(2, "2026-01-05", Money(10**9, "ETH"), Money(10**8, "ETH"))
        for day in range(1, 32):
            rates(f"USD/JPY 2026-01-{day:02} 160", f"ETH/USD 2026-01-{day:02} 2000.55")

        report = selectors.profit_and_loss(of("2026-01", translate_to="USD"))
        assert shown(report)["result"] == ("200.69",)  # 0.625 -> 0.63, 200.055 -> 200.06
        assert selectors.balance_sheet(of("2026-01", translate_to="USD")).is_proved


class TestAYearsEnd:
    def test_reports_of_a_closed_and_a_reopened_year(self):
        tip(1, "2025-06-01", usd("100.00"), usd("20.00"))
        tip(2, "2025-06-01", usd("50.00"), usd("10.00"), "girlfanz")
        before = shown(selectors.balance_sheet(of("2025")))
        assert (before["result_year"], before["equity"]) == (("30.00",), ("30.00",))
        later = shown(selectors.balance_sheet(of("2026")))
        assert (later["result_year"], later["result_earlier"]) == (("0.00",), ("30.00",))
        for cluster, equity in (("boyfanz", "20.00"), ("girlfanz", "10.00")):
            report = selectors.balance_sheet(of("2026", cluster=cluster))
            assert report.is_proved
            assert shown(report)["equity"] == (equity,)

        revenue = postings.Movement(postings.AccountRef("4000"), usd("-20.00"))
        post_on(
            "2025-12-31",
            postings.year_closed(
                year=2025, currency="USD", cluster="boyfanz", results=[revenue],
                effective_on=date(2025, 12, 31),
            ),
        )  # fmt: skip
        closed = shown(selectors.balance_sheet(of("2025")))
        assert (closed["3100"], closed["result_year"]) == (("20.00",), ("10.00",))
        assert closed["equity"] == ("30.00",)
        assert shown(selectors.profit_and_loss(of("2025")))["result"] == ("30.00",)
        (december,) = selectors.result_series(of("2025-12", currency="USD"), Step.MONTH)[0].points
        assert december.result == usd("0.00")
        for make in REPORTS:
            for cluster in ("", "boyfanz", "girlfanz"):
                assert make(of("2026", compared="2025", cluster=cluster)).is_proved

    def test_a_reversal_dated_back_changes_the_month_it_is_dated_in(self):
        tip(1, "2026-01-05", usd("100.00"), usd("20.00"))
        assert shown(selectors.profit_and_loss(of("2026-01")))["result"] == ("20.00",)

        ledger.reverse(
            entry_id=Entry.objects.get().pk, by=StaffFactory.create(), reason="wrong",
            now=datetime(2026, 2, 5, tzinfo=UTC), on_original_date=True,
        )  # fmt: skip

        assert shown(selectors.profit_and_loss(of("2026-01", currency="USD")))["result"] == (
            "0.00",
        )
        for make in REPORTS:
            assert make(of("2026-02", compared="2026-01")).is_proved


class TestAComparedTrialBalance:
    def test_has_the_same_columns_of_the_other_period(self, january):
        tip(50, "2026-02-10", usd("200.00"), usd("30.00"))
        report = selectors.trial_balance(of("2026-02", compared="2026-01"))

        assert [column.key for column in report.columns[6:]] == [
            f"compared_{column.key}" for column in report.columns[:6]
        ]
        alone = [shown(selectors.trial_balance(of(month))) for month in ("2026-02", "2026-01")]
        for key, figures in shown(report).items():
            for part, half in zip(alone, (figures[:6], figures[6:]), strict=True):
                assert part.get(key, ("0.00",) * 6) == half, key
        assert report.is_proved

    def test_over_http_and_in_the_console(self, january, console):
        finance = console("finance")
        asked = {"period": "2026-02", "compare": Compare.PREVIOUS.value}
        found = finance.get(f"{ROOT}trial-balance/", asked).json()

        assert len(found["columns"]) == 12
        for form in ("csv", "html"):
            assert (
                finance.get(f"{ROOT}trial-balance/", {**asked, "format": form}).status_code == 200
            )
        page = finance.get("/admin/reports/trial-balance/", asked).content.decode()
        assert "Closing credit, January 2026" in page


class TestAnalytics:
    def test_lead_from_revenue_to_its_entries(self, paid, console):
        found = selectors.insights(of("2026-01"))
        (sheet,) = found.sheets

        assert sheet.revenue_drill is not None
        assert -drilled(sheet.revenue_drill) == sheet.revenue.minor
        for part in (*sheet.revenue_by_kind, *sheet.revenue_by_brand):
            assert part.drill is not None
            assert -drilled(part.drill) == part.amount.minor
        assert (found.total.started, found.total.captured, found.total.declined) == (5, 4, 1)
        assert found.total.success_percent == Decimal("80.0")
        answer = console("finance").get(f"{ROOT}analytics/", {"period": "2026-01"}).json()
        assert answer["current"]["success"]["success_percent"] == "80.0"

    def test_a_share_of_nearly_nothing_is_a_large_number(self, console):
        tip(1, "2026-01-05", usd("999999999.00"), usd("500000000.00"))
        tip(2, "2026-01-06", usd("1.00"), usd("0.01"), "girlfanz")
        ledger.reverse(
            entry_id=Entry.objects.order_by("id")[0].pk, by=StaffFactory.create(), reason="wrong",
            now=datetime(2026, 1, 7, tzinfo=UTC),
        )  # fmt: skip
        answer = console("finance").get(f"{ROOT}analytics/", {"period": "2026-01"})

        assert answer.status_code == 200
        kinds = answer.json()["current"]["sheets"][0]["revenue_by_kind"]
        assert kinds[0]["percent"] == "5000000000100.0"
