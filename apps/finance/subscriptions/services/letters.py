"""The mails of the billing cycle, made by the thousand without reading anything more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from apps.clusters import selectors as clusters
from apps.clusters.models import Cluster
from apps.core.money import Money
from apps.finance.subscriptions.choices import RenewsBy
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.rules.terms import CANCEL_HOW, period_words
from apps.finance.subscriptions.services.claims import Due
from apps.notifications.services import Message

Plain = str | int | bool


class Letters:
    """Writes mails about subscriptions that are due: addresses and statements are read once."""

    def __init__(self, dues: Iterable[Due]) -> None:
        dues = list(dues)
        brands = Cluster.objects.in_bulk({due.cluster_id for due in dues})
        self._origins = {pk: clusters.origin_of(brand) for pk, brand in brands.items()}
        self._descriptors = _descriptors(dues)

    def fan(self, due: Due, kind: str, *, key: str, **said: Plain) -> Message:
        """Return a mail to the fan; ``key`` names it among those of its kind about this one."""
        return Message(
            kind=f"subscription.{kind}",
            to=due.user_id,
            cluster_id=due.cluster_id,
            key=f"subscription:{due.pk}:{kind}:{key}",
            context={
                "creator": due.creator,
                "plan": due.plan,
                "price": formatted(due.amount_minor, due.currency),
                "period": period_words(due.months),
                "currency": due.currency,
                "descriptor": self._descriptors.get(due.pk, ""),
                "manage_url": f"{self._origins[due.cluster_id]}/subscriptions/{due.public_id}/",
                "cancel_how": CANCEL_HOW,
                **said,
            },
            subject_ref=f"subscription:{due.pk}",
        )

    def creator(self, due: Due, kind: str, *, key: str, to: int, **said: Plain) -> Message:
        """Return a mail to the creator, whose person is ``to``."""
        return Message(
            kind=f"creator.{kind}",
            to=to,
            cluster_id=due.cluster_id,
            key=f"subscription:{due.pk}:creator.{kind}:{key}",
            context={
                "fan": due.fan,
                "plan": due.plan,
                "price": formatted(due.amount_minor, due.currency),
                "period": period_words(due.months),
                "manage_url": f"{self._origins[due.cluster_id]}/creator/subscribers/",
                **said,
            },
            subject_ref=f"subscription:{due.pk}",
        )

    def origin(self, due: Due) -> str:
        """Return the beginning of its brand's addresses."""
        return self._origins[due.cluster_id]


@lru_cache(maxsize=16_384)
def day_of(zone: str, moment: datetime | None) -> str:
    """Return a moment's day where the fan is, ISO 8601; empty for none."""
    return "" if moment is None else moment.astimezone(ZoneInfo(zone)).date().isoformat()


@lru_cache(maxsize=4096)
def formatted(minor: int, currency: str) -> str:
    """Return an amount as people read it; most prices come thousands of times."""
    return Money(minor, currency).formatted if currency else ""


@lru_cache(maxsize=4096)
def written(minor: int, currency: str) -> str:
    """Return an amount as the history has it."""
    return str(Money(minor, currency))


def _descriptors(dues: Iterable[Due]) -> Mapping[int, str]:
    """Return what charges look like on a statement, of those that no wallet pays."""
    ids = [due.pk for due in dues if due.renews_by in {RenewsBy.MEANS, RenewsBy.GATEWAY}]
    if not ids:
        return {}
    rows = Subscription.objects.filter(pk__in=ids).values_list(
        "pk",
        "means__merchant_account__descriptor",
        "first_transaction__merchant_account__descriptor",
    )
    return {pk: of_means or of_first or "" for pk, of_means, of_first in rows}
