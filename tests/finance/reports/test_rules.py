"""Periods and layouts: pure, and complete."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.finance.ledger.chart import LEAVES
from apps.finance.ledger.choices import AccountType
from apps.finance.reports import errors
from apps.finance.reports.rules import layouts, periods
from apps.finance.reports.rules.layouts import codes_within, sections_of
from apps.finance.reports.rules.periods import Period

DAYS = st.dates(min_value=date(2001, 1, 1), max_value=date(2090, 12, 31))


def between(days: str) -> Period:
    return Period(*map(date.fromisoformat, days.split()))


class TestNamedPeriods:
    @pytest.mark.parametrize(
        ("name", "start", "end", "label"),
        [
            ("2024", "2024-01-01", "2024-12-31", "2024"),
            ("2024-Q1", "2024-01-01", "2024-03-31", "Q1 2024"),
            ("2024-Q4", "2024-10-01", "2024-12-31", "Q4 2024"),
            ("2024-02", "2024-02-01", "2024-02-29", "February 2024"),
            ("2025-02", "2025-02-01", "2025-02-28", "February 2025"),
        ],
    )
    def test_are_read(self, name, start, end, label):
        period = periods.period_named(name)

        assert period == Period(date.fromisoformat(start), date.fromisoformat(end))
        assert period.label == label

    @pytest.mark.parametrize(
        "bad", ["", "24", "2024-0", "2024-13", "2024-Q5", "2024-1", "٢٠٢٤", "0000", "1999", "2200"]
    )
    def test_nothing_else_is(self, bad):
        with pytest.raises(errors.PeriodMalformed):
            periods.period_named(bad)


class TestComparison:
    @pytest.mark.parametrize(
        ("period", "before", "year_before"),
        [
            ("2024-03-01 2024-03-31", "2024-02-01 2024-02-29", "2023-03-01 2023-03-31"),
            ("2024-02-01 2024-02-29", "2024-01-01 2024-01-31", "2023-02-01 2023-02-28"),
            ("2025-02-01 2025-02-28", "2025-01-01 2025-01-31", "2024-02-01 2024-02-29"),
            ("2025-01-01 2025-03-31", "2024-10-01 2024-12-31", "2024-01-01 2024-03-31"),
            ("2025-01-01 2025-12-31", "2024-01-01 2024-12-31", "2024-01-01 2024-12-31"),
            ("2024-02-29 2024-02-29", "2024-02-28 2024-02-28", "2023-02-28 2023-02-28"),
            ("2025-02-28 2025-02-28", "2025-02-27 2025-02-27", "2024-02-28 2024-02-28"),
            ("2025-02-15 2025-02-28", "2025-02-01 2025-02-14", "2024-02-15 2024-02-28"),
            ("2024-02-15 2024-03-14", "2024-01-17 2024-02-14", "2023-02-15 2023-03-14"),
            ("2025-01-10 2025-01-19", "2024-12-31 2025-01-09", "2024-01-10 2024-01-19"),
        ],
    )
    def test_takes_whole_months_where_there_are(self, period, before, year_before):
        assert periods.previous(between(period)) == between(before)
        assert periods.year_before(between(period)) == between(year_before)

    @given(DAYS, st.integers(0, 3000))
    def test_the_period_before_ends_the_day_before(self, start, days):
        period = Period(start, start + timedelta(days=days))
        before = periods.previous(period)

        assert before.end == start - timedelta(days=1)
        # 31 days from 1 February are no whole months, and the 31 days before them are January.
        if period.months:
            assert before.months == period.months
        else:
            assert before.days == period.days

    @given(DAYS, st.integers(0, 3000))
    def test_months_and_days_cut_without_gap_or_overlap(self, start, days):
        period = Period(start, start + timedelta(days=days))
        for parts in (periods.months_within(period), periods.days_within(period)):
            assert (parts[0].start, parts[-1].end) == (period.start, period.end)
            assert sum(part.days for part in parts) == period.days


class TestLimits:
    def test_ten_years_and_no_day_more(self):
        start = date(2016, 3, 1)
        assert periods.period_between(start, date(2026, 2, 28)).days == 3652
        with pytest.raises(errors.PeriodTooLong):
            periods.period_between(start, date(2026, 3, 1))

    def test_no_period_ends_before_it_starts(self):
        with pytest.raises(errors.EndBeforeStart):
            periods.period_between(date(2026, 1, 2), date(2026, 1, 1))

    def test_the_end_of_the_calendar_breaks_nothing(self):
        for start in (date.min, date(9991, 1, 1)):
            with pytest.raises(errors.PeriodTooLong):
                periods.period_between(start, date.max)


class TestLayouts:
    RESULT = ((layouts.PROFIT_AND_LOSS, {AccountType.INCOME, AccountType.EXPENSE}),)
    STANDING = (
        (layouts.ASSETS, {AccountType.ASSET}),
        (layouts.LIABILITIES, {AccountType.LIABILITY}),
        (layouts.EQUITY, {AccountType.EQUITY}),
    )

    @pytest.mark.parametrize(("layout", "types"), [*RESULT, *STANDING])
    def test_every_account_of_the_chart_stands_in_one_section(self, layout, types):
        named = [code for section in sections_of(layout) for code in section.codes]

        assert len(named) == len(set(named))
        assert set(named) == {code for code, leaf in LEAVES.items() if leaf.type in types}

    @pytest.mark.parametrize(("layout", "types"), [*RESULT, *STANDING])
    def test_an_account_that_no_section_names_is_not_left_out(self, layout, types):
        stripped = tuple(
            layouts.Section(part.key, part.label, part.sign, (), part.rest)
            if isinstance(part, layouts.Section)
            else part
            for part in layout
        )
        found = [
            code
            for section in sections_of(stripped)
            for code in codes_within(stripped, section, LEAVES)
        ]

        assert sorted(found) == sorted(c for c, leaf in LEAVES.items() if leaf.type in types)
