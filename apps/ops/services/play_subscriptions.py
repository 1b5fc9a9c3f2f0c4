"""Plans of the people of a play, and fans who subscribe, stay, and leave."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.payments.choices import Method
from apps.finance.subscriptions import errors
from apps.finance.subscriptions import selectors as subscription_selectors
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.choices import LIVE

if TYPE_CHECKING:
    from apps.finance.subscriptions.models import Subscription

#: Name, what is in it, days of a free trial, prices by months. A later one opens all of the ones
#: before it.
PLANS = (
    ("Basic", ("All photos",), 0, ((1, "4.99"), (12, "49.00"))),
    ("Gold", ("All photos", "All videos", "Answers to messages"), 7,
     ((1, "9.99"), (3, "26.99"), (12, "99.00"))),
    ("Platinum", ("Everything in Gold", "A live show each month"), 0,
     ((1, "24.99"), (0, "499.00"))),
)  # fmt: skip


def offer_plans(creator: Profile, *, now: datetime) -> None:
    """Have a creator offer what all in the play offer. Safe to repeat."""
    there = {plan.name for plan in subscription_selectors.plans_of_owner(creator)}
    for rank, (name, benefits, trial_days, prices) in enumerate(PLANS):
        if name not in there:
            subscriptions.create_plan(
                creator=creator,
                name=name,
                tier=rank + 1,
                benefits=benefits,
                trial_days=trial_days,
                prices=[
                    subscriptions.Offered(months, Money.of(dollars, "USD"))
                    for months, dollars in prices
                ],
                by=creator.user,
                now=now,
            )


def subscribe_from_wallet(
    *, fan: Profile, creator: Profile, plan: int, key: str, now: datetime
) -> None:
    """Subscribe for a month, or think better of it: the wallet is too low, or it is done already.

    Repeats nothing.
    """
    if by_key(fan, key) is not None:
        return
    price = next(
        price
        for price in subscription_selectors.open_prices_of(creator)
        if price.months == 1 and price.plan.name == PLANS[plan][0]
    )
    try:
        offer = subscription_selectors.offer(fan=fan, price=price, method=Method.WALLET, now=now)
        subscriptions.subscribe(
            fan=fan,
            price=price,
            method=Method.WALLET,
            terms_hash=offer.terms_hash,
            total_seen=offer.total,
            idempotency_key=key,
            now=now,
        )
    except (errors.WalletTooLow, errors.AlreadySubscribed):
        return


def leave(*, fan: Profile, key: str, reason: str, now: datetime) -> None:
    """Cancel what this key began, if it counts still. Repeats nothing."""
    begun = by_key(fan, key)
    if begun is not None and begun.state in LIVE:
        subscriptions.cancel(subscription_id=begun.public_id, fan=fan, reason=reason, now=now)


def by_key(fan: Profile, key: str) -> Subscription | None:
    """Return what a key began."""
    return subscription_selectors.subscriptions_of(fan).filter(idempotency_key=key).first()
