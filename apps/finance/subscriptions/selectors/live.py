"""What a subscription is going to cost, and how long its access lasts after a missed charge."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, Q

from apps.core.money import Money
from apps.finance.subscriptions.choices import LIVE, State
from apps.finance.subscriptions.models import DunningPolicy, Promotion, Subscription
from apps.finance.subscriptions.rules import dunning, periods, pricing, standing


def anchor_of(subscription: Subscription) -> periods.Anchor:
    """Return from where a subscription's periods are counted; it has begun."""
    if subscription.anchored_at is None:
        raise ValueError("a subscription that has not begun has no anchor")
    return periods.Anchor(
        subscription.anchored_at,
        subscription.anchored_number,
        subscription.months,
        subscription.timezone,
    )


def cut_of(promotion: Promotion | None) -> pricing.Cut | None:
    """Return what a promotion takes off, as the rules of prices read it."""
    if promotion is None:
        return None
    return pricing.Cut(
        promotion.discount,
        promotion.percent_bps,
        promotion.amount_minor,
        promotion.currency,
        promotion.periods,
    )


def grace_days_of(cluster_id: int, *, at: datetime) -> int:
    """Return for how many days access goes on after a missed charge: the brand's own policy
    before everyone's, the latest in force."""
    row = (
        DunningPolicy.objects.filter(
            Q(cluster=cluster_id) | Q(cluster__isnull=True), effective_from__lte=at
        )
        .order_by(F("cluster").asc(nulls_last=True), "-effective_from")
        .first()
    )
    return row.grace_days if row else dunning.DEFAULT.grace_days


def will_renew(subscription: Subscription) -> bool:
    """Test if somebody is going to charge its next period."""
    return standing.will_renew(
        state=subscription.state,
        renews_by=subscription.renews_by,
        months=subscription.months,
        cancel_at_end=subscription.cancel_at_end,
    )


def coming_charge(subscription: Subscription) -> tuple[Money, datetime] | None:
    """Return price (before tax on top) and moment of the next charge; None: none will come."""
    until = subscription.current_until
    if until is None or subscription.state not in LIVE or not subscription.months:
        return None
    if subscription.state == State.PAUSED:
        begins = max(subscription.resumes_at or until, until)
        renews = not subscription.cancel_at_end
    else:
        begins, renews = until, will_renew(subscription)
    return (amount_after(subscription, begins=begins), begins) if renews else None


def _told_price(subscription: Subscription, *, begins: datetime) -> Money:
    """Return the full price of a period by the change its fan was told of, if it holds then."""
    change = subscription.price_change
    if change is None or change.old_id != subscription.price_id:
        return subscription.amount
    holds = pricing.price_that_holds(
        pricing.Change(
            old_minor=subscription.amount_minor,
            new_minor=change.new.amount_minor,
            effective_at=change.effective_at,
            told_at=change.told_at,
            withdrawn_at=change.withdrawn_at,
            consent=subscription.consent,
        ),
        begins=begins,
    )
    return change.new.amount if holds is pricing.Holds.NEW else subscription.amount


def amount_after(subscription: Subscription, *, begins: datetime) -> Money:
    """Return what the period after the last one costs: planned change, told change of price,
    promotion and the short period of the calendar taken into account."""
    planned = subscription.next_price
    full = planned.amount if planned else _told_price(subscription, begins=begins)
    price = pricing.amount_of_period(
        amount=full, cut=cut_of(subscription.promotion), left=subscription.promotion_left
    )
    anchor = anchor_of(subscription)
    if periods.is_in_proportion(anchor, subscription.period_number + 1):
        return periods.in_proportion(price, anchor=anchor, begins=begins)
    return price
