"""What a payment would cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db.models import F, Q

from apps.core.money import Money
from apps.finance.payments import errors
from apps.finance.payments.choices import Kind, Method
from apps.finance.payments.models import FeeSchedule
from apps.finance.payments.rules import fees
from apps.finance.tax import selectors as tax
from apps.finance.tax.choices import Product

if TYPE_CHECKING:
    from apps.clusters.models import Cluster


#: What a kind of payment sells, as tax tells it apart. A deposit sells nothing yet: a wallet is a
#: voucher for many things, and tax is due when it is spent (directive (EU) 2016/1065).
#: Access to content for a time, a piece of it or a message is an electronic service (regulation
#: 282/2011 article 7 with directive 2006/112/EC annex II).
SOLD = {
    Kind.TIP: Product.TIP,
    Kind.SUBSCRIPTION: Product.DIGITAL,
    Kind.CONTENT: Product.DIGITAL,
    Kind.MESSAGE: Product.DIGITAL,
}


def quote(
    *,
    cluster: Cluster,
    kind: Kind,
    method: Method,
    amount: Money,
    at: datetime,
    buyer: tax.Buyer | None = None,
) -> fees.Quote:
    """
    Split ``amount`` by the rates in force at ``at``: the brand's own before everyone's.

    On a brand that collects tax, a sale has the tax of the buyer's place in it or on top of it.

    :raises NoFee: no rates are set
    :raises PlaceMissing, PlaceUnknown, PlaceTooWide: the brand collects tax, and nobody can tell
        which
    """
    terms = Terms(cluster=cluster, kind=kind, method=method, at=at)
    return terms.quote(amount, buyer or tax.Buyer())


class Terms:
    """What sales of a kind cost on a brand at a moment, and what tax they have: read once, for as
    many quotes as there are.

    :raises NoFee: no rates are set
    """

    def __init__(self, *, cluster: Cluster, kind: Kind, method: Method, at: datetime) -> None:
        self._kind = kind
        self._rates = _rates_of(cluster, kind, method, at)
        product = SOLD.get(kind)
        taxed = product is not None and tax.collects_tax(cluster=cluster, at=at)
        self._product = product if taxed else None
        self._day = at.astimezone(UTC).date()
        self._by_place: dict[str, list[tax.Applicable]] = {}

    def quote(self, amount: Money, buyer: tax.Buyer) -> fees.Quote:
        """
        Split ``amount``.

        :raises PlaceMissing, PlaceUnknown, PlaceTooWide: there is tax, and nobody can tell which
        """
        if self._product is None:
            return fees.split(kind=self._kind, amount=amount, rates=self._rates)
        place = tax.place_of(buyer)
        due = tax.due_on(amount, place=place.code, rates=self._taxes_at(place.code, self._product))
        return fees.split(
            kind=self._kind, amount=amount, rates=self._rates, due=due, proofs=place.proofs
        )

    def quote_of_whole(self, amount: Money, buyer: tax.Buyer) -> fees.Quote:
        """
        Split what was charged already, all taxes in it: one that comes on top of prices was in
        the amount that the payer was told.

        :raises PlaceMissing, PlaceUnknown, PlaceTooWide: there is tax, and nobody can tell which
        """
        if self._product is None:
            return fees.split(kind=self._kind, amount=amount, rates=self._rates)
        place = tax.place_of(buyer)
        taxes = self._taxes_at(place.code, self._product)
        inside = [replace(rate, is_inclusive=True) for rate in taxes]
        due = tax.due_on(amount, place=place.code, rates=inside)
        return fees.split(
            kind=self._kind, amount=amount, rates=self._rates, due=due, proofs=place.proofs
        )

    def untaxed(self, amount: Money) -> fees.Quote:
        """Split an amount whose tax nobody can tell."""
        return fees.split(kind=self._kind, amount=amount, rates=self._rates)

    def _taxes_at(self, place: str, product: Product) -> list[tax.Applicable]:
        if place not in self._by_place:
            self._by_place[place] = tax.rates_for(place=place, product=product, on=self._day)
        return self._by_place[place]


def _rates_of(cluster: Cluster, kind: Kind, method: Method, at: datetime) -> fees.Rates:
    row = (
        FeeSchedule.objects.filter(
            Q(cluster=cluster.pk) | Q(cluster__isnull=True),
            kind=kind,
            method=method,
            effective_from__lte=at,
        )
        .order_by(F("cluster").asc(nulls_last=True), "-effective_from", "-id")
        .first()
    )
    if row is None:
        raise errors.NoFee(kind=str(kind), method=str(method))
    return row.rates
