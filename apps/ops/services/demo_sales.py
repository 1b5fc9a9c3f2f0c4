"""What the demo's creator sells by itself and collects for, who bought and gave, and gifts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.payments import errors as payment_errors
from apps.finance.payments.choices import Method
from apps.finance.purchases import selectors as purchase_selectors
from apps.finance.purchases import services as purchases
from apps.finance.purchases.choices import Audience, ItemKind
from apps.finance.subscriptions import errors
from apps.finance.subscriptions import selectors as subscription_selectors
from apps.finance.subscriptions import services as subscriptions
from apps.ops.rules import Card
from apps.ops.services.demo_story import BRANDS, Leads
from apps.ops.services.play import CURRENCY, Deed, Play, deposit
from apps.ops.services.play_subscriptions import PLANS

#: Title, kind, dollars, lowest tier that includes it (None: no plan does), for the demo's fan
#: alone.
ITEMS = (
    ("Behind the scenes, the uncut hour", ItemKind.CONTENT, "12.00", 2, False),
    ("Beach set, 40 photos", ItemKind.CONTENT, "7.50", None, False),
    ("A voice message for you", ItemKind.MESSAGE, "4.00", None, True),
)
#: Title, dollars wanted, dollars that the crowd gives one after the other.
GOALS = (
    ("A ring light for the studio", "120.00", ("25.00", "10.00", "15.00", "8.00")),
    ("New microphone", "40.00", ("20.00", "20.00", "5.00")),
)
#: What each of the crowd has in the wallet for it.
POCKET = "45.00"
#: The demo's fan gives a month of this plan, and gets one.
GIVEN = PLANS[0][0]
DAY = timedelta(days=1)


def sales_story(play: Play, leads: Leads, *, now: datetime) -> Iterator[Deed]:
    """Return what is put up for sale, bought and given when; each deed repeats nothing."""
    for slug in BRANDS:
        creator, fan = leads.creator[slug].profile, leads.fan[slug]
        crowd = [each for each in play.cast.fans if each.cluster.slug == slug]
        yield now - 20 * DAY, partial(_put_up, creator, fan)
        for index, buyer in enumerate(crowd):
            key = f"demo-sales-{slug}-{index}"
            at = now - (18 - index) * DAY
            yield at, partial(
                deposit, play, fan=buyer, amount=Money.of(POCKET, CURRENCY), key=f"{key}-deposit",
                card=Card.APPROVE,
            )  # fmt: skip
            yield at + DAY / 4, partial(_buy, buyer, creator, ITEMS[index % 2][0], key)
        for title, _, gives in GOALS:
            for index, dollars in enumerate(gives):
                giver = crowd[index % len(crowd)]
                key = f"demo-goal-{slug}-{title}-{index}"
                yield now - (9 - index) * DAY, partial(_give, giver, creator, title, dollars, key)
        yield now - 2 * DAY, partial(_gift, fan, creator, f"demo-gift-{slug}", to=None)
        yield now - DAY, partial(_gift, crowd[0], creator, f"demo-gift-to-{slug}", to=fan)


def _put_up(creator: Profile, fan: Profile, *, now: datetime) -> None:
    there = {item.title for item in purchase_selectors.items_of(creator)}
    for title, kind, dollars, tier, is_for_one in ITEMS:
        if title not in there:
            purchases.create_item(
                creator=creator,
                new=purchases.NewItem(
                    kind=kind,
                    title=title,
                    price=Money.of(dollars, CURRENCY),
                    least_tier=tier,
                    audience=Audience.ONE if is_for_one else Audience.EVERYONE,
                    recipient=fan if is_for_one else None,
                ),
                now=now,
            )
    open_ones = {goal.title for goal in purchase_selectors.goals_of(creator)}
    for title, dollars, _ in GOALS:
        if title not in open_ones:
            purchases.open_goal(
                creator=creator, title=title, target=Money.of(dollars, CURRENCY), now=now
            )


def _buy(buyer: Profile, creator: Profile, title: str, key: str, *, now: datetime) -> None:
    item = next(item for item in purchase_selectors.items_of(creator) if item.title == title)
    wish = purchases.Wish(buyer=buyer, item_id=item.pk, price_seen=item.price, key=key)
    with suppress(payment_errors.InsufficientWallet):  # spent already: they think better of it
        purchases.buy_from_wallet(wish, now=now)


def _give(
    giver: Profile, creator: Profile, title: str, dollars: str, key: str, *, now: datetime
) -> None:
    goal = next(goal for goal in purchase_selectors.goals_of(creator) if goal.title == title)
    amount = Money.of(dollars, CURRENCY)
    with suppress(payment_errors.InsufficientWallet):
        purchases.tip_goal_from_wallet(
            goal=goal, fan=giver, amount=amount, message="", key=key, now=now
        )


def _gift(
    giver: Profile, creator: Profile, key: str, *, to: Profile | None, now: datetime
) -> None:
    price = next(
        price
        for price in subscription_selectors.open_prices_of(creator)
        if price.months == 1 and price.plan.name == GIVEN
    )
    with suppress(errors.WalletTooLow):
        subscriptions.buy_gift(
            giver=giver,
            price=price,
            method=Method.WALLET,
            idempotency_key=key,
            to=to,
            message="Enjoy it!",
            now=now,
        )
