"""Which days are charged: every interval, months of any length, leap years, zones, the clock."""

from __future__ import annotations

import pytest

from tests.finance.subscriptions.scenarios.play import play
from tests.finance.subscriptions.scenarios.stage import Story
from tests.finance.subscriptions.scenarios.steps import subscribe

pytestmark = pytest.mark.django_db


def days(*moments: str, amount: str = "10.00") -> tuple[str, ...]:
    return tuple(f"{moment} {amount}" for moment in moments)


#: Begins; months; the story's end; the days that are charged; paid until.
ANNIVERSARIES = [
    # Monthly, by day of the month, in years without and with a 29 February.
    ("2027-01-01", 1, "2027-05-02",
     "2027-01-01 2027-02-01 2027-03-01 2027-04-01 2027-05-01", "2027-06-01"),
    ("2027-01-15", 1, "2027-05-16",
     "2027-01-15 2027-02-15 2027-03-15 2027-04-15 2027-05-15", "2027-06-15"),
    ("2027-01-28", 1, "2027-05-29",
     "2027-01-28 2027-02-28 2027-03-28 2027-04-28 2027-05-28", "2027-06-28"),
    ("2027-01-29", 1, "2027-05-30",
     "2027-01-29 2027-02-28 2027-03-29 2027-04-29 2027-05-29", "2027-06-29"),
    ("2027-01-30", 1, "2027-05-31",
     "2027-01-30 2027-02-28 2027-03-30 2027-04-30 2027-05-30", "2027-06-30"),
    ("2027-01-31", 1, "2027-06-01",
     "2027-01-31 2027-02-28 2027-03-31 2027-04-30 2027-05-31", "2027-06-30"),
    ("2028-01-29", 1, "2028-04-30",
     "2028-01-29 2028-02-29 2028-03-29 2028-04-29", "2028-05-29"),
    ("2028-01-30", 1, "2028-05-01",
     "2028-01-30 2028-02-29 2028-03-30 2028-04-30", "2028-05-30"),
    ("2028-01-31", 1, "2028-05-01",
     "2028-01-31 2028-02-29 2028-03-31 2028-04-30", "2028-05-31"),
    ("2027-12-31", 1, "2028-03-31 13:00",
     "2027-12-31 2028-01-31 2028-02-29 2028-03-31", "2028-04-30"),
    ("2028-02-29", 1, "2028-06-01",
     "2028-02-29 2028-03-29 2028-04-29 2028-05-29", "2028-06-29"),
    ("2027-02-28", 1, "2027-06-01",
     "2027-02-28 2027-03-28 2027-04-28 2027-05-28", "2027-06-28"),
    ("2027-10-31", 1, "2028-03-01",
     "2027-10-31 2027-11-30 2027-12-31 2028-01-31 2028-02-29", "2028-03-31"),
    # The century's leap year rule: 2100 has no 29 February, 2000 had one.
    ("2100-01-31", 1, "2100-03-31 13:00", "2100-01-31 2100-02-28 2100-03-31", "2100-04-30"),
    # Quarterly, half-yearly, yearly, two years.
    ("2027-01-31", 3, "2028-02-01",
     "2027-01-31 2027-04-30 2027-07-31 2027-10-31 2028-01-31", "2028-04-30"),
    ("2027-11-30", 3, "2028-09-01",
     "2027-11-30 2028-02-29 2028-05-30 2028-08-30", "2028-11-30"),
    ("2027-11-29", 3, "2028-06-01", "2027-11-29 2028-02-29 2028-05-29", "2028-08-29"),
    ("2026-11-30", 3, "2027-06-01", "2026-11-30 2027-02-28 2027-05-30", "2027-08-30"),
    ("2027-08-31", 6, "2029-03-01",
     "2027-08-31 2028-02-29 2028-08-31 2029-02-28", "2029-08-31"),
    ("2027-03-31", 6, "2028-10-01",
     "2027-03-31 2027-09-30 2028-03-31 2028-09-30", "2029-03-31"),
    ("2027-03-15", 12, "2030-03-16",
     "2027-03-15 2028-03-15 2029-03-15 2030-03-15", "2031-03-15"),
    ("2028-02-29", 12, "2032-03-01",
     "2028-02-29 2029-02-28 2030-02-28 2031-02-28 2032-02-29", "2033-02-28"),
    ("2027-02-28", 12, "2029-03-01", "2027-02-28 2028-02-28 2029-02-28", "2030-02-28"),
    ("2027-12-31", 12, "2030-01-01", "2027-12-31 2028-12-31 2029-12-31", "2030-12-31"),
    ("2028-02-29", 24, "2033-01-01", "2028-02-29 2030-02-28 2032-02-29", "2034-02-28"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("begins", "months", "until", "charged", "paid_until"),
    ANNIVERSARIES,
    ids=[f"{row[1]} months from {row[0]}" for row in ANNIVERSARIES],
)
def test_an_anniversary_is_charged_on_its_day_or_the_last_of_a_shorter_month(
    begins, months, until, charged, paid_until
):
    play(
        Story(
            title=f"{months} months from {begins}",
            steps=((begins, subscribe()),),
            until=until,
            months=months,
            charges=days(*charged.split()),
            paid_until=paid_until,
        )
    )


#: Zone; begins (UTC); months; end; charges as UTC moments.
ZONES = [
    ("Europe/Berlin", "2027-01-31 12:00", 1, "2027-06-01",
     ("2027-01-31", "2027-02-28", "2027-03-31 11:00", "2027-04-30 11:00", "2027-05-31 11:00")),
    # 02:30 on 28 March 2027 does not exist in Berlin: as if the clocks had not moved yet.
    ("Europe/Berlin", "2027-02-28 01:30", 1, "2027-05-01",
     ("2027-02-28 01:30", "2027-03-28 01:30", "2027-04-28 00:30")),
    # 02:30 on 31 October 2027 comes twice in Berlin: the first of the two.
    ("Europe/Berlin", "2027-08-31 00:30", 1, "2027-12-01",
     ("2027-08-31 00:30", "2027-09-30 00:30", "2027-10-31 00:30", "2027-11-30 01:30")),
    ("America/New_York", "2027-01-31 05:30", 1, "2027-05-01",
     ("2027-01-31 05:30", "2027-02-28 05:30", "2027-03-31 04:30", "2027-04-30 04:30")),
    # Half past three at night of the 1st in UTC is the last of the month before in New York.
    ("America/New_York", "2027-02-01 03:30", 1, "2027-04-30 13:00",
     ("2027-02-01 03:30", "2027-03-01 03:30", "2027-04-01 02:30")),
    ("Asia/Kolkata", "2027-01-30 20:00", 1, "2027-03-31 23:00",
     ("2027-01-30 20:00", "2027-02-27 20:00", "2027-03-30 20:00")),
    ("Pacific/Auckland", "2027-01-31 12:00", 1, "2027-05-01",
     ("2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30 13:00")),
    ("Asia/Tehran", "2027-01-31 12:00", 3, "2027-08-01",
     ("2027-01-31", "2027-04-30", "2027-07-31")),
    ("Europe/London", "2027-01-31 00:00", 1, "2027-05-01",
     ("2027-01-31 00:00", "2027-02-28 00:00", "2027-03-30 23:00", "2027-04-29 23:00")),
    ("Australia/Lord_Howe", "2027-01-31 12:00", 1, "2027-05-01",
     ("2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30 12:30")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "begins", "months", "until", "charged"),
    ZONES,
    ids=[f"{row[0]} from {row[1]}" for row in ZONES],
)
def test_days_are_those_of_the_subscriptions_time_zone(zone, begins, months, until, charged):
    play(
        Story(
            title=f"{zone} from {begins}",
            steps=((begins, subscribe()),),
            until=until,
            months=months,
            zone=zone,
            charges=days(*charged),
        )
    )


#: Begins; the price; end; charges. The first period costs its share of the month in whole days,
#: the day it begins on among them.
CALENDARS = [
    ("2027-01-16 12:00", "31.00", "2027-03-02",
     ("2027-01-16 16.00", "2027-02-01 00:00 31.00", "2027-03-01 00:00 31.00")),
    ("2027-02-01 00:00", "28.00", "2027-03-02",
     ("2027-02-01 00:00 28.00", "2027-03-01 00:00 28.00")),
    ("2028-02-15 00:00", "29.00", "2028-03-02",
     ("2028-02-15 00:00 15.00", "2028-03-01 00:00 29.00")),
    ("2027-02-15 00:00", "28.00", "2027-03-02",
     ("2027-02-15 00:00 14.00", "2027-03-01 00:00 28.00")),
    ("2027-01-31 00:00", "31.00", "2027-02-02",
     ("2027-01-31 00:00 1.00", "2027-02-01 00:00 31.00")),
    ("2027-12-21 00:00", "31.00", "2028-01-02",
     ("2027-12-21 00:00 11.00", "2028-01-01 00:00 31.00")),
]  # fmt: skip


@pytest.mark.parametrize(("begins", "price", "until", "charges"), CALENDARS)
def test_a_calendar_plan_is_charged_on_the_first_and_in_proportion_before(
    begins, price, until, charges
):
    play(
        Story(
            title=f"calendar from {begins}",
            steps=((begins, subscribe()),),
            until=until,
            price=price,
            plan={"alignment": "CALENDAR"},
            charges=charges,
        )
    )


def test_for_life_is_charged_once_and_never_due_again():
    stage = play(
        Story(
            title="for life",
            steps=(("2027-01-31", subscribe()),),
            until="2047-01-31",
            months=0,
            price="299.00",
            charges=("2027-01-31 299.00",),
        )
    )

    assert stage.subscription.due_at is None
    assert stage.sees()
