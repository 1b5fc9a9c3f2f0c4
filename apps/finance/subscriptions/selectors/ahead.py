"""What people are told of a charge to come: all that will be taken, on which day, and after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from apps.clusters.models import Cluster
from apps.core.money import Money
from apps.finance.payments.choices import Kind, Method
from apps.finance.payments.errors import NoFee
from apps.finance.payments.selectors.fees import Terms
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.rules import terms
from apps.finance.subscriptions.rules.coming import Coming
from apps.finance.subscriptions.rules.pricing import left_after
from apps.finance.subscriptions.selectors.changes import pays_by
from apps.finance.subscriptions.selectors.live import coming_of
from apps.finance.tax.errors import PlaceMissing, PlaceTooWide, PlaceUnknown
from apps.finance.tax.selectors import Buyer


@dataclass(frozen=True, slots=True)
class Taxed:
    """A price as it is taken: ``total`` is all that is, ``tax`` the part of it that is tax."""

    price: Money
    tax: Money
    total: Money


@dataclass(frozen=True, slots=True)
class Ahead:
    """``charge`` is taken at ``at``; ``after`` says what every later one is ("$12.00 every
    month"), empty where none follows."""

    at: datetime
    charge: Taxed
    months: int
    after: str


class Taxes:
    """Says what prices come to with tax, as of ``at``: rates are read once for a brand, a method
    and a place, however many prices are asked about."""

    def __init__(self, *, at: datetime) -> None:
        self._at = at
        self._terms: dict[tuple[int, Method], Terms | None] = {}
        self._said: dict[tuple[object, ...], tuple[Taxed, str]] = {}

    def on(self, price: Money, *, cluster: Cluster, method: Method, place: str) -> Taxed:
        """
        Return a price with its tax at a place (ISO 3166).

        Without one where nobody can tell it: then the charge itself is refused.
        """
        untaxed = Taxed(price, Money.zero(price.currency), price)
        found = self._terms_of(cluster, method)
        if found is None or not price:
            return untaxed
        try:
            quote = found.quote(price, Buyer(declared=place))
        except (PlaceMissing, PlaceUnknown, PlaceTooWide):
            return untaxed
        return Taxed(price, quote.tax, quote.amount)

    def said(
        self,
        coming: Coming,
        price: Money,
        left: int | None,
        *,
        cluster: Cluster,
        method: Method,
        place: str,
    ) -> tuple[Taxed, str]:
        """Return what is taken for a price, and what for those after it, with an offer that is
        good for ``left`` of them. Most are asked for thousands of times."""
        months, full, cut = coming.anchor.months, coming.full, coming.cut
        key = (cluster.pk, method.value, place, price.minor, full.minor, full.currency, cut, left,
               months)  # fmt: skip
        if (said := self._said.get(key)) is None:
            on = partial(self.on, cluster=cluster, method=method, place=place)
            after = terms.after_words(
                full=on(full).total,
                cheaper=on(coming.reduced).total if cut else None,
                cheaper_for=left,
                months=months,
            )
            said = self._said[key] = on(price), after
        return said

    def _terms_of(self, cluster: Cluster, method: Method) -> Terms | None:
        key = (cluster.pk, method)
        if key not in self._terms:
            try:
                self._terms[key] = Terms(
                    cluster=cluster, kind=Kind.SUBSCRIPTION, method=method, at=self._at
                )
            except NoFee:
                self._terms[key] = None
        return self._terms[key]


def ahead(coming: Coming, taxes: Taxes, *, cluster: Cluster, method: Method, place: str) -> Ahead:
    """Return what is said of a charge to come."""
    charge, after = taxes.said(
        coming, coming.amount, coming.left, cluster=cluster, method=method, place=place
    )
    return Ahead(coming.term.begins, charge, coming.anchor.months, after)


def ahead_of_next(
    coming: Coming, taxes: Taxes, *, cluster: Cluster, method: Method, place: str
) -> Ahead | None:
    """Return what is said of the charge after it, once it is paid; None: none follows."""
    if coming.term.ends is None:
        return None
    charge, after = taxes.said(
        coming,
        coming.following,
        left_after(coming.left),
        cluster=cluster,
        method=method,
        place=place,
    )
    return Ahead(coming.term.ends, charge, coming.anchor.months, after)


def ahead_of(subscription: Subscription, taxes: Taxes) -> Ahead | None:
    """Return what is said of a subscription's next charge; None: nothing is charged again."""
    coming = coming_of(subscription)
    if coming is None:
        return None
    return ahead(
        coming,
        taxes,
        cluster=subscription.cluster,
        method=pays_by(subscription),
        place=subscription.buyer_country,
    )
