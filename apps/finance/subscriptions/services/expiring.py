"""Cards that pay subscriptions and are about to expire: their owners are told once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import structlog
from django.db.transaction import atomic

from apps.clusters import selectors as clusters
from apps.clusters.models import Cluster
from apps.finance.payments.selectors.methods import Expiring, expiring_cards
from apps.finance.subscriptions.choices import LIVE, RenewsBy
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.rules.terms import CANCEL_HOW
from apps.notifications import services as notifications

log = structlog.get_logger(__name__)

LIMIT = 1_000


def warn_of_expiring_cards(*, now: datetime, limit: int = LIMIT) -> int:
    """
    Tell each fan whose card ends this month or the next, and pays something that goes on.

    A batch a transaction; a card is told of once for each end it has, however often this runs: one
    that the gateway has replaced has another end. Returns how many mails are new.
    """
    total = 0
    for last in _last_days(now):
        after = 0
        while cards := expiring_cards(month=f"{last:%Y-%m}", after=after, limit=limit):
            total += _warn(cards, last, now)
            after = cards[-1].pk
    if total:
        log.info("billing.card_warnings", mails=total)
    return total


@atomic
def _warn(cards: Sequence[Expiring], last: date, now: datetime) -> int:
    paid = _paid_with([card.pk for card in cards])
    brands = Cluster.objects.in_bulk({row.cluster_id for rows in paid.values() for row in rows})
    return notifications.queue_many(
        [
            _mail(
                card, paid[card.pk], clusters.origin_of(brands[paid[card.pk][0].cluster_id]), last
            )
            for card in cards
            if card.pk in paid
        ],
        now=now,
    )


def _paid_with(ids: Sequence[int]) -> dict[int, list[Subscription]]:
    """Return what each of these means pays and will pay again, what is due first first."""
    rows = (
        Subscription.objects.filter(
            means_id__in=ids,
            state__in=sorted(LIVE),
            renews_by=RenewsBy.MEANS,
            cancel_at_end=False,
        )
        .select_related("creator", "fan")
        .only("public_id", "means_id", "cluster_id", "creator__display_name", "fan__user_id")
        .order_by("means_id", "due_at", "id")
    )
    found: dict[int, list[Subscription]] = {}
    for row in rows:
        found.setdefault(row.means_id or 0, []).append(row)
    return found


def _mail(
    card: Expiring, paid: Sequence[Subscription], origin: str, last: date
) -> notifications.Message:
    first = paid[0]
    one = len(paid) == 1
    return notifications.Message(
        kind="card.expiring",
        to=first.fan.user_id,
        cluster_id=first.cluster_id,
        key=f"means:{card.pk}:expiring:{card.month}",
        context={
            "card": f"{card.brand.capitalize() or 'Card'} ending in {card.last4}",
            "expires_on": last.isoformat(),
            "creator": first.creator.display_name if one else "",
            "manage_url": f"{origin}/subscriptions/{f'{first.public_id}/' if one else ''}",
            "cancel_how": CANCEL_HOW,
        },
        subject_ref=first.source,
    )


def _last_days(now: datetime) -> tuple[date, date]:
    """Return the last days of this month and the next: a card is good to the end of its month."""
    first = now.date().replace(day=1)
    second, third = _month_after(first), _month_after(_month_after(first))
    return second - timedelta(days=1), third - timedelta(days=1)


def _month_after(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
