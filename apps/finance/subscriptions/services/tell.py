"""The mails and events of a subscription's life: what every one of them says."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from apps.clusters import selectors as clusters
from apps.core.db import joins_transaction
from apps.core.events import publish
from apps.finance.subscriptions import events
from apps.finance.subscriptions.choices import What
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.rules import terms
from apps.finance.subscriptions.selectors.live import coming_charge
from apps.notifications import services as notifications

Plain = str | int | bool


def day_of(subscription: Subscription, moment: datetime | None) -> str:
    """Return a moment's day where the fan is, ISO 8601; empty for none."""
    if moment is None:
        return ""
    return moment.astimezone(ZoneInfo(subscription.timezone)).date().isoformat()


def context_of(subscription: Subscription) -> dict[str, Plain]:
    """Return what every mail about a subscription says of it."""
    coming = coming_charge(subscription)
    promotion = subscription.promotion
    return {
        "creator": subscription.creator.display_name,
        "plan": subscription.plan.name,
        "price": subscription.amount.formatted if subscription.currency else "Free",
        "period": terms.period_words(subscription.months),
        "currency": subscription.currency,
        "descriptor": descriptor_of(subscription),
        "manage_url": manage_url(subscription),
        "cancel_how": terms.CANCEL_HOW,
        "next_amount": coming[0].formatted if coming else "",
        "next_charge_on": day_of(subscription, coming[1]) if coming else "",
        "promo": promotion.name if promotion and subscription.promotion_left != 0 else "",
        "trial_ends_on": day_of(subscription, subscription.trial_ends_at)
        if subscription.state == "TRIALING"
        else "",
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
            context={**context_of(subscription), **context},
            subject_ref=subscription.source,
        ),
        now=now,
    )


@joins_transaction
def mail_creator(
    subscription: Subscription, kind: str, *, key: str, now: datetime, **context: Plain
) -> None:
    """Queue a mail to the creator, who may have turned these off."""
    about = context_of(subscription)
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
