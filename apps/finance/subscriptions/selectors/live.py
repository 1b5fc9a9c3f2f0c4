"""What a subscription is going to cost, and how long its access lasts after a missed charge."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from django.db.models import F, Q

from apps.core.money import Money
from apps.finance.subscriptions.choices import LIVE, State
from apps.finance.subscriptions.models import (
    DunningPolicy,
    Price,
    PriceChange,
    Promotion,
    Subscription,
)
from apps.finance.subscriptions.rules import dunning, periods, pricing, standing
from apps.finance.subscriptions.rules.coming import Coming, Planned, Standing, coming
from apps.finance.subscriptions.selectors.promotions import cut_of, fits_price


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


def planned(price: Price | None, promotion: Promotion | None) -> Planned | None:
    """Return the price a fan chose for the next period, as the rules read it."""
    if price is None:
        return None
    keeps = promotion is not None and fits_price(promotion, price)
    return Planned(price.amount, price.months, keeps_cut=keeps)


def told_change(
    change: PriceChange | None,
    *,
    told_at: datetime | None,
    price_id: int | None,
    amount_minor: int,
    consent: str,
) -> pricing.Change | None:
    """Return the change of price a fan was told of, as the rules read it; None: it is one of
    another price, as the fan has chosen another plan since. ``told_at`` is when its mail left, or
    will have: what is charged is asked of the mail itself."""
    if change is None or change.old_id != price_id:
        return None
    return pricing.Change(
        old_minor=amount_minor,
        new_minor=change.new.amount_minor,
        effective_at=change.effective_at,
        told_at=told_at,
        withdrawn_at=change.withdrawn_at,
        consent=consent,
    )


def coming_of(subscription: Subscription) -> Coming | None:
    """
    Return what is charged next on its regular day, by the rule it is charged by; None: nothing
    will be, or it ends as its fan did not agree to a new price.
    """
    standing = _standing(subscription)
    if standing is None:
        return None
    found = coming(standing, now=standing.until)
    return None if found.holds is pricing.Holds.NEITHER else found


def coming_charge(subscription: Subscription) -> tuple[Money, datetime] | None:
    """Return price (before tax on top) and moment of the next charge; None: none will come."""
    found = coming_of(subscription)
    return (found.amount, found.term.begins) if found else None


def amount_after(subscription: Subscription, *, begins: datetime) -> Money:
    """Return what the period after the last one costs if it begins then, by that rule."""
    standing = Standing(
        anchor=anchor_of(subscription),
        number=subscription.period_number,
        until=begins,
        access_until=None,
        **_paying(subscription),
    )
    return coming(standing, now=begins).amount


def _standing(subscription: Subscription) -> Standing | None:
    until = subscription.current_until
    if until is None or subscription.state not in LIVE or not subscription.months:
        return None
    anchor, number = anchor_of(subscription), subscription.period_number
    if subscription.state == State.PAUSED:
        if subscription.cancel_at_end:
            return None
        until = _after_pause(subscription, until)
        anchor = periods.Anchor(until, number + 1, anchor.months, anchor.zone)
    elif not will_renew(subscription):
        return None
    return Standing(
        anchor=anchor, number=number, until=until, access_until=None, **_paying(subscription)
    )


class _Paying(TypedDict):
    full: Money
    cut: pricing.Cut | None
    left: int | None
    planned: Planned | None
    change: pricing.Change | None


def _paying(subscription: Subscription) -> _Paying:
    promotion, change = subscription.promotion, subscription.price_change
    return {
        "full": subscription.amount,
        "cut": cut_of(promotion),
        "left": subscription.promotion_left,
        "planned": planned(subscription.next_price, promotion),
        "change": told_change(
            change,
            told_at=change.told_at if change else None,
            price_id=subscription.price_id,
            amount_minor=subscription.amount_minor,
            consent=subscription.consent,
        ),
    }


def _after_pause(subscription: Subscription, until: datetime) -> datetime:
    """Return when a paused one is charged next: on the day it goes on, or, where it rests since
    before the end of what is paid, when that is used up."""
    resumes, access = subscription.resumes_at or until, subscription.access_until
    if access is not None and access < until and subscription.paused_at is not None:
        return resumes + (until - subscription.paused_at)
    return max(resumes, until)
