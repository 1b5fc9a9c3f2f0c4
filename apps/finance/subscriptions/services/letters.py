"""The mails of the billing cycle, made by the thousand without reading anything more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from apps.clusters import selectors as clusters
from apps.clusters.models import Cluster
from apps.core.money import Money
from apps.finance.payments.choices import Method
from apps.finance.subscriptions.choices import RenewsBy
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.rules.coming import Coming
from apps.finance.subscriptions.rules.terms import CANCEL_HOW, period_words
from apps.finance.subscriptions.selectors.ahead import Ahead, Taxed, Taxes, ahead, ahead_of_next
from apps.finance.subscriptions.services.claims import Due
from apps.notifications.services import Message

Plain = str | int | bool


class Letters:
    """Writes mails about subscriptions that are due: addresses, statements and rates of tax are
    read once."""

    def __init__(self, dues: Iterable[Due], *, now: datetime) -> None:
        dues = list(dues)
        self._brands = Cluster.objects.in_bulk({due.cluster_id for due in dues})
        self._origins = {pk: clusters.origin_of(brand) for pk, brand in self._brands.items()}
        self._descriptors = _descriptors(dues)
        self._taxes = Taxes(at=now)

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

    def total(self, due: Due, price: Money) -> Taxed:
        """Return what a price comes to where the fan is, with its tax."""
        return self._taxes.on(
            price,
            cluster=self._brands[due.cluster_id],
            method=_method(due),
            place=due.buyer_country,
        )

    def ahead(self, due: Due, coming: Coming) -> Ahead:
        """Return what is said of a charge to come."""
        return ahead(
            coming,
            self._taxes,
            cluster=self._brands[due.cluster_id],
            method=_method(due),
            place=due.buyer_country,
        )

    def ahead_of_next(self, due: Due, coming: Coming) -> Ahead | None:
        """Return what is said of the charge after one that was paid; None: none follows."""
        return ahead_of_next(
            coming,
            self._taxes,
            cluster=self._brands[due.cluster_id],
            method=_method(due),
            place=due.buyer_country,
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


def next_words(ahead: Ahead | None, zone: str) -> dict[str, Plain]:
    """Return what a mail says of the next charge, all of it empty where none comes."""
    return {
        "next_amount": money_words(ahead.charge.total) if ahead else "",
        "next_tax": money_words(ahead.charge.tax) if ahead and ahead.charge.tax else "",
        "next_charge_on": day_of(zone, ahead.at) if ahead else "",
        "after": ahead.after if ahead else "",
    }


def money_words(amount: Money) -> str:
    """Return an amount as people read it."""
    return formatted(amount.minor, amount.currency)


def _method(due: Due) -> Method:
    return Method.WALLET if due.renews_by == RenewsBy.WALLET else Method.CARD


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
