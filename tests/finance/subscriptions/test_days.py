"""How many days gateways are told that a first period has."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from apps.finance.subscriptions.rules.calendar import add_months
from apps.finance.subscriptions.rules.periods import days_of, days_to

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("begins", "months", "days"),
    [
        ((2026, 1, 31), 1, 28),  # to 28 February
        ((2026, 3, 15), 1, 31),  # the clock goes forward on the 29th
        ((2026, 4, 1), 1, 30),
        ((2026, 3, 28), 1, 31),
        ((2026, 10, 1), 1, 31),  # the clock goes back on the 25th
        ((2025, 12, 1), 3, 90),
    ],
)
def test_a_period_has_its_days_whatever_the_clock_does(begins, months, days):
    year, month, day = begins
    now = datetime(year, month, day, 9, 30, tzinfo=BERLIN)
    assert days_to(add_months(now, months, "Europe/Berlin"), now=now) == days


@pytest.mark.parametrize("months", [1, 3, 6, 12])
def test_no_calendar_makes_a_period_more_than_two_days_shorter_than_a_gateways(months):
    for month in range(1, 13):
        for day in (1, 15, 28):
            now = datetime(2026, month, day, 23, 59, tzinfo=BERLIN)
            lasts = days_to(add_months(now, months, "Europe/Berlin"), now=now)
            assert lasts >= days_of(months) - 2


def test_there_is_always_one():
    now = datetime(2026, 1, 1, tzinfo=BERLIN)
    assert days_to(now, now=now) == 1
