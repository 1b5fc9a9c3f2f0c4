"""What a period costs: promotions, upgrades, downgrades, intervals, new prices."""

from __future__ import annotations

import pytest

from apps.finance.subscriptions import errors
from apps.finance.subscriptions.selectors.live import coming_charge
from tests.finance.subscriptions.scenarios import clock
from tests.finance.subscriptions.scenarios.play import play
from tests.finance.subscriptions.scenarios.stage import Story
from tests.finance.subscriptions.scenarios.steps import (
    agree,
    cancel,
    change_to,
    new_price,
    promote,
    refuse_price,
    refused,
    sees,
    subscribe,
    withdraw_change,
)

pytestmark = pytest.mark.django_db

FIRST = "2027-01-31"


def offered(*, code: str = "OFF", **terms):
    return ((FIRST, promote(code, **terms)), (FIRST, subscribe(code)))


PROMOTIONS = [
    Story(
        title="half off the first period",
        steps=offered(percent=50),
        until="2027-03-01",
        charges=("2027-01-31 5.00", "2027-02-28 10.00"),
    ),
    Story(
        title="a fifth off the first three periods",
        steps=offered(percent=20, periods=3),
        until="2027-05-01",
        charges=("2027-01-31 8.00", "2027-02-28 8.00", "2027-03-31 8.00", "2027-04-30 10.00"),
    ),
    Story(
        title="a tenth off for as long as it runs",
        steps=offered(percent=10, periods=0),
        until="2027-05-01",
        charges=("2027-01-31 9.00", "2027-02-28 9.00", "2027-03-31 9.00", "2027-04-30 9.00"),
    ),
    Story(
        title="three dollars off the first two periods",
        steps=offered(amount="3.00", periods=2),
        until="2027-04-01",
        charges=("2027-01-31 7.00", "2027-02-28 7.00", "2027-03-31 10.00"),
    ),
    Story(
        title="a third off rounds half up to the cent",
        price="9.99",
        steps=offered(percent=33),
        until="2027-02-27",
        charges=("2027-01-31 6.69",),
    ),
    Story(
        title="all of the first period off is no charge at all",
        steps=(*offered(percent=100), ("2027-02-10", sees())),
        until="2027-03-01",
        charges=("2027-02-28 10.00",),
    ),
    Story(
        title="more off than it costs is nothing, never less",
        steps=offered(amount="15.00"),
        until="2027-03-01",
        charges=("2027-02-28 10.00",),
    ),
    Story(
        title="an offer without a code is for everybody who may have it",
        steps=((FIRST, promote(percent=50)), (FIRST, subscribe())),
        until="2027-03-01",
        charges=("2027-01-31 5.00", "2027-02-28 10.00"),
    ),
    Story(
        title="an expired code is refused and charges nothing",
        steps=(
            (FIRST, promote("OFF", percent=50, ends="2027-02-01")),
            ("2027-02-02", refused(subscribe("OFF"), errors.CodeExpired)),
            ("2027-02-03", subscribe()),
        ),
        until="2027-02-10",
        charges=("2027-02-03 10.00",),
    ),
    Story(
        title="an unknown code is refused and charges nothing",
        steps=((FIRST, refused(subscribe("NOPE"), errors.CodeUnknown)), (FIRST, subscribe())),
        until="2027-02-10",
        charges=("2027-01-31 10.00",),
    ),
    Story(
        title="a code is taken once",
        steps=(
            *offered(percent=50),
            ("2027-02-01", cancel()),
            ("2027-04-01", refused(subscribe("OFF"), errors.CodeUsedBefore)),
            ("2027-04-01", subscribe()),
        ),
        until="2027-04-10",
        charges=("2027-01-31 5.00", "2027-04-01 10.00"),
    ),
    Story(
        title="a code to win back is not for new fans, and is for those who left",
        steps=(
            (FIRST, promote("BACK", percent=50, audience="RETURNING")),
            (FIRST, refused(subscribe("BACK"), errors.CodeNotForYou)),
            (FIRST, subscribe()),
            ("2027-02-01", cancel()),
            ("2027-04-01", subscribe("BACK")),
        ),
        until="2027-05-02",
        charges=("2027-01-31 10.00", "2027-04-01 5.00", "2027-05-01 10.00"),
    ),
    Story(
        title="a code for yearly prices is not for monthly ones",
        steps=(
            (FIRST, promote("YEAR", percent=50, months=12)),
            (FIRST, refused(subscribe("YEAR"), errors.CodeNotForYou)),
            (FIRST, subscribe()),
        ),
        until="2027-02-10",
        charges=("2027-01-31 10.00",),
    ),
]


