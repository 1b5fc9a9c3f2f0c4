"""What the demo's fan and creator have been doing, so that whoever signs in finds something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from apps.accounts import services as accounts
from apps.accounts.models import Profile, User
from apps.core.money import Money
from apps.finance.payments import selectors as payment_selectors
from apps.ops.rules import Card
from apps.ops.services.cast import Creator, open_creator
from apps.ops.services.demo_people import DEMO_CREATOR, DEMO_FAN
from apps.ops.services.play import (
    AWAITS_STAFF,
    CURRENCY,
    Deed,
    Doing,
    Play,
    approve,
    deposit,
    tip_by_card,
    tip_from_wallet,
)
from apps.payouts import services as payouts

if TYPE_CHECKING:
    from apps.clusters.models import Cluster

#: The brands that fan and creator are on.
BRANDS = ("boyfanz", "girlfanz")
#: The last deed of all: where it is found, the demo is complete.
LAST = "demo-last"

#: Days ago, brand, dollars, what for. Paid into the demo fan's wallets.
DEPOSITS = ((16, "boyfanz", "100.00"), (11, "girlfanz", "80.00"), (1.2, "boyfanz", "60.00"))
#: Days ago, brand, which creator of the brand (-1: the demo's), dollars, message.
WALLET_TIPS = (
    (15.9, "boyfanz", 0, "15.00", "That beach set!"),
    (12.3, "boyfanz", 1, "20.00", "For the rehearsal video"),
    (10.5, "girlfanz", 0, "18.00", "Happy birthday, Ruby"),
    (6.4, "boyfanz", -1, "12.50", "Welcome to BoyFanz"),
    (4.1, "girlfanz", -1, "10.00", "More of this, please"),
    (1.1, "boyfanz", 3, "9.00", "The ring light works"),
)
CARD_TIPS = (
    (8.6, "boyfanz", -1, "25.00", "Best hour of my week"),
    (2.2, "girlfanz", -1, "35.00", "For the new camera"),
)
#: Days ago, brand, dollars: the crowd tips the demo's creator by card.
FAN_MAIL = (
    *((21, "boyfanz", "50.00"), (19.4, "boyfanz", "75.00"), (17.7, "boyfanz", "25.00")),
    *((15.2, "boyfanz", "60.00"), (13.8, "girlfanz", "40.00"), (12.1, "boyfanz", "30.00")),
    *((9.3, "girlfanz", "20.00"), (7.6, "boyfanz", "99.99"), (5.2, "boyfanz", "45.00")),
    *((3.3, "boyfanz", "20.00"), (1.4, "boyfanz", "50.00"), (0.9, "girlfanz", "15.00")),
    *((0.15, "boyfanz", "40.00"), (0.11, "girlfanz", "25.00"), (0.06, "boyfanz", "30.00")),
    *((0.03, "girlfanz", "50.00"), (0.01, "boyfanz", "20.00")),
)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Leads:
    """The people one can sign in as, and the staff who pay them."""

    fan: dict[str, Profile]
    creator: dict[str, Creator]
    staff: tuple[User, User]


def lead_roles(
    *,
    fan: User,
    creator: User,
    staff: tuple[User, User],
    brands: dict[str, Cluster],
    now: datetime,
) -> Leads:
    """Put the demo's fan and creator on their brands. Safe to repeat."""
    return Leads(
        fan={slug: _fan(fan, brands[slug], now) for slug in BRANDS},
        creator={
            slug: open_creator(
                user=creator,
                cluster=brands[slug],
                handle=DEMO_CREATOR.handle,
                name=DEMO_CREATOR.name,
                bio=DEMO_CREATOR.bio,
                now=now,
            )
            for slug in BRANDS
        },
        staff=staff,
    )


def _fan(user: User, cluster: Cluster, now: datetime) -> Profile:
    profile = accounts.ensure_profile(user=user, cluster=cluster, now=now)
    return accounts.edit_profile(
        profile=profile, by=user, now=now, handle=DEMO_FAN.handle, display_name=DEMO_FAN.name
    )


def was_told(leads: Leads) -> bool:
    """Test if the story has come to its end on this database."""
    paid = payment_selectors.transactions_of(leads.fan[BRANDS[0]])
    return paid.filter(idempotency_key=LAST).exists()


def story(play: Play, leads: Leads, *, now: datetime) -> Iterator[Deed]:
    """Return the leads' deeds, each with its time; each may be done again and repeats nothing."""
    yield from _payments(play, leads, now)
    for index, (days, slug, dollars) in enumerate(FAN_MAIL):
        crowd = [fan for fan in play.cast.fans if fan.cluster.slug == slug]
        yield now - days * DAY, partial(
            tip_by_card, play, fan=crowd[index % len(crowd)], creator=leads.creator[slug].profile,
            amount=Money.of(dollars, CURRENCY), key=f"demo-mail-{index}", card=Card.APPROVE,
        )  # fmt: skip
    first, second = leads.staff
    yield now - 10 * DAY, _payout(leads, "demo-paid", "80.00", (first, second))
    yield now - 1.3 * DAY, _payout(leads, "demo-review", "60.00", ())
    yield now - 0.3 * DAY, _payout(leads, "demo-review", "60.00", (first,))
    yield now - 0.2 * DAY, _payout(leads, "demo-asked", "45.00", ())
    yield now - timedelta(minutes=2), partial(
        tip_from_wallet, fan=leads.fan[BRANDS[0]], creator=leads.creator[BRANDS[0]].profile,
        amount=Money.of("5.00", CURRENCY), key=LAST, message="Good night!",
    )  # fmt: skip


def _payments(play: Play, leads: Leads, now: datetime) -> Iterator[Deed]:
    """Return what the demo's fan pays."""
    for index, (days, slug, dollars) in enumerate(DEPOSITS):
        yield now - days * DAY, partial(
            deposit, play, fan=leads.fan[slug], amount=Money.of(dollars, CURRENCY),
            key=f"demo-deposit-{index}", card=Card.APPROVE,
        )  # fmt: skip
    for index, (days, slug, whom, dollars, message) in enumerate(WALLET_TIPS):
        yield now - days * DAY, partial(
            tip_from_wallet, fan=leads.fan[slug], creator=creator_of(play, leads, slug, whom),
            amount=Money.of(dollars, CURRENCY), key=f"demo-tip-{index}", message=message,
        )  # fmt: skip
    for index, (days, slug, whom, dollars, message) in enumerate(CARD_TIPS):
        yield now - days * DAY, partial(
            tip_by_card, play, fan=leads.fan[slug], creator=creator_of(play, leads, slug, whom),
            amount=Money.of(dollars, CURRENCY), key=f"demo-card-tip-{index}",
            card=Card.APPROVE, message=message,
        )  # fmt: skip


def creator_of(play: Play, leads: Leads, slug: str, whom: int) -> Profile:
    """Return a brand's creator by place among the crowd's; -1 is the demo's."""
    if whom < 0:
        return leads.creator[slug].profile
    found = [item.profile for item in play.cast.creators if item.profile.cluster.slug == slug]
    return found[whom]


def _payout(leads: Leads, key: str, dollars: str, by: tuple[User, ...]) -> Doing:
    """Return the deed of asking for a payout, and of staff's approving it."""
    creator = leads.creator[BRANDS[0]]

    def ask(*, now: datetime) -> None:
        payout = payouts.request_payout(
            creator=creator.profile,
            method_id=creator.method_id,
            amount=Money.of(dollars, CURRENCY),
            idempotency_key=key,
            now=now,
        )
        if payout.status in AWAITS_STAFF:
            approve(payout_id=payout.pk, by=by, now=now)

    return ask
