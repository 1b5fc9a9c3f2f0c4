"""A subscription begins: its first period is paid for, or costs nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from apps.accounts.models import User
from apps.core.db import joins_transaction
from apps.finance.payments.choices import Method
from apps.finance.subscriptions.choices import (
    LIVE,
    EndReason,
    PeriodKind,
    PeriodState,
    RenewsBy,
    State,
    What,
)
from apps.finance.subscriptions.models import Period, Subscription
from apps.finance.subscriptions.rules import periods
from apps.finance.subscriptions.selectors.live import coming_charge
from apps.finance.subscriptions.services import tell
from apps.finance.subscriptions.services.end import end
from apps.finance.subscriptions.services.ends import WIN_BACK
from apps.finance.subscriptions.services.move import move
from apps.finance.subscriptions.services.standing import settle
from apps.finance.subscriptions.services.trials import claim_trial
from apps.notifications import services as notifications

if TYPE_CHECKING:
    from apps.finance.payments.models import Transaction

#: What was agreed to counts from the moment it was agreed to; but whoever was charged later than
#: this loses no day of what was paid.
LATE = timedelta(days=1)


def _withdraw_win_back(subscription: Subscription, *, now: datetime) -> None:
    """Who is back is not asked back for what ended before."""
    ended = Subscription.objects.filter(
        fan=subscription.fan_id,
        creator=subscription.creator_id,
        state=State.ENDED,
        ended_at__gt=now - WIN_BACK,
    )
    for pk in ended.values_list("pk", flat=True):
        notifications.withdraw(
            subject_ref=f"subscription:{pk}", kinds={"subscription.win_back"}, now=now
        )


@joins_transaction
def begin(
    subscription: Subscription,
    period: Period,
    *,
    now: datetime,
    paid: Transaction | None = None,
    by: User | None = None,
) -> None:
    """
    Let a locked INCOMPLETE subscription begin with its first period, paid by ``paid`` or free.

    Access, history, mails and event are in the caller's transaction. A free follow of the same
    creator ends: there is one subscription that counts.
    """
    end_follow(subscription, now=now)
    _withdraw_win_back(subscription, now=now)
    begins = subscription.created_at if now - subscription.created_at < LATE else now
    is_trial = period.kind == PeriodKind.TRIAL
    first = periods.beginning(
        at=begins,
        months=subscription.months,
        alignment=subscription.plan.alignment,
        trial_days=subscription.plan.trial_days if is_trial else 0,
        zone=subscription.timezone,
    )
    period.state, period.paid_at, period.transaction = PeriodState.PAID, now, paid
    period.from_at, period.until_at = begins, first.until
    period.save()
    subscription.started_at = begins
    subscription.current_from, subscription.current_until = begins, first.until
    subscription.anchored_at, subscription.anchored_number = first.anchor.at, first.anchor.number
    subscription.period_number = period.number
    subscription.trial_ends_at = first.until if is_trial else None
    if subscription.months == 0:
        subscription.renews_by, subscription.means = RenewsBy.NOBODY, None
    before, subscription.state = (
        subscription.state,
        State.TRIALING if is_trial else State.ACTIVE,
    )
    settle(subscription, now=now, why="Subscribed")
    target, subscription.state = State(subscription.state), before
    move(
        subscription=subscription,
        target=target,
        what=What.TRIAL_BEGAN if is_trial else What.ACTIVATED,
        now=now,
        by=by,
        reason="Paid" if paid else "Nothing to pay",
        facts=_facts(period, paid),
    )
    _tell(subscription, period, paid, now=now)


@joins_transaction
def end_follow(subscription: Subscription, *, now: datetime) -> None:
    """End the free follow that a subscription to the same creator takes the place of."""
    follow = (
        Subscription.objects.select_for_update(of=("self",))
        .select_related("plan", "creator", "fan__user", "cluster")
        .filter(
            fan_id=subscription.fan_id,
            creator_id=subscription.creator_id,
            state__in=sorted(LIVE),
            price__isnull=True,
        )
        .exclude(pk=subscription.pk)
        .first()
    )
    if follow is not None:
        end(follow, why=EndReason.CANCELLED, now=now, reason="Subscribed instead", quiet=True)


@joins_transaction
def claim_its_trial(subscription: Subscription, *, fingerprint: str, now: datetime) -> bool:
    """Note whose trial it is; False: the person or the card had one with the creator."""
    return claim_trial(
        creator=subscription.creator,
        user=subscription.fan.user,
        subscription=subscription,
        now=now,
        fingerprint=fingerprint,
    )


def _facts(period: Period, paid: Transaction | None) -> dict[str, str | int]:
    facts: dict[str, str | int] = {"period": period.number}
    if period.amount_minor:
        facts["amount"] = str(period.amount)
    if paid is not None:
        facts["transaction"] = str(paid.public_id)
    return facts


def _tell(
    subscription: Subscription, period: Period, paid: Transaction | None, *, now: datetime
) -> None:
    told = {
        "amount": paid.amount.formatted if paid else period.amount.formatted,
        "tax": paid.tax.formatted if paid and paid.tax_minor else "",
        "paid_on": tell.day_of(subscription, now) if paid else "",
        "access_until": ""
        if coming_charge(subscription)
        else tell.day_of(subscription, subscription.access_until),
    }
    # Its card was to be charged later and was not kept: whoever paid must hear it in time.
    from_wallet = pays_later(paid) and subscription.renews_by == RenewsBy.WALLET
    tell.mail(
        subscription,
        "confirmed",
        key="1",
        now=now,
        terms=subscription.terms,
        from_wallet=from_wallet,
        **told,
    )
    if paid is not None:
        tell.mail(subscription, "receipt", key=str(period.number), now=now, **told)
    tell.mail_creator(
        subscription,
        "new_subscriber",
        key="1",
        now=now,
        trial_ends_on=tell.day_of(subscription, subscription.trial_ends_at),
    )
    tell.began(subscription)


def pays_later(transaction: Transaction | None) -> bool:
    """Test if a sale was opened that somebody must pay outside the wallet."""
    return transaction is not None and transaction.method != Method.WALLET
