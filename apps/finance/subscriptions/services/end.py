"""A subscription ends: at once, for good."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.transaction import atomic

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.entitlements import services as entitlements
from apps.finance.payments.rules.refunds import RefundReason
from apps.finance.payments.services.refunds import request_refund
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import EndReason, PeriodState, State, What
from apps.finance.subscriptions.models import Period, Subscription
from apps.finance.subscriptions.services import tell
from apps.finance.subscriptions.services.move import locked, mark_ended, move
from apps.notifications import services as notifications

if TYPE_CHECKING:
    from apps.finance.payments.models import Transaction

#: Mails about what would have come.
AHEAD = frozenset(
    f"subscription.{name}"
    for name in (
        "trial_ending",
        "renewal_ahead",
        "annual_reminder",
        "price_change",
        "declined",
        "payer_needed",
    )
)
#: Access to what is paid goes on until its end.
_PAID_STAYS = frozenset({EndReason.CANCELLED, EndReason.GIFT_OVER, EndReason.UNPAID})
REASON_LENGTH = 200


@joins_transaction
def end(
    subscription: Subscription,
    *,
    why: EndReason,
    now: datetime,
    reason: str = "",
    by: User | None = None,
    quiet: bool = False,
) -> None:
    """
    End a locked subscription, its access with it, and tell; ``quiet``: not by mail.

    What waits to be sent about its future is withdrawn. A gateway that renews it is told by
    ``stop_gateways``, which finds what ended.
    """
    began = subscription.started_at is not None
    mark_ended(subscription=subscription, why=why, now=now)
    subscription.cancel_at_end = subscription.cancel_at_end and bool(subscription.cancelled_at)
    if began:
        _end_access(subscription, why, now=now, by=by)
    Period.objects.filter(subscription=subscription, state=PeriodState.OPEN).update(
        state=PeriodState.UNPAID
    )
    move(
        subscription=subscription,
        target=State.ENDED,
        what=What.ENDED,
        now=now,
        reason=reason or why.label,
        by=by,
        facts={"why": why.value},
    )
    notifications.withdraw(subject_ref=subscription.source, kinds=AHEAD, now=now)
    if not began:
        return
    tell.ended(subscription)
    if not quiet:
        _mail(subscription, why, now=now)


def _end_access(
    subscription: Subscription, why: EndReason, *, now: datetime, by: User | None
) -> None:
    until = subscription.access_until
    if why in _PAID_STAYS and until is not None and until <= now:
        return
    subscription.access_until = now
    entitlements.withdraw(subscription.source, why=why.label, now=now, by=by)


def _mail(subscription: Subscription, why: EndReason, *, now: datetime) -> None:
    until = tell.day_of(subscription, subscription.access_until)
    tell.mail(subscription, "ended", key="1", now=now, reason=why.label, access_until=until)
    tell.mail_creator(
        subscription, "subscriber_ended", key="1", now=now, reason=why.label, access_until=until
    )


@atomic
def end_subscription(
    *,
    subscription_id: UUID,
    by: User,
    why: EndReason,
    reason: str,
    refund: bool,
    now: datetime,
) -> Subscription:
    """
    Staff or its creator end a fan's subscription at once; one that has ended stays as it is.

    ``refund`` asks for all of the newest paid period to go back, as far as ``by`` may do that:
    above the brand's limit a second person decides.

    :raises SubscriptionNotFound: there is none by this id, or it is not this creator's
    :raises StaffNotAllowed: ``by`` is neither its creator nor may cancel subscriptions; only staff
        refund, and ``why`` is STAFF or CREATOR
    :raises ReasonMissing: no reason is given, or it is longer than 200 characters
    :raises RefundNotAllowed and more: see ``payments.request_refund``; nothing is kept then
    """
    if not reason.strip() or len(reason) > REASON_LENGTH:
        raise errors.ReasonMissing()
    found = Subscription.objects.filter(public_id=subscription_id).select_related("creator")
    row = found.first()
    if row is None:
        raise errors.SubscriptionNotFound()
    is_creator = row.creator.user_id == by.pk
    if not (is_creator or by.has_perm("subscriptions.cancel_subscription")):
        raise errors.SubscriptionNotFound() if not by.is_staff else errors.StaffNotAllowed()
    if why not in {EndReason.STAFF, EndReason.CREATOR} or (
        is_creator and (refund or why != EndReason.CREATOR)
    ):
        raise errors.StaffNotAllowed()
    subscription = locked(row.pk)
    if subscription.state == State.ENDED:
        return subscription
    end(subscription, why=why, now=now, reason=reason.strip(), by=by)
    if refund:
        _ask_back(subscription, by=by, reason=reason.strip(), now=now)
    audit.record(
        by=by,
        action="subscriptions.ended",
        subject=subscription,
        reason=reason.strip(),
        facts={"why": why.value, "refund": refund},
        cluster=subscription.cluster,
    )
    return subscription


@joins_transaction
def _ask_back(subscription: Subscription, *, by: User, reason: str, now: datetime) -> None:
    paid = newest_payment(subscription)
    left = paid.amount_minor - paid.refunded_minor if paid else 0
    if paid is None or left <= 0:
        return
    request_refund(
        transaction_id=paid.pk,
        amount=Money(left, paid.currency),
        reason_code=RefundReason.GOODWILL,
        reason=reason,
        key=f"{subscription.source}:ended",
        by=by,
        now=now,
    )


def newest_payment(subscription: Subscription) -> Transaction | None:
    """Return what paid the newest period that was paid with money."""
    period = (
        subscription.periods.filter(transaction__isnull=False, state=PeriodState.PAID)
        .select_related("transaction__cluster")
        .order_by("-number")
        .first()
    )
    return period.transaction if period else None
