"""Cancelling, coming back, pausing, and a machine that was down."""

from __future__ import annotations

import pytest

from apps.finance.subscriptions import errors
from apps.notifications.models import Message
from tests.finance.subscriptions.scenarios.play import play
from tests.finance.subscriptions.scenarios.stage import Story
from tests.finance.subscriptions.scenarios.steps import (
    cancel,
    ended_by_staff,
    pause,
    refused,
    resume,
    sees,
    sees_nothing,
    subscribe,
    the_machine_is_down,
    uncancel,
)

pytestmark = pytest.mark.django_db

BEGINS = ("2027-01-31", subscribe())

STORIES = [
    Story(
        title="cancelled it ends with what is paid",
        steps=(
            BEGINS,
            ("2027-02-10", cancel()),
            ("2027-02-28 11:59", sees()),
            ("2027-02-28 12:01", sees_nothing()),
        ),
        until="2027-12-31",
        charges=("2027-01-31 10.00",),
        state="ENDED CANCELLED",
        paid_until="2027-02-28",
        mails={"subscription.cancelled": ("2027-02-10",)},
    ),
    Story(
        title="cancelled on the first day",
        steps=(BEGINS, ("2027-01-31 12:01", cancel())),
        until="2027-12-31",
        charges=("2027-01-31 10.00",),
        state="ENDED CANCELLED",
    ),
    Story(
        title="cancelled a minute before it renews",
        steps=(BEGINS, ("2027-02-28 11:59", cancel())),
        until="2027-12-31",
        charges=("2027-01-31 10.00",),
        state="ENDED CANCELLED",
    ),
    Story(
        title="cancelled a minute after it renewed",
        steps=(BEGINS, ("2027-02-28 12:01", cancel())),
        until="2027-12-31",
        charges=("2027-01-31 10.00", "2027-02-28 10.00"),
        state="ENDED CANCELLED",
        paid_until="2027-03-31",
    ),
    Story(
        title="cancelled twice is cancelled once",
        steps=(BEGINS, ("2027-02-10", cancel()), ("2027-02-11", cancel())),
        until="2027-12-31",
        charges=("2027-01-31 10.00",),
        state="ENDED CANCELLED",
        mails={"subscription.cancelled": ("2027-02-10",)},
    ),
    Story(
        title="cancelled and taken back renews on its old days",
        steps=(BEGINS, ("2027-02-10", cancel()), ("2027-02-20", uncancel())),
        until="2027-04-01",
        charges=("2027-01-31 10.00", "2027-02-28 10.00", "2027-03-31 10.00"),
    ),
    Story(
        title="taking back what has ended is refused",
        steps=(
            BEGINS,
            ("2027-02-10", cancel()),
            ("2027-03-05", refused(uncancel(), errors.WrongState)),
        ),
        until="2027-06-01",
        charges=("2027-01-31 10.00",),
        state="ENDED CANCELLED",
    ),
    Story(
        title="who comes back begins anew, on the day they come back",
        steps=(BEGINS, ("2027-02-10", cancel()), ("2027-04-15", subscribe())),
        until="2027-06-01",
        charges=("2027-01-31 10.00", "2027-04-15 10.00", "2027-05-15 10.00"),
    ),
    Story(
        title="a second subscription to the same creator is refused",
        steps=(BEGINS, ("2027-02-10", refused(subscribe(), errors.AlreadySubscribed))),
        until="2027-02-20",
        charges=("2027-01-31 10.00",),
    ),
    Story(
        title="so it is while a cancelled one still runs",
        steps=(
            BEGINS,
            ("2027-02-10", cancel()),
            ("2027-02-11", refused(subscribe(), errors.AlreadySubscribed)),
        ),
        until="2027-02-20",
        charges=("2027-01-31 10.00",),
    ),
    Story(
        title="a yearly one that is cancelled runs to the end of its year",
        months=12,
        price="99.00",
        steps=(BEGINS, ("2027-03-01", cancel()), ("2028-01-31 11:59", sees())),
        until="2029-01-01",
        charges=("2027-01-31 99.00",),
        state="ENDED CANCELLED",
    ),
    Story(
        title="ended by staff it ends at once",
        steps=(BEGINS, ("2027-02-10", ended_by_staff()), ("2027-02-10 12:01", sees_nothing())),
        until="2027-12-31",
        charges=("2027-01-31 10.00",),
        state="ENDED STAFF",
    ),
    Story(
        title="paused it is not charged and opens nothing, then goes on",
        steps=(
            BEGINS,
            ("2027-02-10", pause("2027-04-10")),
            ("2027-02-27", sees()),
            ("2027-03-10", sees_nothing()),
            ("2027-04-11", sees()),
        ),
        until="2027-05-11",
        charges=("2027-01-31 10.00", "2027-04-10 10.00", "2027-05-10 10.00"),
    ),
    Story(
        title="paused and resumed early it is charged from that day",
        steps=(BEGINS, ("2027-02-10", pause("2027-05-10")), ("2027-03-15", resume())),
        until="2027-04-16",
        charges=("2027-01-31 10.00", "2027-03-15 10.00", "2027-04-15 10.00"),
    ),
    Story(
        title="a pause that is taken back before it begins changes nothing",
        steps=(BEGINS, ("2027-02-10", pause("2027-05-10")), ("2027-02-20", resume())),
        until="2027-04-01",
        charges=("2027-01-31 10.00", "2027-02-28 10.00", "2027-03-31 10.00"),
    ),
    Story(
        title="cancelled while it is paused it ends",
        steps=(BEGINS, ("2027-02-10", pause("2027-04-10")), ("2027-03-10", cancel())),
        until="2027-12-31",
        charges=("2027-01-31 10.00",),
        state="ENDED CANCELLED",
    ),
    Story(
        title="a pause of half a year is refused",
        steps=(BEGINS, ("2027-02-10", refused(pause("2027-08-10"), errors.PauseTooLong))),
        until="2027-03-15",
        charges=("2027-01-31 10.00", "2027-02-28 10.00"),
    ),
    Story(
        title="a machine that was down for a day charges late, for the regular period",
        steps=(BEGINS, ("2027-02-28 11:00", the_machine_is_down("2027-03-01 12:00"))),
        until="2027-04-01",
        charges=("2027-01-31 10.00", "2027-03-01 10.00", "2027-03-31 10.00"),
        paid_until="2027-04-30",
    ),
    Story(
        title="a machine that was down for a quarter charges no month that nobody could use",
        steps=(BEGINS, ("2027-02-28 11:00", the_machine_is_down("2027-06-10 12:00"))),
        until="2027-07-01",
        charges=("2027-01-31 10.00", "2027-06-10 10.00", "2027-06-30 10.00"),
        paid_until="2027-07-31",
    ),
    Story(
        title="what was cancelled while the machine was down is not charged when it is up",
        steps=(
            BEGINS,
            ("2027-02-28 11:00", the_machine_is_down("2027-03-01 11:00", then=cancel())),
        ),
        until="2027-06-01",
        charges=("2027-01-31 10.00",),
        state="ENDED CANCELLED",
    ),
]


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_leaving_and_coming_back(story):
    play(story)


@pytest.mark.parametrize(("back", "left"), [("2027-03-03", "WITHDRAWN"), ("2027-03-20", "SENT")])
def test_who_is_back_is_not_asked_back(back, left):
    stage = play(
        Story(
            title="back again",
            steps=(BEGINS, ("2027-02-10", cancel()), (back, subscribe())),
            until=back,
            charges=("2027-01-31 10.00", f"{back} 10.00"),
        )
    )

    asked = Message.objects.get(user=stage.fan.user_id, kind="subscription.win_back")
    assert asked.state == left
