"""Money that goes back, and what it does to the subscription that it paid for."""

from __future__ import annotations

import pytest

from apps.finance.payments.rules.refunds import RefundReason
from tests.finance.subscriptions.scenarios.play import play
from tests.finance.subscriptions.scenarios.stage import Story
from tests.finance.subscriptions.scenarios.steps import (
    cancel,
    charged_back,
    ended_by_staff,
    refunded,
    sees,
    sees_nothing,
    subscribe,
)

pytestmark = pytest.mark.django_db

BEGINS = ("2027-01-31", subscribe())
ONE = ("2027-01-31 10.00",)
TWO = (*ONE, "2027-02-28 10.00")

STORIES = [
    Story(
        title="all of the running period back ends it at once",
        steps=(BEGINS, ("2027-02-10", refunded("10.00")), ("2027-02-10 12:01", sees_nothing())),
        until="2027-12-31",
        charges=ONE,
        state="ENDED REFUNDED",
    ),
    Story(
        title="a part of the running period back changes nothing",
        steps=(BEGINS, ("2027-02-10", refunded("4.00")), ("2027-02-10 12:01", sees())),
        until="2027-03-01",
        charges=TWO,
    ),
    Story(
        title="both parts back are all of it",
        steps=(
            BEGINS,
            ("2027-02-10", refunded("4.00")),
            ("2027-02-11", refunded("6.00")),
            ("2027-02-11 12:01", sees_nothing()),
        ),
        until="2027-12-31",
        charges=ONE,
        state="ENDED REFUNDED",
    ),
    Story(
        title="given back out of goodwill it goes on",
        steps=(
            BEGINS,
            ("2027-02-10", refunded("10.00", why=RefundReason.GOODWILL)),
            ("2027-02-10 12:01", sees()),
        ),
        until="2027-03-01",
        charges=TWO,
    ),
    Story(
        title="an earlier period back does not end the running one",
        steps=(BEGINS, ("2027-03-10", refunded("10.00", of=0)), ("2027-03-10 12:01", sees())),
        until="2027-03-20",
        charges=TWO,
    ),
    Story(
        title="ended by staff with its money back",
        steps=(
            BEGINS,
            ("2027-02-10", ended_by_staff(refund=True)),
            ("2027-02-10 12:01", sees_nothing()),
        ),
        until="2027-12-31",
        charges=ONE,
        state="ENDED STAFF",
    ),
    Story(
        title="cancelled, then given back: access ends with the money",
        steps=(
            BEGINS,
            ("2027-02-05", cancel()),
            ("2027-02-10", refunded("10.00")),
            ("2027-02-10 12:01", sees_nothing()),
        ),
        until="2027-12-31",
        charges=ONE,
        state="ENDED REFUNDED",
    ),
    Story(
        title="who was given everything back may subscribe again",
        steps=(BEGINS, ("2027-02-10", refunded("10.00")), ("2027-03-01", subscribe())),
        until="2027-03-10",
        charges=(*ONE, "2027-03-01 10.00"),
    ),
]


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_refunds(story):
    play(story)


def test_a_chargeback_ends_it_at_once_and_nothing_is_charged_any_more(sandbox):
    play(
        Story(
            title="charged back",
            by="gateway",
            steps=(
                BEGINS,
                ("2027-02-10", charged_back()),
                ("2027-02-10 12:01", sees_nothing()),
            ),
            until="2027-12-31",
            charges=ONE,
            state="ENDED CHARGEBACK",
        ),
        sandbox,
    )
