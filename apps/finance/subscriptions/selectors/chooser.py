"""What a creator offers now, as one chooses from it: plans, prices, trials, promotions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.subscriptions.choices import PlanStatus
from apps.finance.subscriptions.models import Plan, Price, Promotion
from apps.finance.subscriptions.rules.pricing import reduced, saved
from apps.finance.subscriptions.selectors.promotions import best_for, cut_of, had_trial


@dataclass(frozen=True, slots=True)
class PriceOffered:
    """``first`` is the first paid period's price under ``promotion``; both None: no promotion.

    ``saves`` is what it saves against single months, and how many hundredths of that.
    """

    price: Price
    saves: tuple[Money, int] | None
    promotion: Promotion | None
    first: Money | None
    trial_days: int
    trial: Money | None

    @property
    def due(self) -> Money:
        """What is due today, before tax that comes on top: the trial's price or the first one."""
        if self.trial_days:
            return self.trial or Money.zero(self.price.currency)
        return self.first if self.first is not None else self.price.amount


@dataclass(frozen=True, slots=True)
class PlanOffered:
    """A plan with the prices that are open; a free one has none."""

    plan: Plan
    prices: tuple[PriceOffered, ...]


def open_plans_of(creators: Iterable[Profile | int]) -> list[Plan]:
    """Return what creators offer to newcomers, the lowest tier first."""
    ids = [each if isinstance(each, int) else each.pk for each in creators]
    return list(
        Plan.objects.filter(creator__in=ids, status=PlanStatus.ACTIVE)
        .select_related("creator", "cluster")
        .order_by("creator_id", "tier", "id")
    )


def plans_of_owner(creator: Profile) -> list[Plan]:
    """Return all of a creator's plans, also archived ones: subscribers keep them."""
    return list(Plan.objects.filter(creator=creator).order_by("tier", "id"))


def open_prices_of(creator: Profile) -> list[Price]:
    """Return the prices that are open to newcomers; lowest tier first, then shortest period."""
    rows = Price.objects.filter(
        plan__creator=creator, plan__status=PlanStatus.ACTIVE, replaced_at__isnull=True
    ).select_related("plan__creator", "plan__cluster")
    return sorted(rows, key=_order)


def plans_offered(
    *, creator: Profile, fan: Profile | None, now: datetime, least_tier: int = 0
) -> list[PlanOffered]:
    """
    Return what a creator offers to a fan (None: to a stranger) from a tier on; five queries at
    most, whatever the number of plans.

    Trials are offered once a person; that the card had one shows only when it is used.
    """
    plans = [plan for plan in open_plans_of([creator]) if plan.tier >= least_tier]
    if not plans:
        return []
    by_plan: dict[int, list[Price]] = defaultdict(list)
    for price in open_prices_of(creator):
        by_plan[price.plan_id].append(price)
    prices = {price.pk: price for plan in plans for price in by_plan[plan.pk]}
    promotions = best_for(prices, fan=fan, now=now)
    tries = any(plan.trial_days for plan in plans)
    no_trial = bool(tries and fan and had_trial(creator_id=creator.pk, user_id=fan.user_id))
    return [
        PlanOffered(plan, tuple(_offered(plan, by_plan[plan.pk], promotions, no_trial=no_trial)))
        for plan in plans
        if plan.is_free or by_plan[plan.pk]
    ]


def due_today(price: Price, *, fan: Profile) -> Money:
    """Return what a newcomer pays today, before promotion and tax on top: zero in a free trial."""
    plan = price.plan
    if not plan.trial_days or not price.months:
        return price.amount
    if had_trial(creator_id=plan.creator_id, user_id=fan.user_id):
        return price.amount
    return Money(plan.trial_minor, price.currency)


def _offered(
    plan: Plan, prices: list[Price], promotions: dict[int, Promotion], *, no_trial: bool
) -> Iterable[PriceOffered]:
    monthly = next((price.amount for price in prices if price.months == 1), None)
    for price in prices:
        cut = cut_of(promotions.get(price.pk))
        days = 0 if no_trial or not price.months else plan.trial_days
        yield PriceOffered(
            price=price,
            saves=saved(monthly=monthly, amount=price.amount, months=price.months),
            promotion=promotions.get(price.pk),
            first=reduced(price.amount, cut) if cut else None,
            trial_days=days,
            trial=Money(plan.trial_minor, price.currency) if days and plan.trial_minor else None,
        )


def _order(price: Price) -> tuple[int, int, int, int]:
    """Lowest tier first, then the shortest period; for life comes last."""
    return price.plan.tier, price.plan_id, price.months or 1_000, price.pk
