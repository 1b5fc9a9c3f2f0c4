"""The lists people read: a fan's subscriptions, a creator's subscribers, one with its history."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from django.db.models import BigIntegerField, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.payments.choices import PAID, Status
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import LIVE, PeriodState, RenewsBy, State
from apps.finance.subscriptions.models import Period, Subscription, SubscriptionEvent
from apps.finance.subscriptions.rules import subjects
from apps.finance.subscriptions.selectors.dues import newest_tries

#: What a list or a page shows of a subscription, in one query.
_SHOWN = (
    "fan", "creator", "cluster", "plan", "price", "means", "promotion", "next_plan",
    "next_price__plan", "price_change__new",
)  # fmt: skip
#: Lines of history and periods that one page shows; the oldest matter least.
MOST_LINES, MOST_PERIODS = 100, 60


def subscriptions_of(fan: Profile) -> QuerySet[Subscription]:
    """Return all that a fan ever subscribed to on this brand, the newest first."""
    return (
        Subscription.objects.filter(fan=fan)
        .select_related(*_SHOWN, "means__merchant_account", "first_transaction__merchant_account")
        .prefetch_related(newest_tries())
        .order_by("-id")
    )


def subscription_for(fan: Profile, public_id: uuid.UUID) -> Subscription:
    """Return one of a fan's own.

    :raises SubscriptionNotFound: it is another person's, or none
    """
    found = subscriptions_of(fan).filter(public_id=public_id).first()
    if found is None:
        raise errors.SubscriptionNotFound()
    return found


def subscription_of_subject(fan: Profile, subject: str) -> Subscription | None:
    """Return the fan's subscription that a payment is for, by what it says; None: for none."""
    about = subjects.read(subject)
    return subscriptions_of(fan).filter(pk=about.subscription_id).first() if about else None


def live_with(fan: Profile, creator: Profile) -> Subscription | None:
    """Return the one that counts now, or the one that waits for its first payment."""
    states = [state.value for state in (*LIVE, State.INCOMPLETE)]
    return (
        subscriptions_of(fan)
        .filter(creator=creator, state__in=states)
        .order_by(F("started_at").desc(nulls_last=True), "-id")
        .first()
    )


def subscribers_of(creator: Profile) -> QuerySet[Subscription]:
    """Return who subscribes or did subscribe to a creator, the newest first.

    Those who never paid for it are not among them.
    """
    return (
        Subscription.objects.filter(creator=creator, started_at__isnull=False)
        .select_related("fan", "creator", "cluster", "plan", "promotion")
        .order_by("-id")
    )


def subscriber_for(creator: Profile, public_id: uuid.UUID) -> Subscription:
    """Return one of a creator's own subscribers, with what they brought.

    :raises SubscriptionNotFound: it is another creator's, or none
    """
    found = with_earned(subscribers_of(creator)).filter(public_id=public_id).first()
    if found is None:
        raise errors.SubscriptionNotFound()
    return found


def with_earned(rows: QuerySet[Subscription]) -> QuerySet[Subscription]:
    """Add ``earned_minor``: what the creator got of its charges, after fees and refunds.

    Of a charge that was given back in part the creator keeps in proportion; of one that a bank
    has taken nothing, until it gives it back.
    """
    kept = F("transaction__net_minor") * (
        F("transaction__amount_minor") - F("transaction__refunded_minor")
    )
    earned = (
        Period.objects.filter(
            subscription=OuterRef("pk"),
            state=PeriodState.PAID,
            transaction__status__in=sorted(PAID - {Status.DISPUTED}),
        )
        .order_by()
        .values("subscription")
        .annotate(total=Sum(kept / F("transaction__amount_minor")))
        .values("total")
    )
    return rows.annotate(
        earned_minor=Coalesce(Subquery(earned, output_field=BigIntegerField()), 0)
    )


def earned_by(subscription: Subscription) -> Money | None:
    """Return what ``with_earned`` found; None for one that has no currency (a free follow)."""
    if not subscription.currency:
        return None
    minor: int = getattr(subscription, "earned_minor", 0)
    return Money(minor, subscription.currency)


def history_of(subscription: Subscription) -> list[SubscriptionEvent]:
    """Return what happened to it, the newest first."""
    rows = subscription.history.select_related("by").order_by("-id")
    return list(rows[:MOST_LINES])


def periods_of(subscription: Subscription) -> list[Period]:
    """Return its periods with what paid them, the newest first."""
    return list(
        subscription.periods.select_related("transaction").order_by("-number")[:MOST_PERIODS]
    )


def paid_by_cards(fan: Profile) -> dict[int, list[Subscription]]:
    """Return what a fan's kept cards will be charged for, by the card's number; one query."""
    rows = Subscription.objects.filter(
        fan=fan,
        state__in=[s.value for s in LIVE],
        renews_by=RenewsBy.MEANS,
        cancel_at_end=False,
        means__isnull=False,
    ).select_related("creator", "plan")
    paid: dict[int, list[Subscription]] = {}
    for row in rows.order_by("id"):
        if row.months and row.means_id is not None:
            paid.setdefault(row.means_id, []).append(row)
    return paid


def live_creators(fan: Profile, creator_ids: Iterable[int]) -> set[int]:
    """Return which of these creators a fan subscribes to now; one query."""
    ids: Sequence[int] = list(creator_ids)
    rows = Subscription.objects.filter(fan=fan, creator__in=ids, state__in=[s.value for s in LIVE])
    return set(rows.values_list("creator_id", flat=True))


def who_did(line: SubscriptionEvent, subscription: Subscription) -> str:
    """Say to its fan who did what a line of history tells: nobody of our staff is named."""
    if line.by_id is None:
        return "PLATFORM"
    names = {subscription.fan.user_id: "YOU", subscription.creator.user_id: "CREATOR"}
    return names.get(line.by_id, "SUPPORT")
