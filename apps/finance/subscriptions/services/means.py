"""A fan pays the next periods another way."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from django.db.transaction import atomic

from apps.accounts.models import Profile
from apps.core.db import joins_transaction, outside_transaction
from apps.core.money import Money
from apps.finance.payments import services as payments
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import RenewsBy, State, What
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.rules.subjects import of_period
from apps.finance.subscriptions.selectors import dues
from apps.finance.subscriptions.selectors.changes import is_being_charged
from apps.finance.subscriptions.selectors.means import check_means
from apps.finance.subscriptions.services import tell
from apps.finance.subscriptions.services.ends import GIVEN_UP
from apps.finance.subscriptions.services.move import note, own
from apps.finance.subscriptions.services.stops import (
    charge_from_now_on,
    stop_gateways,
    want_stop,
)

if TYPE_CHECKING:
    from apps.finance.payments.models import PaymentMethod

    To = Literal["WALLET"] | PaymentMethod


@outside_transaction
def change_means(
    *,
    subscription_id: UUID,
    fan: Profile,
    to: To,
    now: datetime,
    total_seen: Money | None = None,
) -> Subscription:
    """
    Have the next periods paid from the wallet or by a stored means; what pays them already stays.

    One that is past due is charged again at once: ``total_seen`` is what the fan was shown; what
    waited for the payer's word on the means before is given up. A
    gateway that renewed it by itself is told at once to do so no more, again and again until it
    agrees (``stop_gateways``); before that, or before its days of waiting are over, we charge
    nothing, and what it charges meanwhile counts: nobody pays twice. One that it had given up
    goes on.

    :raises SubscriptionNotFound: it is another person's, or none
    :raises WrongState: it has ended, waits for its first payment, or is charged at this moment
    :raises ChangeNotOffered: nobody charges it: free, given, or for life
    :raises MeansNeeded: the means is another person's, removed, over, or none we can charge
    :raises CurrencyMismatch: the means is charged in another currency
    :raises PriceMoved and more: see ``selectors.dues.check_seen``
    """
    subscription = _changed(subscription_id, fan, to, total_seen, now)
    if subscription.stop_due_at is None:
        return subscription
    stop_gateways(now=now, among=[subscription.pk])
    with atomic():
        return own(fan, subscription_id)


@atomic
def _changed(
    subscription_id: UUID, fan: Profile, to: To, total_seen: Money | None, now: datetime
) -> Subscription:
    subscription = own(fan, subscription_id)
    _check(subscription, to, now)
    dues.check_seen(subscription, total_seen, now=now, by=to)
    means = None if to == "WALLET" else to
    target = RenewsBy.WALLET if means is None else RenewsBy.MEANS
    if (subscription.renews_by, subscription.means_id) == (target, means.pk if means else None):
        return subscription
    payments.give_up_waiting(
        payer=fan, subject=of_period(subscription.pk, subscription.period_number + 1), now=now,
        reason="Another means was chosen",
    )  # fmt: skip
    if subscription.renews_by == RenewsBy.GATEWAY and subscription.renewal_stopped_at is None:
        want_stop(subscription, now=now)
    subscription.renews_by, subscription.means = target, means
    if subscription.cancel_at_end and subscription.cancel_reason in GIVEN_UP:
        subscription.cancel_at_end, subscription.cancelled_at = False, None
        subscription.cancel_reason = ""
    charge_from_now_on(subscription, now=now, by=fan.user)
    note(
        subscription=subscription,
        what=What.MEANS_CHANGED,
        now=now,
        by=fan.user,
        facts={"renews_by": target.value, "means": str(means.public_id) if means else ""},
    )
    tell.changed(subscription, What.MEANS_CHANGED)
    return subscription


@joins_transaction
def _check(subscription: Subscription, to: To, now: datetime) -> None:
    if subscription.state in {State.ENDED, State.INCOMPLETE}:
        raise errors.WrongState(state=subscription.state)
    if is_being_charged(subscription, now=now):
        raise errors.WrongState(state=subscription.state, why="a charge is under way")
    if subscription.renews_by == RenewsBy.NOBODY:
        raise errors.ChangeNotOffered(renews_by=subscription.renews_by)
    if to != "WALLET":
        check_means(to, fan=subscription.fan, currency=subscription.currency, now=now)
