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
from apps.finance.payments.selectors.paid import is_chargeable
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import RenewsBy, State, What
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.selectors import dues
from apps.finance.subscriptions.services import tell
from apps.finance.subscriptions.services.move import note, own
from apps.finance.subscriptions.services.retry import try_again
from apps.finance.subscriptions.services.standing import settle

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

    One that is past due is charged again at once: ``total_seen`` is what the fan was shown. A
    gateway that renewed it by itself is told first to do so no more, so that nobody is charged
    twice.

    :raises SubscriptionNotFound: it is another person's, or none
    :raises WrongState: it has ended, waits for its first payment, or is charged at this moment
    :raises ChangeNotOffered: nobody charges it: free, given, or for life
    :raises MeansNeeded: the means is another person's, removed, or cannot be charged by us
    :raises CurrencyMismatch: the means is charged in another currency
    :raises StillRenewed: the gateway has not agreed yet; ask again
    :raises PriceMoved and more: see ``selectors.dues.check_seen``
    """
    with atomic():
        subscription = own(fan, subscription_id)
        _check(subscription, to, now)
        dues.check_seen(subscription, total_seen, now=now, by=to)
        first = subscription.first_transaction_id
        by_gateway = subscription.renews_by == RenewsBy.GATEWAY
    if by_gateway and first is not None and not _stopped(first, now):
        raise errors.StillRenewed()
    return _changed(subscription_id, fan, to, now)


def _stopped(first: int, now: datetime) -> bool:
    return payments.stop_gateway_renewals(transaction_id=first, now=now)


@atomic
def _changed(subscription_id: UUID, fan: Profile, to: To, now: datetime) -> Subscription:
    subscription = own(fan, subscription_id)
    _check(subscription, to, now)
    means = None if to == "WALLET" else to
    target = RenewsBy.WALLET if means is None else RenewsBy.MEANS
    if (subscription.renews_by, subscription.means_id) == (target, means.pk if means else None):
        return subscription
    subscription.renews_by, subscription.means = target, means
    if subscription.state in {State.TRIALING, State.ACTIVE}:
        settle(subscription, now=now, by=fan.user)
    elif subscription.state == State.PAST_DUE:
        subscription.due_at = now
        try_again([subscription.pk], now=now)
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
    if subscription.claimed_until is not None and subscription.claimed_until > now:
        raise errors.WrongState(state=subscription.state, why="a charge is under way")
    if subscription.renews_by == RenewsBy.NOBODY:
        raise errors.ChangeNotOffered(renews_by=subscription.renews_by)
    if to == "WALLET":
        return
    if to.profile_id != subscription.fan_id or not is_chargeable(to):
        raise errors.MeansNeeded()
    if to.merchant_account.currency != subscription.currency:
        raise errors.CurrencyMismatch(
            left=to.merchant_account.currency, right=subscription.currency
        )
