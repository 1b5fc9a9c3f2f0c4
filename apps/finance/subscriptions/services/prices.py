"""What newcomers pay: prices are never edited, a new one takes the place of the open one."""

from __future__ import annotations

from datetime import datetime

from django.db.transaction import atomic

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.money import Money
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import PlanStatus
from apps.finance.subscriptions.models import Plan, Price
from apps.finance.subscriptions.rules import offers
from apps.finance.subscriptions.services.plans import check_owner, locked_plan


@atomic
def set_price(*, plan: Plan, months: int, amount: Money, by: User, now: datetime) -> Price:
    """
    Say what a plan costs newcomers for so many months (0: for life); the open price is returned.

    Who subscribed at the price it replaces keeps that one (see ``plan_price_change``). The same
    amount again returns the price that is open.

    :raises StaffNotAllowed: ``by`` is not the creator
    :raises PlanArchived: the plan takes no newcomers
    :raises PriceInvalid: the plan is free, or see ``rules.offers.check_price``
    :raises CurrencyMismatch: the plan's other prices are in another currency
    """
    check_owner(plan.creator, by)
    offers.check_price(months=months, amount=amount)
    plan = locked_plan(plan.pk)
    if plan.status == PlanStatus.ARCHIVED:
        raise errors.PlanArchived()
    if plan.is_free:
        raise errors.PriceInvalid(field="plan", why="a free plan has no price")
    newest = plan.prices.order_by("-id").first()
    if newest is not None and newest.currency != amount.currency:
        raise errors.CurrencyMismatch(left=newest.currency, right=amount.currency)
    before = plan.prices.filter(months=months, replaced_at__isnull=True).first()
    if before is not None:
        if before.amount == amount:
            return before
        before.replaced_at = now
        before.save(update_fields=["replaced_at"])
    price = Price.objects.create(
        plan=plan,
        months=months,
        amount_minor=amount.minor,
        currency=amount.currency,
        created_at=now,
    )
    audit.record(
        by=by,
        action="subscriptions.price_set",
        subject=plan,
        facts={
            "months": months,
            "before": str(before.amount) if before else "",
            "after": str(amount),
        },
        cluster=plan.cluster,
    )
    return price


@atomic
def withdraw_price(*, price: Price, by: User, now: datetime) -> Price:
    """
    Offer a price to newcomers no more, and nothing in its place. Again, it changes nothing.

    :raises StaffNotAllowed: ``by`` is not the creator
    """
    check_owner(price.plan.creator, by)
    plan = locked_plan(price.plan_id)
    price = Price.objects.select_for_update(of=("self",)).get(pk=price.pk)
    if price.replaced_at is not None:
        return price
    price.replaced_at = now
    price.save(update_fields=["replaced_at"])
    audit.record(
        by=by,
        action="subscriptions.price_withdrawn",
        subject=plan,
        facts={"months": price.months, "before": str(price.amount)},
        cluster=plan.cluster,
    )
    return price
