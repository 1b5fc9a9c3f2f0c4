"""Creators offer plans, word them, and close them to newcomers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.transaction import atomic

from apps.accounts.models import Profile, User
from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import Alignment, PlanStatus
from apps.finance.subscriptions.models import Plan, Price
from apps.finance.subscriptions.rules import offers


@dataclass(frozen=True, slots=True)
class Offered:
    """What a new plan costs for so many months; 0: once, for life."""

    months: int
    amount: Money


@atomic
def create_plan(
    *,
    creator: Profile,
    name: str,
    by: User,
    now: datetime,
    description: str = "",
    tier: int = 1,
    benefits: Sequence[str] = (),
    is_free: bool = False,
    alignment: Alignment = Alignment.ANNIVERSARY,
    trial_days: int = 0,
    trial: Money | None = None,
    prices: Sequence[Offered] = (),
) -> Plan:
    """
    Offer a plan on the creator's brand, with its first prices.

    ``trial`` is what the trial costs, None for nothing; only with prices, whose currency it has.
    All prices of a plan are in one currency.

    :raises NotACreator: the profile is a fan's
    :raises StaffNotAllowed: ``by`` is not the creator
    :raises PlanInvalid: ``field`` and ``why`` say what is wrong; more than 20 plans are open
    :raises PriceInvalid, CurrencyMismatch: see ``rules.offers.check_price``
    """
    if not creator.is_creator:
        raise errors.NotACreator()
    check_owner(creator, by)
    words = {"name": name.strip(), "description": description.strip()}
    clean = _clean(benefits)
    offers.check_plan(
        **words, tier=tier, benefits=clean, is_free=is_free, trial_days=trial_days, trial=trial
    )
    _check_prices(prices, is_free=is_free, trial=trial)
    # Two plans at once count each other: the creator's row is the lock.
    Profile.objects.select_for_update(of=("self",), no_key=True).get(pk=creator.pk)
    still_open = Plan.objects.filter(creator=creator, status=PlanStatus.ACTIVE)
    if still_open[: offers.PLANS_MAX].count() >= offers.PLANS_MAX:
        raise errors.PlanInvalid(field="plans", why=f"at most {offers.PLANS_MAX} open ones")
    if is_free and still_open.filter(is_free=True).exists():
        raise errors.PlanInvalid(field="is_free", why="there is a free plan already")
    plan = Plan.objects.create(
        creator=creator,
        cluster_id=creator.cluster_id,
        **words,
        tier=tier,
        benefits=clean,
        is_free=is_free,
        alignment=alignment,
        trial_days=trial_days,
        trial_minor=trial.minor if trial else 0,
        created_at=now,
    )
    Price.objects.bulk_create(
        Price(
            plan=plan,
            months=each.months,
            amount_minor=each.amount.minor,
            currency=each.amount.currency,
            created_at=now,
        )
        for each in prices
    )
    return plan


@atomic
def change_plan(
    *,
    plan: Plan,
    name: str,
    description: str,
    benefits: Sequence[str],
    by: User,
    now: datetime,
) -> Plan:
    """
    Word a plan anew; what it costs and opens stays. The same words change nothing.

    :raises StaffNotAllowed: ``by`` is not the creator
    :raises PlanInvalid: ``field`` and ``why`` say what is wrong
    """
    check_owner(plan.creator, by)
    clean, name, description = _clean(benefits), name.strip(), description.strip()
    offers.check_words(name=name, description=description, benefits=clean)
    words = {"name": name, "description": description, "benefits": clean}
    plan = locked_plan(plan.pk)
    before = {field: getattr(plan, field) for field in words}
    if before == words:
        return plan
    for field, value in words.items():
        setattr(plan, field, value)
    plan.save(update_fields=list(words))
    audit.record(
        by=by,
        action="subscriptions.plan_changed",
        subject=plan,
        facts={"before": before, "after": words},
        cluster=plan.cluster,
    )
    return plan


@atomic
def archive_plan(*, plan: Plan, by: User, now: datetime, reason: str = "") -> Plan:
    """
    Close a plan to newcomers; its subscribers keep it. Again, it changes nothing.

    Its creator may, and staff with a reason.

    :raises StaffNotAllowed: ``by`` is neither the creator nor may moderate plans
    :raises ReasonMissing: staff gave no reason, or one of more than 200 characters
    """
    is_own = plan.creator.user_id == by.pk
    if not is_own and not by.has_perm("subscriptions.moderate_plan"):
        raise errors.StaffNotAllowed()
    if len(reason) > offers.REASON_MAX or not (is_own or reason.strip()):
        raise errors.ReasonMissing()
    plan = locked_plan(plan.pk)
    if plan.status == PlanStatus.ARCHIVED:
        return plan
    plan.status, plan.archived_at = PlanStatus.ARCHIVED, now
    plan.save(update_fields=["status", "archived_at"])
    audit.record(
        by=by,
        action="subscriptions.plan_archived",
        subject=plan,
        reason=reason.strip(),
        facts={"creator": plan.creator.handle, "name": plan.name},
        cluster=plan.cluster,
    )
    return plan


@joins_transaction
def locked_plan(plan_id: int) -> Plan:
    """Return a plan with its row locked: its prices change one at a time."""
    return (
        Plan.objects.select_for_update(of=("self",), no_key=True)
        .select_related("creator__user", "cluster")
        .get(pk=plan_id)
    )


def check_owner(creator: Profile, by: User) -> None:
    """
    :raises StaffNotAllowed: ``by`` is somebody else
    """
    if creator.user_id != by.pk:
        raise errors.StaffNotAllowed()


def _clean(benefits: Sequence[str]) -> list[str]:
    return [text for each in benefits if (text := each.strip())]


def _check_prices(prices: Sequence[Offered], *, is_free: bool, trial: Money | None) -> None:
    if is_free and prices:
        raise errors.PriceInvalid(field="prices", why="a free plan has none")
    if trial is not None and not prices:
        raise errors.PlanInvalid(field="trial", why="a trial that costs needs a price beside it")
    for each in prices:
        offers.check_price(months=each.months, amount=each.amount)
    currencies = {each.amount.currency for each in prices} | ({trial.currency} if trial else set())
    if len(currencies) > 1:
        raise errors.CurrencyMismatch(currencies=sorted(currencies))
    if len({each.months for each in prices}) < len(prices):
        raise errors.PriceInvalid(field="months", why="one price for each length")
