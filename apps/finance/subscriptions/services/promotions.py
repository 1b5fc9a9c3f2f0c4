"""Promotions: made by creators, redeemed once a person, never more often than they may be."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError
from django.db.models import F
from django.db.transaction import atomic

from apps.accounts.models import Profile, User
from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import Audience, Discount, PromotionStatus
from apps.finance.subscriptions.models import Plan, Price, Promotion, Redemption, Subscription
from apps.finance.subscriptions.rules import offers
from apps.finance.subscriptions.selectors import promotions as queries
from apps.finance.subscriptions.services.plans import check_owner


@atomic
def create_promotion(
    *,
    creator: Profile,
    name: str,
    discount: Discount,
    by: User,
    now: datetime,
    code: str = "",
    percent_bps: int = 0,
    amount: Money | None = None,
    periods: int = 1,
    plan: Plan | None = None,
    months: int | None = None,
    audience: Audience = Audience.ALL,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    most: int | None = None,
) -> Promotion:
    """
    Offer a lower price for the first ``periods`` periods (0: all), with a code or to everybody.

    ``plan`` and ``months`` None: any of the creator's; ``most``: redemptions in all. A code is
    kept in capitals and compared without regard to letter case; a promotion that ended leaves its
    code free.

    :raises NotACreator: the profile is a fan's
    :raises StaffNotAllowed: ``by`` is not the creator
    :raises PlanNotFound: the plan is somebody else's
    :raises PromotionInvalid: ``field`` and ``why`` say what is wrong
    :raises CurrencyMismatch: the amount is in another currency than the plan's prices
    :raises CodeTaken: another promotion of the creator's has this code
    """
    if not creator.is_creator:
        raise errors.NotACreator()
    check_owner(creator, by)
    code, starts_at = offers.as_code(code), starts_at or now
    offers.check_promotion(
        name=name.strip(),
        code=code,
        discount=discount,
        percent_bps=percent_bps,
        amount=amount,
        periods=periods,
        starts_at=starts_at,
        ends_at=ends_at,
        most=most,
        now=now,
    )
    _check_plan(creator, plan, months, amount)
    promotion = Promotion(
        creator=creator,
        cluster_id=creator.cluster_id,
        plan=plan,
        name=name.strip(),
        code=code,
        discount=discount,
        percent_bps=percent_bps,
        amount_minor=amount.minor if amount else 0,
        currency=amount.currency if amount else "",
        periods=periods,
        months=months,
        audience=audience,
        starts_at=starts_at,
        ends_at=ends_at,
        most=most,
        created_at=now,
    )
    try:
        with atomic():
            promotion.save()
    except IntegrityError as error:
        if "promotion_code_unique" in str(error):
            raise errors.CodeTaken(code=code) from error
        raise
    return promotion


@atomic
def end_promotion(*, promotion: Promotion, by: User, now: datetime, reason: str = "") -> Promotion:
    """
    Let nobody take a promotion any more; who did keeps it. Again, it changes nothing.

    Its creator may, and staff with a reason.

    :raises StaffNotAllowed: ``by`` is neither the creator nor may moderate plans
    :raises ReasonMissing: staff gave no reason, or one of more than 200 characters
    """
    is_own = promotion.creator.user_id == by.pk
    if not is_own and not by.has_perm("subscriptions.moderate_plan"):
        raise errors.StaffNotAllowed()
    if len(reason) > offers.REASON_MAX or not (is_own or reason.strip()):
        raise errors.ReasonMissing()
    promotion = _locked(promotion.pk)
    if promotion.status == PromotionStatus.ENDED:
        return promotion
    promotion.status = PromotionStatus.ENDED
    promotion.save(update_fields=["status"])
    audit.record(
        by=by,
        action="subscriptions.promotion_ended",
        subject=promotion,
        reason=reason.strip(),
        facts={"code": promotion.code, "redeemed": promotion.redeemed, "at": now.isoformat()},
        cluster=promotion.cluster,
    )
    return promotion


@joins_transaction
def redeem(
    *,
    promotion: Promotion,
    price: Price,
    fan: Profile,
    subscription: Subscription,
    now: datetime,
) -> Promotion:
    """
    Take a promotion for a subscription, in the caller's transaction; its row stays locked until
    that ends, so a limit holds also among many at once.

    Taking it again for the same subscription changes nothing. ``selectors.promotions.find_code``
    finds it by its code. After a refusal nothing is kept.

    :raises CodeNotForYou, CodeExpired, CodeUsedUp, CodeUsedBefore:
        see ``selectors.promotions.check_offered``
    """
    promotion = _locked(promotion.pk)
    before = Redemption.objects.filter(
        promotion=promotion, user_id=fan.user_id, released_at__isnull=True
    ).first()
    if before is not None and before.subscription_id == subscription.pk:
        return promotion
    queries.check_offered(promotion, price=price, fan=fan, now=now)
    Redemption.objects.create(
        promotion=promotion, user_id=fan.user_id, subscription=subscription, at=now
    )
    promotion.redeemed += 1
    promotion.save(update_fields=["redeemed"])
    return promotion


@joins_transaction
def release_redemption(*, subscription: Subscription, now: datetime) -> int:
    """
    Give back the promotion of a subscription that was never paid for: the person may take it
    again, and it counts against no limit. Return how many were given back; again, none.
    """
    rows = Redemption.objects.filter(subscription=subscription, released_at__isnull=True)
    taken = list(rows.order_by("promotion_id").values_list("promotion_id", flat=True))
    for promotion_id in taken:
        # In redeem's order: the promotion first, so neither waits for the other in a circle.
        _locked(promotion_id)
        if rows.filter(promotion_id=promotion_id).update(released_at=now):
            Promotion.objects.filter(pk=promotion_id).update(redeemed=F("redeemed") - 1)
    return len(taken)


@joins_transaction
def lock(wanted: Iterable[Promotion | None]) -> None:
    """Take the rows of promotions, in one order, before a sale takes those of the ledger."""
    for promotion_id in sorted({each.pk for each in wanted if each is not None}):
        _locked(promotion_id)


def _locked(promotion_id: int) -> Promotion:
    return (
        Promotion.objects.select_for_update(of=("self",), no_key=True)
        .select_related("creator", "cluster", "plan")
        .get(pk=promotion_id)
    )


def _check_plan(
    creator: Profile, plan: Plan | None, months: int | None, amount: Money | None
) -> None:
    if months is not None and months not in offers.MONTHS:
        raise errors.PromotionInvalid(field="months", why="1, 3, 6, 12, 24, or 0 for life")
    if plan is None:
        return
    if plan.creator_id != creator.pk:
        raise errors.PlanNotFound()
    if plan.is_free:
        raise errors.PromotionInvalid(field="plan", why="a free plan costs nothing already")
    price = plan.prices.order_by("-id").first()
    if amount is not None and price is not None and price.currency != amount.currency:
        raise errors.CurrencyMismatch(left=amount.currency, right=price.currency)