@pytest.mark.parametrize("story", PROMOTIONS, ids=str)
def test_promotions(story):
    play(story)


CHANGES = [
    Story(
        title="a higher tier in the middle is paid at once, less what is left of the old",
        price="28.00",
        steps=(("2027-02-01", subscribe()), ("2027-02-15", change_to("56.00", tier=2))),
        until="2027-04-16",
        # 14 of 28 days are left: 28.00 * 14/28 = 14.00 are credited.
        charges=(
            "2027-02-01 28.00",
            "2027-02-15 42.00",
            "2027-03-15 56.00",
            "2027-04-15 56.00",
        ),
    ),
    Story(
        title="a higher tier on the first day costs the difference",
        steps=(("2027-02-01", subscribe()), ("2027-02-01", change_to("25.00", tier=2))),
        until="2027-03-02",
        charges=("2027-02-01 10.00", "2027-02-01 15.00", "2027-03-01 25.00"),
    ),
    Story(
        title="the credit is rounded half up to the cent",
        price="10.00",
        steps=(("2027-02-01", subscribe()), ("2027-02-10", change_to("20.00", tier=2))),
        until="2027-02-20",
        # 19 of 28 days: 10.00 * 19/28 = 6.7857.
        charges=("2027-02-01 10.00", "2027-02-10 13.21"),
    ),
    Story(
        title="a lower tier comes with the next period",
        price="20.00",
        plan={"tier": 2},
        steps=(("2027-01-31", subscribe()), ("2027-02-10", change_to("10.00", tier=1))),
        until="2027-04-01",
        charges=("2027-01-31 20.00", "2027-02-28 10.00", "2027-03-31 10.00"),
    ),
    Story(
        title="a lower tier that is taken back does not come",
        price="20.00",
        plan={"tier": 2},
        steps=(
            ("2027-01-31", subscribe()),
            ("2027-02-10", change_to("10.00", tier=1)),
            ("2027-02-20", withdraw_change()),
        ),
        until="2027-03-01",
        charges=("2027-01-31 20.00", "2027-02-28 20.00"),
    ),
    Story(
        title="from monthly to yearly is paid at once, less what is left of the month",
        price="28.00",
        steps=(("2027-02-01", subscribe()), ("2027-02-15", change_to("280.00", months=12))),
        until="2028-02-16",
        charges=("2027-02-01 28.00", "2027-02-15 266.00", "2028-02-15 280.00"),
    ),
    Story(
        title="from yearly to monthly comes when the year is over",
        price="99.00",
        months=12,
        steps=(("2027-01-31", subscribe()), ("2027-06-10", change_to("10.00", months=1))),
        until="2028-03-01",
        charges=("2027-01-31 99.00", "2028-01-31 10.00", "2028-02-29 10.00"),
    ),
    Story(
        title="the days of a change are counted from the change",
        steps=(("2027-01-15", subscribe()), ("2027-01-31", change_to("20.00", tier=2))),
        until="2027-04-01",
        # 15 of 31 days are left: 10.00 * 15/31 = 4.8387.
        charges=(
            "2027-01-15 10.00",
            "2027-01-31 15.16",
            "2027-02-28 20.00",
            "2027-03-31 20.00",
        ),
    ),
    Story(
        title="cancelled after an upgrade it runs to the end of what was paid last",
        price="28.00",
        steps=(
            ("2027-02-01", subscribe()),
            ("2027-02-15", change_to("56.00", tier=2)),
            ("2027-02-20", cancel()),
            ("2027-03-14", sees()),
        ),
        until="2027-12-31",
        charges=("2027-02-01 28.00", "2027-02-15 42.00"),
        state="ENDED CANCELLED",
        paid_until="2027-03-15",
    ),
    Story(
        title="an upgrade that was half price is credited by what was really paid",
        price="28.00",
        steps=(
            ("2027-02-01", promote("HALF", percent=50)),
            ("2027-02-01", subscribe("HALF")),
            ("2027-02-15", change_to("56.00", tier=2)),
        ),
        until="2027-02-20",
        charges=("2027-02-01 14.00", "2027-02-15 49.00"),
    ),
    Story(
        title="an offer for one length of a plan ends with the change to another",
        plan={"tier": 2},
        steps=(
            ("2027-02-01", promote("HALF", percent=50, periods=0, months=1)),
            ("2027-02-01", subscribe("HALF")),
            ("2027-02-10", change_to("60.00", months=12, tier=1)),
        ),
        until="2028-03-02",
        charges=("2027-02-01 5.00", "2027-03-01 60.00", "2028-03-01 60.00"),
    ),
    Story(
        title="an offer for the whole creator goes on after a planned change",
        plan={"tier": 2},
        steps=(
            ("2027-02-01", promote("HALF", percent=50, periods=2)),
            ("2027-02-01", subscribe("HALF")),
            ("2027-02-10", change_to("6.00", tier=1)),
        ),
        until="2027-04-02",
        charges=("2027-02-01 5.00", "2027-03-01 3.00", "2027-04-01 6.00"),
    ),
    Story(
        title="what it is already is no change",
        steps=(
            ("2027-02-01", subscribe()),
            ("2027-02-10", refused(change_to("10.00"), errors.NothingToChange)),
        ),
        until="2027-02-20",
        charges=("2027-02-01 10.00",),
    ),
]


