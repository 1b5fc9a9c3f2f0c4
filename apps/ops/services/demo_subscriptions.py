"""Subscriptions of the demo's fan and to the demo's creator: one in each state one looks for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.choices import State
from apps.ops.rules import Card
from apps.ops.services.demo_story import BRANDS, Leads, creator_of
from apps.ops.services.play import CURRENCY, Deed, Doing, Play, deposit
from apps.ops.services.play_subscriptions import by_key, leave, subscribe_from_wallet

#: Days ago, brand, dollars into the demo fan's wallet.
DEPOSITS = ((28.0, "boyfanz", "90.00"), (10.0, "girlfanz", "40.00"))
BASIC, GOLD, PLATINUM = range(3)
#: Days ago, brand, which creator of the brand (-1: the demo's), plan, what happened when.
OWN = (
    (27.0, "boyfanz", -1, GOLD, None),
    (26.0, "boyfanz", 0, BASIC, ("leaves", 6.0)),
    (24.0, "boyfanz", 1, PLATINUM, None),
    (20.0, "boyfanz", 2, BASIC, ("pauses", 3.0)),
    (9.0, "girlfanz", -1, GOLD, None),
    (3.0, "girlfanz", 0, GOLD, None),
)
#: Of the crowd on both brands: days ago, plan, dollars put into the wallet before (too few: the
#: charge after the trial fails and is tried again), days ago that they cancel (0: they stay).
CROWD = (
    (29.0, GOLD, "40.00", 0.0),
    (27.5, BASIC, "15.00", 11.0),
    (25.2, PLATINUM, "30.00", 0.0),
    (21.6, GOLD, "20.00", 4.0),
    (8.4, GOLD, "5.00", 0.0),
    (2.3, BASIC, "20.00", 0.0),
)
REASON = "Only came for the beach set"
DAY = timedelta(days=1)


def subscription_story(play: Play, leads: Leads, *, now: datetime) -> Iterator[Deed]:
    """Return who subscribes, pauses and leaves when; each deed repeats nothing."""
    for index, (days, slug, dollars) in enumerate(DEPOSITS):
        key = f"demo-sub-deposit-{index}"
        yield now - days * DAY, _deposit(play, leads.fan[slug], dollars, key)
    for index, (days, slug, whom, plan, then) in enumerate(OWN):
        fan, key = leads.fan[slug], f"demo-sub-{index}"
        yield now - days * DAY, partial(
            subscribe_from_wallet, fan=fan, creator=creator_of(play, leads, slug, whom),
            plan=plan, key=key,
        )  # fmt: skip
        if then is not None:
            what, when = then
            deed = partial(_pause, fan, key) if what == "pauses" else _leaves(fan, key)
            yield now - when * DAY, deed
    for slug in BRANDS:
        crowd = [fan for fan in play.cast.fans if fan.cluster.slug == slug]
        for index, (fan, (days, plan, dollars, leaves)) in enumerate(
            zip(crowd, CROWD, strict=False)
        ):
            key = f"demo-crowd-{slug}-{index}"
            yield now - (days + 0.1) * DAY, _deposit(play, fan, dollars, f"{key}-deposit")
            yield now - days * DAY, partial(
                subscribe_from_wallet, fan=fan, creator=leads.creator[slug].profile, plan=plan,
                key=key,
            )  # fmt: skip
            if leaves:
                yield now - leaves * DAY, _leaves(fan, key)


def _deposit(play: Play, fan: Profile, dollars: str, key: str) -> Doing:
    amount = Money.of(dollars, CURRENCY)
    return partial(deposit, play, fan=fan, amount=amount, key=key, card=Card.APPROVE)


def _leaves(fan: Profile, key: str) -> Doing:
    return partial(leave, fan=fan, key=key, reason=REASON)


def _pause(fan: Profile, key: str, *, now: datetime) -> None:
    begun = by_key(fan, key)
    if begun is not None and begun.state == State.ACTIVE and begun.current_until:
        subscriptions.pause(
            subscription_id=begun.public_id, fan=fan, until=begun.current_until + 30 * DAY, now=now
        )
