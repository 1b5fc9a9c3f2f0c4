"""Cancelling: one call, at once for billing, and taken back just as easily."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.transaction import atomic

from apps.accounts.models import Profile, User
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import EndReason, RenewsBy, State, What
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.services import tell
from apps.finance.subscriptions.services.end import AHEAD, end
from apps.finance.subscriptions.services.first_payment import give_up_claims
from apps.finance.subscriptions.services.move import note, own
from apps.finance.subscriptions.services.pause import go_on
from apps.finance.subscriptions.services.price_notices import tell_again
from apps.finance.subscriptions.services.standing import settle
from apps.notifications import services as notifications

REASON_LENGTH = 200


@atomic
def cancel(
    *,
    subscription_id: UUID,
    fan: Profile,
    now: datetime,
    reason: str = "",
    by: User | None = None,
) -> Subscription:
    """
    Cancel: from this moment on no charge begins; what is paid stays open until its end.

    The row's lock makes it so: a renewal holds it too, and reads again under it. What waited for
    its first payment, was past due, or is a free follow ends at once. Where a charge is under way
    at this moment, what it brings after this is given back. Cancelling again changes nothing.
    A gateway that renews by itself is told by ``stop_gateways``, repeated until it agrees.
    ``by`` is who does it on the fan's behalf (``staff.cancel_for``); None: the fan.

    :raises SubscriptionNotFound: it is another person's, or none
    :raises WrongState: it is paid for life, so that there is nothing to stop
    """
    subscription, by = own(fan, subscription_id), by or fan.user
    if subscription.state == State.ENDED or subscription.cancel_at_end:
        return subscription
    began = subscription.started_at is not None
    if began and subscription.price_id is not None and subscription.months == 0:
        raise errors.WrongState(state=subscription.state, why="paid for life")
    if subscription.state == State.PAUSED:
        go_on(subscription, now=now, by=by, quiet=True)
    subscription.cancel_at_end, subscription.cancelled_at = True, now
    subscription.cancel_reason = reason.strip()[:REASON_LENGTH]
    subscription.next_plan = subscription.next_price = None
    until = subscription.current_until
    is_charged_now = subscription.claimed_until is not None and subscription.claimed_until > now
    is_over = (until is None or until <= now) and not is_charged_now
    if not is_over and subscription.state != State.PAST_DUE:
        settle(subscription, now=now, why="Cancelled", by=by)
    note(
        subscription=subscription,
        what=What.CANCELLED,
        now=now,
        by=by,
        reason=subscription.cancel_reason,
        facts={"until": until.isoformat() if until else ""},
    )
    notifications.withdraw(subject_ref=subscription.source, kinds=AHEAD, now=now)
    if is_over:
        end(subscription, why=EndReason.CANCELLED, now=now, by=by, quiet=True)
    if began:
        _tell(subscription, now=now)
    else:
        give_up_claims(subscription, now=now)
    return subscription


@atomic
def uncancel(*, subscription_id: UUID, fan: Profile, now: datetime) -> Subscription:
    """
    Take a cancellation back before what is paid ends; one that is not cancelled stays as it is.

    :raises SubscriptionNotFound: it is another person's, or none
    :raises WrongState: it has ended, or what is paid has
    :raises ChangeNotOffered: a gateway renewed it, and cannot be asked to begin again
    """
    subscription = own(fan, subscription_id)
    if subscription.state == State.ENDED:
        raise errors.WrongState(state=subscription.state)
    if not subscription.cancel_at_end:
        return subscription
    if subscription.renews_by == RenewsBy.GATEWAY:
        raise errors.ChangeNotOffered(renews_by=subscription.renews_by)
    if not _may_take_back(subscription, now=now):
        raise errors.WrongState(state=subscription.state, why="what is paid is over")
    subscription.cancel_at_end, subscription.cancelled_at = False, None
    subscription.cancel_reason = ""
    settle(subscription, now=now, why="Cancellation taken back", by=fan.user)
    tell_again(subscription, now=now)
    note(subscription=subscription, what=What.UNCANCELLED, now=now, by=fan.user)
    tell.mail(subscription, "resumed", key=f"uncancelled:{now.isoformat()}", now=now)
    tell.changed(subscription, What.UNCANCELLED)
    return subscription


def _may_take_back(subscription: Subscription, *, now: datetime) -> bool:
    until = subscription.current_until
    return (
        subscription.state != State.ENDED
        and subscription.renews_by != RenewsBy.GATEWAY
        and until is not None
        and until > now
    )


def _tell(subscription: Subscription, *, now: datetime) -> None:
    ended = subscription.state == State.ENDED
    tell.mail(
        subscription,
        "cancelled",
        key=now.isoformat(),
        now=now,
        access_until="" if ended else tell.day_of(subscription, subscription.access_until),
        may_take_back=_may_take_back(subscription, now=now),
    )
    if not ended:
        tell.changed(subscription, What.CANCELLED)
