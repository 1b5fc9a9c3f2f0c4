"""What a payment would cost."""

from __future__ import annotations

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
    product = SOLD.get(kind)
    if product is None or not tax.collects_tax(cluster=cluster, at=at):
        return fees.split(kind=kind, amount=amount, rates=row.rates)
    place = tax.place_of(buyer or tax.Buyer())
    due = tax.tax_on(
        amount=amount, place=place.code, product=product, on=at.astimezone(UTC).date()
    )
    return fees.split(kind=kind, amount=amount, rates=row.rates, due=due, proofs=place.proofs)
