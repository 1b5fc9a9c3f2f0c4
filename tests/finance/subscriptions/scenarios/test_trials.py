"""Trials: free and paid, what comes after them, who is reminded when, and only once each."""

from __future__ import annotations

import pytest

from tests.finance.subscriptions.scenarios.play import play
from tests.finance.subscriptions.scenarios.stage import Story
from tests.finance.subscriptions.scenarios.steps import (
    cancel,
    change_to,
    promote,
    sees,
    sees_nothing,
    subscribe,
    top_up,
    uncancel,
)

pytestmark = pytest.mark.django_db

WEEK = {"trial_days": 7}
MONTH = {"trial_days": 30}

STORIES = [
    Story(
        title="a free week, then monthly from its end",
        plan=WEEK,
        steps=(("2027-01-01", subscribe()), ("2027-01-05", sees())),
        until="2027-03-09",
        charges=("2027-01-08 10.00", "2027-02-08 10.00", "2027-03-08 10.00"),
        paid_until="2027-04-08",
    ),
    Story(
        title="a free week that ends on the 31st",
        plan=WEEK,
        steps=(("2027-01-24", subscribe()),),
        until="2027-04-01",
        charges=("2027-01-31 10.00", "2027-02-28 10.00", "2027-03-31 10.00"),
    ),
    Story(
        title="a paid week is charged at once, the full price after it",
        plan={"trial_days": 7, "trial": "1.00"},
        steps=(("2027-01-01", subscribe()),),
        until="2027-02-09",
        charges=("2027-01-01 1.00", "2027-01-08 10.00", "2027-02-08 10.00"),
    ),
    Story(
        title="a free month, then yearly",
        plan=MONTH,
        months=12,
        price="99.00",
        steps=(("2027-01-01", subscribe()),),
        until="2028-02-01",
        charges=("2027-01-31 99.00", "2028-01-31 99.00"),
    ),
    Story(
        title="cancelled in its trial it is never charged",
        plan=WEEK,
        steps=(
            ("2027-01-01", subscribe()),
            ("2027-01-03", cancel()),
            ("2027-01-07", sees()),
            ("2027-01-08 12:01", sees_nothing()),
        ),
        until="2027-06-01",
        charges=(),
        state="ENDED CANCELLED",
    ),
    Story(
        title="cancelled a second before its trial ends",
        plan=WEEK,
        steps=(("2027-01-01", subscribe()), ("2027-01-08 11:59", cancel())),
        until="2027-06-01",
        charges=(),
        state="ENDED CANCELLED",
    ),
    Story(
        title="cancelled in its trial and taken back",
        plan=WEEK,
        steps=(
            ("2027-01-01", subscribe()),
            ("2027-01-03", cancel()),
            ("2027-01-04", uncancel()),
        ),
        until="2027-02-01",
        charges=("2027-01-08 10.00",),
    ),
    Story(
        title="a paid trial that is cancelled keeps its price",
        plan={"trial_days": 14, "trial": "2.50"},
        steps=(("2027-01-01", subscribe()), ("2027-01-02", cancel())),
        until="2027-06-01",
        charges=("2027-01-01 2.50",),
        state="ENDED CANCELLED",
    ),
    Story(
        title="who comes back has no second trial",
        plan=WEEK,
        steps=(
            ("2027-01-01", subscribe()),
            ("2027-01-02", cancel()),
            ("2027-02-01", subscribe()),
        ),
        until="2027-02-15",
        charges=("2027-02-01 10.00",),
    ),
    Story(
        title="a trial whose wallet is empty is tried as any renewal is",
        plan=WEEK,
        wallet="5.00",
        steps=(
            ("2027-01-01", subscribe()),
            ("2027-01-10", sees()),
            ("2027-01-11 12:01", sees_nothing()),
        ),
        until="2027-03-01",
        charges=(),
        state="ENDED UNPAID",
    ),
    Story(
        title="a trial whose wallet is filled in time",
        plan=WEEK,
        wallet="5.00",
        steps=(("2027-01-01", subscribe()), ("2027-01-07", top_up("5.00"))),
        until="2027-02-01",
        charges=("2027-01-08 10.00",),
    ),
    Story(
        title="a trial with a promotion: the first paid period is the cheaper one",
        plan=WEEK,
        steps=(
            ("2027-01-01", promote("HALF", percent=50, periods=1)),
            ("2027-01-01", subscribe("HALF")),
        ),
        until="2027-02-10",
        charges=("2027-01-08 5.00", "2027-02-08 10.00"),
    ),
    Story(
        title="a trial of 30 days is announced a week before it ends",
        plan=MONTH,
        steps=(("2027-01-01", subscribe()),),
        until="2027-02-15",
        charges=("2027-01-31 10.00",),
        mails={"subscription.trial_ending": ("2027-01-24 00:00",)},
    ),
    Story(
        title="a trial of 14 days is announced a week before it ends",
        plan={"trial_days": 14},
        steps=(("2027-01-01", subscribe()),),
        until="2027-02-01",
        charges=("2027-01-15 10.00",),
        mails={"subscription.trial_ending": ("2027-01-08 00:00",)},
    ),
    Story(
        title="a trial that was cancelled is not announced",
        plan=MONTH,
        steps=(("2027-01-01", subscribe()), ("2027-01-10", cancel())),
        until="2027-03-01",
        charges=(),
        state="ENDED CANCELLED",
        mails={"subscription.trial_ending": ()},
    ),
    Story(
        title="a higher tier during a free trial is paid at once",
        plan=WEEK,
        steps=(("2027-01-01", subscribe()), ("2027-01-04", change_to("20.00", tier=2))),
        until="2027-02-10",
        charges=("2027-01-04 20.00", "2027-02-04 20.00"),
    ),
    Story(
        title="a free week across the end of summer time keeps its hour",
        plan=WEEK,
        zone="Europe/Berlin",
        steps=(("2027-10-28 10:00", subscribe()),),
        until="2027-12-05",
        charges=("2027-11-04 11:00 10.00", "2027-12-04 11:00 10.00"),
    ),
    Story(
        title="a trial before a calendar plan is charged in proportion to the first",
        plan={"trial_days": 7, "alignment": "CALENDAR"},
        price="31.00",
        steps=(("2027-01-09 00:00", subscribe()),),
        until="2027-02-02",
        charges=("2027-01-16 00:00 16.00", "2027-02-01 00:00 31.00"),
    ),
    Story(
        title="an offer off the part of a month that follows a trial",
        plan={"trial_days": 7, "alignment": "CALENDAR"},
        price="31.00",
        steps=(
            ("2027-01-09 00:00", promote("LESS", amount="15.50", periods=1)),
            ("2027-01-09 00:00", subscribe("LESS")),
        ),
        until="2027-02-02",
        # 15.50 * 16/31, as the terms say: the part is taken of the price that was offered.
        charges=("2027-01-16 00:00 8.00", "2027-02-01 00:00 31.00"),
    ),
]


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_trials(story):
    play(story)


def test_the_part_of_a_month_costs_what_was_agreed_to_whatever_the_offer():
    stage = play(
        Story(
            title="agreed and charged",
            plan={"trial_days": 7, "alignment": "CALENDAR"},
            price="31.00",
            steps=(
                ("2027-01-09 00:00", promote("LESS", amount="15.50", periods=1)),
                ("2027-01-09 00:00", subscribe("LESS")),
            ),
            until="2027-01-17",
            charges=("2027-01-16 00:00 8.00",),
        )
    )

    assert "First charge after the trial: $8.00 USD on 2027-01-16." in stage.subscription.terms
