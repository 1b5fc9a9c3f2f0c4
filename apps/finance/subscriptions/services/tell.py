"""The mails and events of a subscription's life: what every one of them says."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from apps.clusters import selectors as clusters
from apps.core.db import joins_transaction
from apps.core.events import publish
from apps.finance.subscriptions import events
from apps.finance.subscriptions.choices import State, What
from apps.finance.subscriptions.models import Price, Subscription
from apps.finance.subscriptions.rules import terms
from apps.finance.subscriptions.selectors.ahead import Taxes, ahead_of
from apps.finance.subscriptions.services.letters import next_words
from apps.notifications import services as notifications

Plain = str | int | bool


def day_of(subscription: Subscription, moment: datetime | None) -> str:
    """Return a moment's day where the fan is, ISO 8601; empty for none."""
    if moment is None:
        return ""
    return moment.astimezone(ZoneInfo(subscription.timezone)).date().isoformat()


def context_of(
    subscription: Subscription, *, now: datetime, taxes: Taxes | None = None
) -> dict[str, Plain]:
    """Return what every mail about a subscription says of it; ``taxes`` are read once for many."""
    coming = ahead_of(subscription, taxes or Taxes(at=now))
    promotion, in_trial = subscription.promotion, subscription.state == State.TRIALING
    return {
        "creator": subscription.creator.display_name,
        "plan": subscription.plan.name,
        "price": subscription.amount.formatted if subscription.currency else "Free",
        "period": terms.period_words(subscription.months),
        "currency": subscription.currency,
        "descriptor": descriptor_of(subscription),
        "manage_url": manage_url(subscription),
        "cancel_how": terms.CANCEL_HOW,
        **next_words(coming, subscription.timezone),
        "promo": promotion.name if promotion and subscription.promotion_left != 0 else "",
        "trial_ends_on": day_of(subscription, subscription.trial_ends_at) if in_trial else "",
        "first_amount": coming.charge.total.formatted if coming and in_trial else "",
    }


def manage_url(subscription: Subscription) -> str:
    """Return the page where one click cancels it."""
    origin = clusters.origin_of(subscription.cluster)
    return f"{origin}/subscriptions/{subscription.public_id}/"


def descriptor_of(subscription: Subscription) -> str:
    """Return what its charges look like on a statement; empty where a wallet pays."""
    if subscription.means is not None:
        return subscription.means.merchant_account.descriptor
    first = subscription.first_transaction
    account = first.merchant_account if first else None
    return account.descriptor if account and subscription.renews_by != "WALLET" else ""


@joins_transaction
def mail(
    subscription: Subscription, kind: str, *, key: str, now: datetime, **context: Plain
) -> None:
    """
    Queue a mail to the fan. ``key`` names it among those of its kind about the subscription: told
    again, it is not sent twice.
    """
    notifications.queue(
        notifications.Message(
            kind=f"subscription.{kind}",
            to=subscription.fan.user_id,
            cluster_id=subscription.cluster_id,
            key=f"{subscription.source}:{kind}:{key}",
            context={**context_of(subscription, now=now), **context},
            subject_ref=subscription.source,
        ),
        now=now,
    )


@joins_transaction
def planned(
    subscription: Subscription, price: Price, *, effective_at: datetime, now: datetime
) -> None:
    """Queue the mail about a plan or price that its fan chose for the next period."""
    mail(
        subscription,
        "changed",
        key=f"planned:{now.isoformat()}",
        now=now,
        planned=True,
        plan=price.plan.name,
        price=price.amount.formatted,
        period=terms.period_words(price.months),
        old_price=subscription.amount.formatted,
        effective_on=day_of(subscription, effective_at),
    )


@joins_transaction
def mail_creator(
    subscription: Subscription, kind: str, *, key: str, now: datetime, **context: Plain
) -> None:
    """Queue a mail to the creator, who may have turned these off."""
    about = context_of(subscription, now=now)
    origin = clusters.origin_of(subscription.cluster)
    notifications.queue(
        notifications.Message(
            kind=f"creator.{kind}",
            to=subscription.creator.user_id,
            cluster_id=subscription.cluster_id,
            key=f"{subscription.source}:creator.{kind}:{key}",
            context={
                **{name: about[name] for name in ("plan", "price", "period", "promo")},
                "fan": subscription.fan.display_name,
                "manage_url": f"{origin}/creator/subscribers/",
                **context,
            },
            subject_ref=subscription.source,
        ),
        now=now,
    )


@joins_transaction
def began(subscription: Subscription) -> None:
    """Tell higher apps that it began."""
    publish(events.SubscriptionBegan(*_about(subscription), state=subscription.state))


@joins_transaction
def changed(subscription: Subscription, what: What) -> None:
    """Tell higher apps that something about it changed."""
    publish(
        events.SubscriptionChanged(
            *_about(subscription), what=what.value, state=subscription.state
        )
    )


@joins_transaction
def ended(subscription: Subscription) -> None:
    """Tell higher apps that it ended."""
    publish(events.SubscriptionEnded(*_about(subscription), reason=subscription.end_reason))


def _about(subscription: Subscription) -> tuple[int, str, int, int, int]:
    return (
        subscription.pk,
        subscription.cluster.slug,
        subscription.fan_id,
        subscription.creator_id,
        subscription.plan_id,
    )
