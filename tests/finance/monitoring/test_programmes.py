"""The networks' arithmetic, by hand and by properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.finance.monitoring.choices import Basis, Counted, Level
from apps.finance.monitoring.rules import Line, Month, level_of, reach_of

VAMP = Line(Counted.DISPUTES_AND_FRAUD, Basis.SAME_MONTH, 150, least_count=1500)
ECM = Line(Counted.CHARGEBACKS, Basis.PREVIOUS_MONTH, 150, least_count=100)
EFM = Line(
    Counted.FRAUD_CHARGEBACKS,
    Basis.PREVIOUS_MONTH,
    50,
    least_count=1,
    least_minor=5_000_000,
    least_sales=1000,
)


def test_vamp_counts_chargebacks_and_fraud_reports_of_the_month() -> None:
    month = Month(sales=100_000, chargebacks=900, fraud_reports=600)

    reach = reach_of(VAMP, month=month, before=Month(sales=5))

    assert (reach.count, reach.ratio_bps, reach.reach_bps) == (1500, 150, 10_000)


def test_a_high_ratio_of_few_cases_is_not_over_the_line() -> None:
    reach = reach_of(VAMP, month=Month(sales=1_000, chargebacks=750), before=Month())

    assert (reach.ratio_bps, reach.reach_bps) == (7_500, 5_000)


def test_ecm_divides_by_the_month_before() -> None:
    reach = reach_of(ECM, month=Month(sales=1, chargebacks=90), before=Month(sales=9_000))

    assert (reach.ratio_bps, reach.reach_bps) == (100, 6_666)


@pytest.mark.parametrize(
    ("month", "sales_before", "reach"),
    [
        (Month(fraud_chargebacks=50, fraud_minor=5_000_000), 10_000, 10_000),
        (Month(fraud_chargebacks=50, fraud_minor=2_500_000), 10_000, 5_000),
        (Month(fraud_chargebacks=50, fraud_minor=9_000_000), 500, 5_000),
    ],
)
def test_efm_asks_amount_ratio_and_sales_together(
    month: Month, sales_before: int, reach: int
) -> None:
    assert reach_of(EFM, month=month, before=Month(sales=sales_before)).reach_bps == reach


def test_cases_without_sales_are_over_the_ratio() -> None:
    reach = reach_of(ECM, month=Month(chargebacks=200), before=Month())

    assert (reach.ratio_bps, reach.reach_bps) == (1_000_000, 20_000)


def test_nothing_at_all_reaches_nothing() -> None:
    assert reach_of(VAMP, month=Month(), before=Month()).reach_bps == 0


@pytest.mark.parametrize(
    ("reach", "level"),
    [
        (0, Level.CALM), (4_999, Level.CALM), (5_000, Level.HALF), (7_499, Level.HALF),
        (7_500, Level.CLOSE), (9_000, Level.NEAR), (9_999, Level.NEAR), (10_000, Level.OVER),
    ],
)  # fmt: skip
def test_levels_begin_at_50_75_90_and_100_percent(reach: int, level: Level) -> None:
    assert level_of(reach) == level


@given(st.integers(0, 10**6), st.integers(0, 10**4), st.integers(1, 28))
def test_a_months_projection_never_shrinks_and_ends_as_the_month(
    sales: int, chargebacks: int, day: int
) -> None:
    month = Month(sales=sales, chargebacks=chargebacks)
    whole = month.projected(day=day, days=28)

    assert whole.sales >= sales
    assert whole.chargebacks >= chargebacks
    assert month.projected(day=28, days=28) == month


@given(st.integers(1, 10**6), st.integers(0, 10**4), st.integers(0, 10**4))
def test_one_more_case_never_brings_an_account_further_from_the_line(
    sales: int, chargebacks: int, reports: int
) -> None:
    less = reach_of(VAMP, month=Month(sales, chargebacks, fraud_reports=reports), before=Month())
    more = reach_of(
        VAMP, month=Month(sales, chargebacks + 1, fraud_reports=reports), before=Month()
    )

    assert more.reach_bps >= less.reach_bps
