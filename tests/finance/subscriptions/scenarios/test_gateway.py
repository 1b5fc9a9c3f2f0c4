"""Gateways that renew by themselves: what they tell is booked once, and what we want is done."""

from __future__ import annotations

import pytest

from tests.finance.subscriptions.scenarios.play import play
from tests.finance.subscriptions.scenarios.stage import Story
from tests.finance.subscriptions.scenarios.steps import (
    both,
    cancel,
    declined_there,
    heard_twice,
    renewed_there,
    sees,
    sees_nothing,
    still_renews_there,
    stopped_there,
    subscribe,
)

pytestmark = pytest.mark.django_db

BEGINS = ("2027-01-31", subscribe())

STORIES = [
    Story(
        title="what the gateway charges on the due day is booked for the period",
        by="gateway",
        steps=(BEGINS, ("2027-02-28", renewed_there()), ("2027-03-31", renewed_there())),
        until="2027-04-01",
        charges=("2027-01-31 10.00", "2027-02-28 10.00", "2027-03-31 10.00"),
        paid_until="2027-04-30",
    ),
    Story(
        title="the same news told twice is booked once",
        by="gateway",
        steps=(BEGINS, ("2027-02-28", heard_twice(renewed_there()))),
        until="2027-03-02",
        charges=("2027-01-31 10.00", "2027-02-28 10.00"),
        paid_until="2027-03-30",
    ),
    Story(
        title="a gateway that charges a day early pays the coming period",
        by="gateway",
        steps=(BEGINS, ("2027-02-27", renewed_there())),
        until="2027-03-05",
        charges=("2027-01-31 10.00", "2027-02-27 10.00"),
        paid_until="2027-03-29",
    ),
    Story(
        title="what is charged two days late lasts from then on, and access goes on meanwhile",
        by="gateway",
        steps=(BEGINS, ("2027-03-01", sees()), ("2027-03-02", renewed_there())),
        until="2027-03-05",
        charges=("2027-01-31 10.00", "2027-03-02 10.00"),
        paid_until="2027-04-01",
    ),
    Story(
        title="a gateway that says nothing: past due, and no access after the grace",
        by="gateway",
        steps=(BEGINS, ("2027-03-03 11:00", sees()), ("2027-03-04", sees_nothing())),
        until="2027-03-05",
        charges=("2027-01-31 10.00",),
        state="PAST_DUE",
    ),
    Story(
        title="a gateway that speaks after all brings it back",
        by="gateway",
        steps=(BEGINS, ("2027-03-06", both(renewed_there(), sees()))),
        until="2027-03-07",
        charges=("2027-01-31 10.00", "2027-03-06 10.00"),
        paid_until="2027-04-05",
    ),
    Story(
        title="a decline there is past due until it charges again by itself",
        by="gateway",
        steps=(
            BEGINS,
            ("2027-02-28", declined_there()),
            ("2027-03-02", renewed_there()),
        ),
        until="2027-03-05",
        charges=("2027-01-31 10.00", "2027-03-02 10.00"),
        paid_until="2027-04-01",
    ),
    Story(
        title="cancelled with us it is stopped there",
        by="gateway",
        steps=(
            BEGINS,
            ("2027-02-10", still_renews_there()),
            ("2027-02-10", cancel()),
            ("2027-02-11", stopped_there()),
        ),
        until="2027-04-01",
        charges=("2027-01-31 10.00",),
        state="ENDED CANCELLED",
    ),
]


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_gateways_that_renew_by_themselves(story, sandbox):
    play(story, sandbox)
