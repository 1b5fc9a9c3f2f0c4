"""Keep what tax was due on a sale that is booked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.tax.models import TaxLine
from apps.finance.tax.rules.places import agree
from apps.finance.tax.selectors.returns import quarter_of


class SoldLine(NamedTuple):
    """One tax of a sale, as it was quoted when the payment began."""

    rate_id: int
    place: str
    kind: str
    percent: Decimal
    base: Money
    tax: Money


class Sale(NamedTuple):
    """A sale with its taxes, and what the buyer's place is known from."""

    source: str
    cluster: str
    lines: Sequence[SoldLine]
    proofs: Sequence[str]


@joins_transaction
def record_sale(
    *,
    source: str,
    cluster: str,
    lines: Sequence[SoldLine],
    proofs: Sequence[str],
    sold_at: datetime,
) -> None:
    """Write the tax lines of a sale, in the transaction that books it. Without tax, nothing."""
    record_sales([Sale(source, cluster, lines, proofs)], sold_at=sold_at)


@joins_transaction
def record_sales(sales: Sequence[Sale], *, sold_at: datetime) -> None:
    """Write the tax lines of many sales at once, in the transaction that books them."""
    day = sold_at.astimezone(UTC).date()
    TaxLine.objects.bulk_create([
        TaxLine(
            source=sale.source,
            cluster=sale.cluster,
            place=line.place,
            kind=line.kind,
            rate_id=line.rate_id,
            percent=line.percent,
            base_minor=line.base.minor,
            tax_minor=line.tax.minor,
            currency=line.tax.currency,
            proofs=list(sale.proofs),
            proofs_agree=agree(tuple(sale.proofs)),
            sold_on=day,
            quarter=quarter_of(day),
            recorded_at=sold_at,
        )
        for sale in sales
        for line in sale.lines
    ])  # fmt: skip


@joins_transaction
def record_taken_back(
    *,
    source: str,
    cluster: str,
    lines: Sequence[SoldLine],
    proofs: Sequence[str],
    at: datetime,
) -> None:
    """Write the tax that goes back with a sale, in the transaction that books it.

    ``lines`` hold what goes back, above zero; they are kept below zero, in the quarter in which
    it happens: the base is reduced when the refund is made (directive 2006/112/EC, article 90).
    Amounts below zero undo such lines again. Lines of nothing are left out.
    """
    record_sale(
        source=source,
        cluster=cluster,
        lines=[
            line._replace(base=-line.base, tax=-line.tax)
            for line in lines
            if line.base or line.tax
        ],
        proofs=proofs,
        sold_at=at,
    )
