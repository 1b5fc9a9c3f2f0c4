"""Nobody who must be reminded is charged before: after outages and pauses too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.finance.subscriptions.scenarios.play import play
from tests.finance.subscriptions.scenarios.stage import Story
from tests.finance.subscriptions.scenarios.steps import (
    cancel,
    pause,
    promote,
    resume,
    sees,
    stand_still,
    subscribe,
)

pytestmark = pytest.mark.django_db

YEARLY: dict[str, Any] = {"months": 12, "price": "99.00"}

STORIES = [
    Story(
        title="a trial that ended in an outage is announced first, and open meanwhile",
        plan={"trial_days": 30},
        steps=(
            ("2027-01-01", subscribe()),
            ("2027-01-20", stand_still("2027-01-31 13:00")),
            ("2027-02-06", sees()),
        ),
        until="2027-03-01",
        # The days stay what they were: the second charge is a month after the end of the trial.
        charges=("2027-02-07 10.00", "2027-02-28 10.00"),
        mails={"subscription.trial_ending": ("2027-01-31 13:00",)},
    ),
    Story(
        title="a trial announced three days late is charged three days late",
        plan={"trial_days": 30},
        steps=(
            ("2027-01-01", subscribe()),
            ("2027-01-20", stand_still("2027-01-27")),
        ),
        until="2027-02-10",
        charges=("2027-02-03 10.00",),
        mails={"subscription.trial_ending": ("2027-01-27",)},
    ),
    Story(
        title="a short trial needs a day",
        plan={"trial_days": 7},
        steps=(
            ("2027-01-01", subscribe()),
            ("2027-01-05", stand_still("2027-01-08 13:00")),
        ),
        until="2027-01-20",
        charges=("2027-01-09 10.00",),
        mails={"subscription.trial_ending": ("2027-01-08 13:00",)},
    ),
    Story(
        title="who was told after an outage and cancels is not charged",
        plan={"trial_days": 30},
        steps=(
            ("2027-01-01", subscribe()),
            ("2027-01-20", stand_still("2027-01-31 13:00")),
            ("2027-02-02", cancel()),
        ),
        until="2027-04-01",
        charges=(),
        state="ENDED CANCELLED",
    ),
    Story(
        title="a year that ended in an outage",
        **YEARLY,
        steps=(
            ("2027-01-01", subscribe()),
            ("2027-12-10", stand_still("2028-01-01 13:00")),
            ("2028-01-07", sees()),
        ),
        until="2029-01-02",
        charges=("2027-01-01 99.00", "2028-01-08 99.00", "2029-01-01 99.00"),
        mails={"subscription.renewal_ahead": ("2028-01-01 13:00", "2028-12-18")},
    ),
    Story(
        title="an offer that was over in an outage",
        steps=(
            ("2027-01-01", promote("HALF", percent=50)),
            ("2027-01-01", subscribe("HALF")),
            ("2027-01-20", stand_still("2027-02-01 13:00")),
        ),
        until="2027-03-02",
        charges=("2027-01-01 5.00", "2027-02-08 10.00", "2027-03-01 10.00"),
        mails={"subscription.renewal_ahead": ("2027-02-01 13:00",)},
    ),
    Story(
        title="what needs no reminder is charged after an outage as ever",
        steps=(
            ("2027-01-01", subscribe()),
            ("2027-01-20", stand_still("2027-02-02")),
        ),
        until="2027-03-02",
        charges=("2027-01-01 10.00", "2027-02-02 10.00", "2027-03-01 10.00"),
    ),
    Story(
        title="a year that was paused is announced before it goes on",
        **YEARLY,
        steps=(
            ("2027-01-01", subscribe()),
            ("2027-12-01", pause("2028-02-01")),
        ),
        until="2028-02-02",
        charges=("2027-01-01 99.00", "2028-02-01 99.00"),
        mails={"subscription.renewal_ahead": ("2028-01-18",)},
    ),
    Story(
        title="announced before the pause, it is announced for its new day too",
        **YEARLY,
        steps=(
            ("2027-01-01", subscribe()),
            ("2027-12-28", pause("2028-02-01")),
        ),
        until="2028-02-02",
        charges=("2027-01-01 99.00", "2028-02-01 99.00"),
        mails={"subscription.renewal_ahead": ("2027-12-18", "2028-01-18")},
    ),
    Story(
        title="a pause that ended in an outage",
        **YEARLY,
        steps=(
            ("2027-01-01", subscribe()),
            ("2027-12-01", pause("2028-02-01")),
            ("2028-01-10", stand_still("2028-02-01 13:00")),
            ("2028-02-07", sees()),
        ),
        until="2028-03-01",
        charges=("2027-01-01 99.00", "2028-02-08 13:00 99.00"),
        mails={"subscription.renewal_ahead": ("2028-02-01 13:00",)},
    ),
    Story(
        title="who ends a pause is charged at once",
        **YEARLY,
        steps=(
            ("2027-01-01", subscribe()),
            ("2027-12-01", pause("2028-02-01")),
            ("2028-01-10", resume()),
        ),
        until="2028-03-01",
        charges=("2027-01-01 99.00", "2028-01-10 99.00"),
        mails={"subscription.renewal_ahead": ()},
    ),
]


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_nobody_is_charged_unannounced(story):
    play(story)
