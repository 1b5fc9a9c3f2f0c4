"""A gift is taken once, or goes back."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import F, Q
from django.db.transaction import atomic

from apps.accounts import selectors as accounts
from apps.accounts.models import Profile
from apps.audit import services as audit
from apps.finance.payments.services.refunds import refund_for_nothing
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import (
    LIVE,
    GiftState,
    PeriodKind,
    PeriodState,
    RenewsBy,
    State,
    What,
)
from apps.finance.subscriptions.models import Gift, Period, Subscription
from apps.finance.subscriptions.rules import gifts as rules
from apps.finance.subscriptions.rules.calendar import end_of
from apps.finance.subscriptions.services import tell
from apps.finance.subscriptions.services.activate import end_follow
from apps.finance.subscriptions.services.gifts import locked_gift, take_back
from apps.finance.subscriptions.services.move import move, note, one_at_a_time
from apps.finance.subscriptions.services.standing import settle

log = structlog.get_logger(__name__)

#: What could not go back is tried again after so long.
RETURN_AGAIN = timedelta(days=1)


@atomic
def take_gift(
    *,
    fan: Profile,
    now: datetime,
    code: str = "",
    gift_id: UUID | None = None,
    timezone: str = "UTC",
) -> Subscription:
    """
    Take a gift by its code, or one that is addressed to the fan by its id: the subscription begins
    now, runs for all that was paid, and ends by itself. Taking it again returns it.

    A free follow of the same creator ends. Nothing is charged, now or later.

    :raises GiftNotFound: no such gift waits on this brand for this fan
    :raises GiftTaken: somebody took it
    :raises GiftOver: it was given back
    :raises GiftToOneself: the fan gave it
    :raises OwnPlan: the fan is its creator
    :raises AlreadySubscribed: the fan pays for, or was given, a plan of the creator now
    :raises AgeNotVerified, Underage: see ``accounts.check_may_buy``
    """
    found = Gift.objects.filter(cluster_id=fan.cluster_id)
    found = (
        found.filter(public_id=gift_id, taker=fan)
        if gift_id
        else found.filter(code=rules.as_code(code))
    )
    seen = found.select_related("plan").first()
    if seen is None:
        raise errors.GiftNotFound()
    one_at_a_time(fan.pk, seen.plan.creator_id)
    gift = locked_gift(seen.pk)
    if gift is None or (gift.taker_id is not None and gift.taker_id != fan.pk):
        raise errors.GiftTaken() if gift and gift.taken_at else errors.GiftNotFound()
    if gift.state == GiftState.TAKEN and gift.subscription is not None:
        return gift.subscription
    _check_taken(gift, fan)
    subscription = _begin(gift, fan, timezone, now)
    gift.taker, gift.subscription, gift.taken_at = fan, subscription, now
    gift.state = GiftState.TAKEN
    gift.save(update_fields=["taker", "subscription", "taken_at", "state"])
    return subscription


def return_gifts(*, now: datetime, limit: int = 100) -> int:
    """
    Give back what nobody took for 60 days, the way it was paid; return how many. A tick: a
    transaction each, so it can be killed anywhere and run twice at once.

    One that cannot go back stays to be taken, is logged (docs/runbooks/gifts.md) and tried again
    in a day, behind the others.
    """
    due = (
        Gift.objects.filter(
            Q(return_due_at__isnull=True) | Q(return_due_at__lte=now),
            state=GiftState.PAID,
            created_at__lte=now - rules.TAKE_WITHIN,
        )
        .order_by(F("return_due_at").asc(nulls_first=True), "created_at")
        .values_list("pk", flat=True)
    )
    return sum(return_gift(gift_id=pk, now=now) for pk in due[:limit])


@atomic
def return_gift(*, gift_id: int, now: datetime) -> bool:
    """Give one gift back that waited too long; False if it does not, or cannot go back."""
    gift = locked_gift(gift_id)
    if (
        gift is None
        or gift.state != GiftState.PAID
        or gift.transaction_id is None
        or gift.created_at > now - rules.TAKE_WITHIN
    ):
        return False
    refund = refund_for_nothing(
        transaction_id=gift.transaction_id,
        reason="The gift was not taken",
        key=rules.subject_of(gift.pk),
        now=now,
    )
    if refund is None:
        log.error("gift.not_given_back", gift=gift.pk, transaction=gift.transaction_id)
        gift.return_due_at = now + RETURN_AGAIN
        gift.save(update_fields=["return_due_at"])
        return False
    take_back(gift, now=now)
    audit.record(
        by=None,
        action="subscriptions.gift_returned",
        subject=gift,
        facts={"refund": refund.pk, "amount": str(gift.price.amount)},
        cluster=gift.cluster,
    )
    return True


def _check_taken(gift: Gift, fan: Profile) -> None:
    if gift.state == GiftState.INCOMPLETE:
        raise errors.GiftNotFound()
    if gift.state == GiftState.RETURNED:
        raise errors.GiftOver()
    if gift.giver.user_id == fan.user_id:
        raise errors.GiftToOneself()
    if gift.plan.creator.user_id == fan.user_id:
        raise errors.OwnPlan()
    accounts.check_may_buy(fan.user)
    others = Subscription.objects.filter(
        fan=fan, creator_id=gift.plan.creator_id, state__in=sorted(LIVE), price__isnull=False
    )
    if others.exists():
        raise errors.AlreadySubscribed()


def _begin(gift: Gift, fan: Profile, timezone: str, now: datetime) -> Subscription:
    plan, price = gift.plan, gift.price
    until = end_of(anchor=now, months=price.months, count=1, zone=timezone)
    subscription = Subscription(
        fan=fan,
        creator=plan.creator,
        cluster=gift.cluster,
        plan=plan,
        price=price,
        tier=plan.tier,
        months=price.months,
        amount_minor=price.amount_minor,
        currency=price.currency,
        renews_by=RenewsBy.NOBODY,
        timezone=timezone,
        idempotency_key=rules.subject_of(gift.pk),
        created_at=now,
        started_at=now,
        anchored_at=now,
        anchored_number=1,
        period_number=1,
        current_from=now,
        current_until=until,
    )
    facts = {"gift": gift.pk}
    note(subscription=subscription, what=What.STARTED, now=now, by=fan.user, facts=facts)
    Period.objects.create(
        subscription=subscription,
        number=1,
        from_at=now,
        until_at=until,
        kind=PeriodKind.GIFT,
        state=PeriodState.PAID,
        amount_minor=gift.amount_minor,
        currency=gift.currency,
        transaction_id=gift.transaction_id,
        at=now,
        paid_at=now,
    )
    end_follow(subscription, now=now)
    settle(subscription, now=now, why="A gift")
    move(subscription=subscription, target=State.ACTIVE, what=What.ACTIVATED, now=now,
         by=fan.user, reason="Took a gift", facts=facts)  # fmt: skip
    tell.mail_creator(subscription, "new_subscriber", key="1", now=now)
    tell.began(subscription)
    return subscription
