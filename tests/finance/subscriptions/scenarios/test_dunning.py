"""Renewals that fail: when they are tried again, how long access goes on, and how it ends."""

from __future__ import annotations

import pytest

from tests.finance.subscriptions.scenarios.play import play
from tests.finance.subscriptions.scenarios.stage import Story
from tests.finance.subscriptions.scenarios.steps import (
    another_card,
    cancel,
    issuer,
    pays_from_the_wallet,
    sees,
    sees_nothing,
    subscribe,
    top_up,
)

pytestmark = pytest.mark.django_db

BEGINS = ("2027-01-31", subscribe())
#: Response codes of the vault gateway: no funds; lost card; expired card.
LATER, NEVER, PAYER = "202", "252", "223"

FROM_WALLETS = [
    Story(
        title="tried after 1, 3, 7 and 14 days, then it ends",
        wallet="10.00",
        steps=(
            BEGINS,
            ("2027-03-01", sees()),
            ("2027-03-03 11:59", sees()),
            ("2027-03-03 12:01", sees_nothing()),
        ),
        until="2027-12-31",
        charges=("2027-01-31 10.00",),
        state="ENDED UNPAID",
        mails={"subscription.ended": ("2027-03-14",)},
    ),
    Story(
        title="the wallet is filled before the first try",
        wallet="10.00",
        steps=(BEGINS, ("2027-02-27", top_up("10.00"))),
        until="2027-03-30",
        charges=("2027-01-31 10.00", "2027-02-28 10.00"),
    ),
    Story(
        title="a top-up pays at once, for the regular period",
        wallet="10.00",
        steps=(BEGINS, ("2027-03-05 18:00", top_up("20.00")), ("2027-03-05 18:01", sees())),
        until="2027-04-01",
        charges=("2027-01-31 10.00", "2027-03-05 18:00 10.00", "2027-03-31 10.00"),
        paid_until="2027-04-30",
    ),
    Story(
        title="a top-up that is too small pays nothing",
        wallet="10.00",
        steps=(BEGINS, ("2027-03-05", top_up("9.99"))),
        until="2027-12-31",
        charges=("2027-01-31 10.00",),
        state="ENDED UNPAID",
    ),
    Story(
        title="two small top-ups pay together",
        wallet="10.00",
        steps=(BEGINS, ("2027-03-02 18:00", top_up("4.00")), ("2027-03-05", top_up("6.00"))),
        until="2027-03-30",
        charges=("2027-01-31 10.00", "2027-03-05 10.00"),
    ),
    Story(
        title="a top-up on the last day saves it",
        wallet="10.00",
        steps=(BEGINS, ("2027-03-14 11:59", top_up("10.00"))),
        until="2027-03-30",
        charges=("2027-01-31 10.00", "2027-03-14 11:59 10.00"),
    ),
    Story(
        title="a top-up after the end charges nothing",
        wallet="10.00",
        steps=(BEGINS, ("2027-03-15", top_up("100.00"))),
        until="2027-12-31",
        charges=("2027-01-31 10.00",),
        state="ENDED UNPAID",
    ),
    Story(
        title="cancelled while it is past due it is not charged any more",
        wallet="10.00",
        steps=(BEGINS, ("2027-03-02", cancel()), ("2027-03-05", top_up("100.00"))),
        until="2027-12-31",
        charges=("2027-01-31 10.00",),
        state="ENDED CANCELLED",
    ),
    Story(
        title="past due twice: each period has tries of its own",
        wallet="10.00",
        steps=(BEGINS, ("2027-03-05", top_up("10.00")), ("2027-04-02", top_up("10.00"))),
        until="2027-04-29",
        charges=("2027-01-31 10.00", "2027-03-05 10.00", "2027-04-02 10.00"),
        paid_until="2027-04-30",
    ),
    Story(
        title="a yearly one is tried on the same days",
        wallet="99.00",
        months=12,
        price="99.00",
        steps=(BEGINS, ("2028-02-07 11:00", top_up("99.00"))),
        until="2028-12-31",
        charges=("2027-01-31 99.00", "2028-02-07 11:00 99.00"),
        paid_until="2029-01-31",
    ),
]


@pytest.mark.parametrize("story", FROM_WALLETS, ids=str)
def test_wallets_that_are_empty(story):
    play(story)


