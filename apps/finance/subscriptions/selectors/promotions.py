"""Which promotions there are, and who may have them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Upper

from apps.accounts.models import Profile
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import LIVE, Audience, Discount, PromotionStatus
from apps.finance.subscriptions.models import (
    Price,
    Promotion,
    Redemption,
    Subscription,
    TrialUse,
)
from apps.finance.subscriptions.rules.offers import CODE_MAX, as_code
from apps.finance.subscriptions.rules.pricing import Cut, reduced


@dataclass(frozen=True, slots=True)
class Standing:
    """What a fan was to a creator so far; free follows and gifts not taken do not count."""

    has_live: bool
    had_any: bool


def cut_of(promotion: Promotion | None) -> Cut | None:
    """Return what a promotion takes off, as ``rules.pricing`` wants it."""
    if promotion is None:
        return None
    return Cut(
        promotion.discount,
        promotion.percent_bps,
        promotion.amount_minor,
        promotion.currency,
        promotion.periods,
    )


def standing_of(*, fan: Profile, creator_id: int) -> Standing:
    """Return if the fan pays, or ever paid or was given, a plan of the creator."""
    rows = Subscription.objects.filter(
        fan=fan, creator_id=creator_id, price__isnull=False, started_at__isnull=False
    )
    states = set(rows.values_list("state", flat=True).distinct())
    return Standing(bool(states & LIVE), bool(states))


def is_for(audience: str, standing: Standing) -> bool:
    """Test if a promotion for these is for somebody who stands so."""
    if audience == Audience.NEW:
        return not standing.had_any
    if audience == Audience.RETURNING:
        return standing.had_any and not standing.has_live
    return True


def promotion_of_creator(creator: Profile, public_id: UUID) -> Promotion:
    """
    :raises PromotionNotFound: this creator has no such promotion
    """
    promotion = (
        Promotion.objects.select_related("creator__user", "cluster", "plan")
        .filter(creator=creator, public_id=public_id)
        .first()
    )
    if promotion is None:
        raise errors.PromotionNotFound()
    return promotion


def promotions_of(creator: Profile) -> QuerySet[Promotion]:
    """Return a creator's promotions, the newest first."""
    return (
        Promotion.objects.filter(creator=creator)
        .select_related("plan", "cluster", "creator")
        .order_by("-id")
    )


def running(*, creator_id: int, now: datetime) -> QuerySet[Promotion]:
    """Return those that can be taken now, with and without a code."""
    return Promotion.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=now),
        Q(most__isnull=True) | Q(redeemed__lt=F("most")),
        creator_id=creator_id,
        status=PromotionStatus.ACTIVE,
        starts_at__lte=now,
    )


def open_promotions(*, creator_id: int, now: datetime) -> QuerySet[Promotion]:
    """Return what is open to all who may have it, without a code; the newest first."""
    return running(creator_id=creator_id, now=now).filter(code="").order_by("-id")


def find_code(*, price: Price, code: str) -> Promotion:
    """
    Return the promotion that a code names with the creator of a price.

    One that ended is still found, so that the refusal can say so.

    :raises CodeUnknown: there is none
    """
    if not 0 < len(code.strip()) <= CODE_MAX:
        raise errors.CodeUnknown()
    found = (
        Promotion.objects.annotate(upper=Upper("code"))
        .filter(
            upper=as_code(code),
            creator_id=price.plan.creator_id,
            cluster_id=price.plan.cluster_id,
        )
        .order_by("status", "-id")  # the active one first
        .first()
    )
    if found is None:
        raise errors.CodeUnknown()
    return found


def check_offered(promotion: Promotion, *, price: Price, fan: Profile, now: datetime) -> None:
    """
    Answer only if this fan may take a promotion for this price now.

    :raises CodeNotForYou: it is for another plan, length, currency or kind of fan
    :raises CodeExpired: it has ended, or not begun
    :raises CodeUsedUp: it was redeemed as often as it can be
    :raises CodeUsedBefore: the same person redeemed it, on whatever profile
    """
    if not fits_price(promotion, price):
        raise errors.CodeNotForYou()
    is_over = promotion.ends_at is not None and promotion.ends_at <= now
    if promotion.status != PromotionStatus.ACTIVE or is_over or promotion.starts_at > now:
        raise errors.CodeExpired()
    if Redemption.objects.filter(
        promotion=promotion, user_id=fan.user_id, released_at__isnull=True
    ).exists():
        raise errors.CodeUsedBefore()
    if promotion.most is not None and promotion.redeemed >= promotion.most:
        raise errors.CodeUsedUp()
    if promotion.audience != Audience.ALL:
        standing = standing_of(fan=fan, creator_id=price.plan.creator_id)
        if not is_for(promotion.audience, standing):
            raise errors.CodeNotForYou()


def fits_price(promotion: Promotion, price: Price) -> bool:
    """Test if a promotion is one for this price: creator, plan, length and currency."""
    return (
        promotion.creator_id == price.plan.creator_id
        and promotion.plan_id in (None, price.plan_id)
        and promotion.months in (None, price.months)
        and (promotion.discount != Discount.AMOUNT or promotion.currency == price.currency)
    )


def best_open_promotion(*, price: Price, fan: Profile | None, now: datetime) -> Promotion | None:
    """
    Return the promotion without a code that makes the first period of a price cheapest for a fan
    (None: for somebody new), of equals the one that lasts longer, then the older one.
    """
    return best_for({price.pk: price}, fan=fan, now=now).get(price.pk)


def best_for(
    prices: dict[int, Price], *, fan: Profile | None, now: datetime
) -> dict[int, Promotion]:
    """Return the best open promotion of each price of one creator; at most three queries."""
    some = next(iter(prices.values()), None)
    if some is None:
        return {}
    rows = list(open_promotions(creator_id=some.plan.creator_id, now=now))
    if rows and fan is not None:
        taken = set(
            Redemption.objects.filter(
                promotion__in=rows, user_id=fan.user_id, released_at__isnull=True
            ).values_list("promotion_id", flat=True)
        )
        rows = [row for row in rows if row.pk not in taken]
    standing = Standing(has_live=False, had_any=False)
    if fan is not None and any(row.audience != Audience.ALL for row in rows):
        standing = standing_of(fan=fan, creator_id=some.plan.creator_id)
    rows = [row for row in rows if is_for(row.audience, standing)]
    best = {}
    for key, price in prices.items():
        fitting = [row for row in rows if fits_price(row, price)]
        if fitting:
            best[key] = min(fitting, key=lambda row: _rank(row, price))
    return best


def _rank(promotion: Promotion, price: Price) -> tuple[int, int, int]:
    cut = cut_of(promotion)
    minor = reduced(price.amount, cut).minor if cut else price.amount_minor
    return minor, -(promotion.periods or 10_000), promotion.pk


def had_trial(*, creator_id: int, user_id: int, fingerprint: str = "") -> bool:
    """Test if a person, or the card with this fingerprint, had a trial with a creator."""
    who = Q(user_id=user_id)
    if fingerprint:
        who |= Q(fingerprint=fingerprint)
    return TrialUse.objects.filter(who, creator_id=creator_id).exists()
