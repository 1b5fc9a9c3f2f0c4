"""A creator's own plans: with every price somebody pays, how many do, and what they bring."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Q

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import LIVE, RenewsBy, State
from apps.finance.subscriptions.models import Plan, Price, PriceChange, Subscription
from apps.finance.subscriptions.rules.pricing import saved

#: More plans nobody looks at; the oldest archived ones are left out.
MOST_PLANS = 100
#: By plan and price (None: a free one): how many subscribe, and how many of them pay.
_Counted = dict[tuple[int, int | None], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class PriceOwned:
    """``change``: the one that moves who still pays a replaced price, if any is planned."""

    price: Price
    subscribers: int
    paying: int
    saves: tuple[Money, int] | None
    change: PriceChange | None = None


@dataclass(frozen=True, slots=True)
class PlanOwned:
    """``monthly`` is what paying subscribers come to a month at their prices, before promotions,
    fees and tax; trials and gifts do not count in it. None: the plan has no price."""

    plan: Plan
    prices: list[PriceOwned] = field(default_factory=list)
    old_prices: list[PriceOwned] = field(default_factory=list)
    subscribers: int = 0
    monthly: Money | None = None


def plans_owned(creator: Profile) -> list[PlanOwned]:
    """Return a creator's plans, open ones first, then by tier; four queries."""
    rows = Plan.objects.filter(creator=creator).select_related("creator__user", "cluster")
    plans = list(rows.order_by("status", "tier", "id")[:MOST_PLANS])
    return _with_figures(creator, plans)


def plan_owned(creator: Profile, public_id: uuid.UUID) -> PlanOwned:
    """
    :raises PlanNotFound: this creator has no such plan
    """
    return _with_figures(creator, [plan_of_creator(creator, public_id)])[0]


def plan_of_creator(creator: Profile, public_id: uuid.UUID) -> Plan:
    """
    :raises PlanNotFound: this creator has no such plan
    """
    plan = (
        Plan.objects.filter(creator=creator, public_id=public_id)
        .select_related("creator__user", "cluster")
        .first()
    )
    if plan is None:
        raise errors.PlanNotFound()
    return plan


def price_of_plan(plan: Plan, public_id: uuid.UUID) -> Price:
    """
    :raises PriceNotFound: the plan has no such price
    """
    price = plan.prices.filter(public_id=public_id).first()
    if price is None:
        raise errors.PriceNotFound()
    price.plan = plan
    return price


def open_price_like(old: Price) -> Price:
    """Return the open price of the same plan and length.

    :raises PriceNotFound: none is offered for so many months
    """
    price = old.plan.prices.filter(
        months=old.months, currency=old.currency, replaced_at__isnull=True
    ).first()
    if price is None:
        raise errors.PriceNotFound()
    price.plan = old.plan
    return price


def _with_figures(creator: Profile, plans: list[Plan]) -> list[PlanOwned]:
    counted: _Counted = {
        (row["plan_id"], row["price_id"]): (row["live"], row["paying"])
        for row in Subscription.objects.filter(
            creator=creator, state__in=[state.value for state in LIVE]
        )
        .values("plan_id", "price_id")
        .annotate(
            live=Count("pk"),
            paying=Count(
                "pk",
                filter=Q(state__in=[State.ACTIVE, State.PAST_DUE]) & ~Q(renews_by=RenewsBy.NOBODY),
            ),
        )
    }
    paid = [price for _, price in counted]
    changes = {
        change.old_id: change
        for change in PriceChange.objects.filter(
            old__plan__in=plans, withdrawn_at__isnull=True
        ).select_related("new")
    }
    by_plan: dict[int, list[Price]] = defaultdict(list)
    rows = Price.objects.filter(Q(replaced_at__isnull=True) | Q(pk__in=paid), plan__in=plans)
    for price in sorted(rows, key=lambda row: (row.months or 1_000, row.pk)):
        by_plan[price.plan_id].append(price)
    return [_figures(plan, by_plan[plan.pk], counted, changes) for plan in plans]


def _figures(
    plan: Plan,
    prices: Iterable[Price],
    counted: _Counted,
    changes: dict[int, PriceChange],
) -> PlanOwned:
    prices = list(prices)
    single = (row.amount for row in prices if row.months == 1 and row.replaced_at is None)
    monthly = next(single, None)
    shown: list[PriceOwned] = []
    old: list[PriceOwned] = []
    for price in prices:
        live, paying = counted.get((plan.pk, price.pk), (0, 0))
        is_open = price.replaced_at is None
        owned = PriceOwned(
            price=price,
            subscribers=live,
            paying=paying,
            saves=saved(monthly=monthly, amount=price.amount, months=price.months)
            if is_open
            else None,
            change=changes.get(price.pk),
        )
        (shown if is_open else old).append(owned)
    return PlanOwned(
        plan=plan,
        prices=shown,
        old_prices=old,
        subscribers=sum(live for (pk, _), (live, _) in counted.items() if pk == plan.pk),
        monthly=_monthly([*shown, *old]),
    )


def _monthly(prices: list[PriceOwned]) -> Money | None:
    """Add up exactly in 24ths of a month's unit, and round down once."""
    if not prices:
        return None
    parts = sum(
        owned.price.amount_minor * owned.paying * (24 // owned.price.months)
        for owned in prices
        if owned.price.months
    )
    return Money(parts // 24, prices[0].price.currency)