BY_CARD = [
    Story(
        title="a card is charged every month without its payer",
        by="card",
        steps=(BEGINS,),
        until="2027-04-01",
        charges=("2027-01-31 10.00", "2027-02-28 10.00", "2027-03-31 10.00"),
    ),
    Story(
        title="no funds: tried after 1, 3, 7 and 14 days, then it ends",
        by="card",
        steps=(BEGINS, ("2027-02-01", issuer(LATER)), ("2027-03-03 12:01", sees_nothing())),
        until="2027-12-31",
        charges=("2027-01-31 10.00",),
        state="ENDED UNPAID",
    ),
    *(
        Story(
            title=f"no funds until {back}: paid at the try of {paid}",
            by="card",
            steps=(BEGINS, ("2027-02-01", issuer(LATER)), (back, issuer(""))),
            until="2027-04-01",
            charges=("2027-01-31 10.00", f"{paid} 10.00", "2027-03-31 10.00"),
            paid_until="2027-04-30",
        )
        for back, paid in [
            ("2027-02-28 18:00", "2027-03-01"),
            ("2027-03-02", "2027-03-03"),
            ("2027-03-05", "2027-03-07"),
            ("2027-03-12", "2027-03-14"),
        ]
    ),
    Story(
        title="a lost card is never tried again, whatever the issuer would say",
        by="card",
        steps=(BEGINS, ("2027-02-01", issuer(NEVER)), ("2027-02-28 18:00", issuer(""))),
        until="2027-12-31",
        charges=("2027-01-31 10.00",),
        state="ENDED UNPAID",
    ),
    Story(
        title="an expired card waits for its payer and is not tried",
        by="card",
        steps=(BEGINS, ("2027-02-01", issuer(PAYER)), ("2027-02-28 18:00", issuer(""))),
        until="2027-12-31",
        charges=("2027-01-31 10.00",),
        state="ENDED UNPAID",
    ),
    Story(
        title="another card after an expired one pays at once",
        by="card",
        steps=(
            BEGINS,
            ("2027-02-01", issuer(PAYER)),
            ("2027-02-28 18:00", issuer("")),
            ("2027-03-05 18:00", another_card()),
            ("2027-03-05 18:01", sees()),
        ),
        until="2027-04-01",
        charges=("2027-01-31 10.00", "2027-03-05 18:00 10.00", "2027-03-31 10.00"),
    ),
    Story(
        title="another card after a lost one pays at once",
        by="card",
        steps=(
            BEGINS,
            ("2027-02-01", issuer(NEVER)),
            ("2027-02-28 18:00", issuer("")),
            ("2027-03-02 09:00", another_card()),
        ),
        until="2027-03-30",
        charges=("2027-01-31 10.00", "2027-03-02 09:00 10.00"),
    ),
    Story(
        title="who pays from the wallet instead is charged there",
        by="card",
        steps=(
            BEGINS,
            ("2027-02-01", issuer(NEVER)),
            ("2027-03-05 18:00", pays_from_the_wallet()),
        ),
        until="2027-04-01",
        charges=("2027-01-31 10.00", "2027-03-05 18:00 10.00", "2027-03-31 10.00"),
    ),
    Story(
        title="cancelled while its card fails it is never charged",
        by="card",
        steps=(
            BEGINS,
            ("2027-02-01", issuer(LATER)),
            ("2027-03-02", cancel()),
            ("2027-03-02 18:00", issuer("")),
        ),
        until="2027-12-31",
        charges=("2027-01-31 10.00",),
        state="ENDED CANCELLED",
    ),
    Story(
        title="cancelled a minute before its card is due",
        by="card",
        steps=(BEGINS, ("2027-02-28 11:59", cancel())),
        until="2027-12-31",
        charges=("2027-01-31 10.00",),
        state="ENDED CANCELLED",
    ),
    Story(
        title="a trial by card is charged when it ends",
        by="card",
        plan={"trial_days": 7},
        steps=(BEGINS,),
        until="2027-03-08",
        charges=("2027-02-07 10.00", "2027-03-07 10.00"),
    ),
]


@pytest.mark.parametrize("story", BY_CARD, ids=str)
def test_cards_that_are_declined(story, sandbox):
    play(story, sandbox)