@pytest.mark.parametrize("story", CHANGES, ids=str)
def test_upgrades_downgrades_and_intervals(story):
    play(story)


NEW_PRICES = [
    Story(
        title="a new price holds for new fans at once, for others never by itself",
        steps=((FIRST, subscribe()), ("2027-02-10", new_price("12.00"))),
        until="2027-04-01",
        charges=("2027-01-31 10.00", "2027-02-28 10.00", "2027-03-31 10.00"),
    ),
    Story(
        title="a rise that was announced is charged from its day on",
        steps=((FIRST, subscribe()), ("2027-02-10", new_price("12.00", since="2027-03-20"))),
        until="2027-05-01",
        charges=(
            "2027-01-31 10.00",
            "2027-02-28 10.00",
            "2027-03-31 12.00",
            "2027-04-30 12.00",
        ),
        mails={"subscription.price_change": ("2027-02-18",)},
    ),
    Story(
        title="a rise by more than half without a word ends it",
        steps=((FIRST, subscribe()), ("2027-02-10", new_price("16.00", since="2027-03-20"))),
        until="2027-12-31",
        charges=("2027-01-31 10.00", "2027-02-28 10.00"),
        state="ENDED NO_CONSENT",
    ),
    Story(
        title="a rise by more than half that was agreed to is charged",
        steps=(
            (FIRST, subscribe()),
            ("2027-02-10", new_price("16.00", since="2027-03-20")),
            ("2027-02-20", agree()),
        ),
        until="2027-04-01",
        charges=("2027-01-31 10.00", "2027-02-28 10.00", "2027-03-31 16.00"),
    ),
    Story(
        title="a rise that was refused ends it with what is paid",
        steps=(
            (FIRST, subscribe()),
            ("2027-02-10", new_price("16.00", since="2027-03-20")),
            ("2027-02-20", refuse_price()),
        ),
        until="2027-12-31",
        charges=("2027-01-31 10.00", "2027-02-28 10.00"),
        state="ENDED NO_CONSENT",
    ),
    Story(
        title="a lower price needs no word",
        steps=((FIRST, subscribe()), ("2027-02-10", new_price("8.00", since="2027-02-11"))),
        until="2027-03-01",
        charges=("2027-01-31 10.00", "2027-02-28 8.00"),
    ),
    Story(
        title="a rise without a month's notice is refused",
        steps=(
            (FIRST, subscribe()),
            (
                "2027-02-10",
                refused(new_price("12.00", since="2027-02-20"), errors.ChangeTooSoon),
            ),
        ),
        until="2027-03-01",
        charges=("2027-01-31 10.00", "2027-02-28 10.00"),
    ),
]


@pytest.mark.parametrize("story", NEW_PRICES, ids=str)
def test_new_prices(story):
    play(story)


def test_the_next_charge_that_is_shown_is_the_one_that_is_charged():
    stage = play(
        Story(
            title="told of a rise",
            steps=((FIRST, subscribe()), ("2027-02-10", new_price("12.00", since="2027-03-20"))),
            until="2027-03-10",
            charges=("2027-01-31 10.00", "2027-02-28 10.00"),
        )
    )

    coming = coming_charge(stage.subscription)
    assert coming is not None
    assert (str(coming[0].decimal), clock.day(coming[1])) == ("12.00", "2027-03-31")
