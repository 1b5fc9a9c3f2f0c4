"""What the people of a simulation will do: pure, from the seed alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

#: The brands that people sign up on, as many as there are creators to serve.
BRANDS = (
    "boyfanz",
    "girlfanz",
    "daddyfanz",
    "pupfanz",
    "taboofanz",
    "transfanz",
    "cougarfanz",
    "fanzcock",
    "fanzlab",
)
#: Creators ask for their money on each seventh day.
PAYDAY = 7
#: Ticks of the platform's own clockwork, each six hours of simulated time.
TICKS_A_DAY = 4
ACTIONS_PER_FAN_AND_DAY = 0.15
SUBSCRIBING_PER_FAN_AND_DAY = 0.05
#: Days after which whoever is going to cancel has done so.
STAYS_MOST = 20
AMOUNTS_MINOR = (500, 1000, 1500, 2000, 2500, 5000, 7500, 9999)


class Deed(StrEnum):
    """What a fan does."""

    DEPOSIT = "deposit"
    CARD_TIP = "card_tip"
    WALLET_TIP = "wallet_tip"


class Card(StrEnum):
    """How it goes at the payment page."""

    APPROVE = "approve"
    SOFT_DECLINE = "soft_decline"
    DECLINE = "decline"
    TIMEOUT = "timeout"
    ABANDON = "abandon"
    WEBHOOK_NEVER = "webhook_never"
    WEBHOOK_TWICE = "webhook_twice"


class Fate(StrEnum):
    """How a payout goes."""

    PAID = "paid"
    REJECTED = "rejected"
    REFUSED = "refused"
    UNKNOWN_UNPAID = "unknown_unpaid"
    UNKNOWN_PAID = "unknown_paid"


CARD_ODDS = {
    Card.APPROVE: 76,
    Card.DECLINE: 7,
    Card.SOFT_DECLINE: 5,
    Card.ABANDON: 5,
    Card.TIMEOUT: 2,
    Card.WEBHOOK_NEVER: 2,
    Card.WEBHOOK_TWICE: 3,
}
FATE_ODDS = {
    Fate.PAID: 80,
    Fate.REJECTED: 8,
    Fate.REFUSED: 6,
    Fate.UNKNOWN_UNPAID: 3,
    Fate.UNKNOWN_PAID: 3,
}


@dataclass(frozen=True, slots=True)
class Size:
    """How much business, and which."""

    days: int
    creators: int
    fans: int
    seed: int

    @property
    def brands(self) -> tuple[str, ...]:
        """The brands in play: never one without a creator."""
        return BRANDS[: max(1, min(len(BRANDS), self.creators, self.fans))]


@dataclass(frozen=True, slots=True)
class Act:
    """One fan's deed at ``at`` after the start of the simulation."""

    number: int
    at: timedelta
    fan: int
    creator: int
    deed: Deed
    amount_minor: int
    card: Card


@dataclass(frozen=True, slots=True)
class Payday:
    """One creator's request: the share of the earnings, and what becomes of it."""

    number: int
    creator: int
    share_percent: int
    fate: Fate


def brand_of(index: int, size: Size) -> str:
    """Return the brand of the ``index``-th fan or creator: in turn."""
    return size.brands[index % len(size.brands)]


def acts_of_day(size: Size, day: int) -> Iterator[list[Act]]:
    """Return the deeds before each tick of a day, in the order of time."""
    dice = random.Random(f"{size.seed}:acts:{day}")  # noqa: S311  (a play, not a secret)
    count = max(1, round(size.fans * ACTIONS_PER_FAN_AND_DAY))
    moments = sorted(dice.randrange(86_400) for _ in range(count))
    acts = [_act(size, dice, day * count + i, day, second) for i, second in enumerate(moments)]
    for tick in range(TICKS_A_DAY):
        ends = timedelta(days=day, hours=24 // TICKS_A_DAY * (tick + 1))
        starts = ends - timedelta(hours=24 // TICKS_A_DAY)
        yield [act for act in acts if starts <= act.at < ends]


def _act(size: Size, dice: random.Random, number: int, day: int, second: int) -> Act:
    fan = dice.randrange(size.fans)
    brands = len(size.brands)
    rivals = range(fan % brands, size.creators, brands)
    return Act(
        number=number,
        at=timedelta(days=day, seconds=second),
        fan=fan,
        creator=dice.choice(rivals),
        deed=dice.choices(tuple(Deed), weights=(25, 40, 35))[0],
        amount_minor=dice.choice(AMOUNTS_MINOR),
        card=dice.choices(tuple(CARD_ODDS), weights=tuple(CARD_ODDS.values()))[0],
    )


@dataclass(frozen=True, slots=True)
class Subscribing:
    """A fan subscribes to a creator; after so many days the fan cancels (0: never)."""

    number: int
    at: timedelta
    fan: int
    creator: int
    plan: int
    leaves_after: int


def subscribings_of_day(size: Size, day: int) -> list[Subscribing]:
    """Return who subscribes on a day, in the order of time; dice of their own leave all else."""
    dice = random.Random(f"{size.seed}:subscriptions:{day}")  # noqa: S311  (a play, not a secret)
    count = max(1, round(size.fans * SUBSCRIBING_PER_FAN_AND_DAY))
    moments = sorted(dice.randrange(86_400) for _ in range(count))
    deeds = []
    for index, second in enumerate(moments):
        fan = dice.randrange(size.fans)
        brands = len(size.brands)
        deeds.append(
            Subscribing(
                number=day * count + index,
                at=timedelta(days=day, seconds=second),
                fan=fan,
                creator=dice.choice(range(fan % brands, size.creators, brands)),
                plan=dice.choices((0, 1, 2), weights=(40, 45, 15))[0],
                leaves_after=dice.choices((0, dice.randint(1, STAYS_MOST)), weights=(75, 25))[0],
            )
        )
    return deeds


def leavings_of_day(size: Size, day: int) -> list[Subscribing]:
    """Return whose last day is this one."""
    return [
        deed
        for earlier in range(max(0, day - STAYS_MOST), day)
        for deed in subscribings_of_day(size, earlier)
        if deed.leaves_after == day - earlier
    ]


def eased(act: Act) -> Act:
    """Return the deed with the webhook that was to be lost."""
    return replace(act, card=Card.APPROVE) if act.card is Card.WEBHOOK_NEVER else act


def paydays_of_day(size: Size, day: int) -> list[Payday]:
    """Return who asks for a payout at the end of a day."""
    if (day + 1) % PAYDAY:
        return []
    dice = random.Random(f"{size.seed}:payday:{day}")  # noqa: S311  (a play, not a secret)
    return [
        Payday(
            number=day * size.creators + creator,
            creator=creator,
            share_percent=dice.choice((50, 80, 100)),
            fate=dice.choices(tuple(FATE_ODDS), weights=tuple(FATE_ODDS.values()))[0],
        )
        for creator in range(size.creators)
    ]
