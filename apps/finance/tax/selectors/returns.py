"""The figures of a quarter's tax return."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Q, Sum

from apps.core.money import Money
from apps.finance.fx import errors as fx_errors
from apps.finance.fx import selectors as fx
from apps.finance.tax.models import TaxLine


class ReturnRow(NamedTuple):
    """One place, kind and rate, less what was refunded; ``sales`` counts the sales alone.

    ``in_euro`` is None where the rate of the last day is missing.
    """

    place: str
    kind: str
    percent: Decimal
    sales: int
    base: Money
    tax: Money
    in_euro: Money | None


def return_of(*, quarter: str) -> list[ReturnRow]:
    """Return a quarter's tax by place, kind, rate and currency.

    The one-stop shop is declared in euro at the ECB's rate of the last day of the period, or of
    the next day of publication (directive 2006/112/EC, article 369h). A weekend's last day takes
    the rate before it here; the adviser decides if the next one is to be used.
    """
    rows = (
        TaxLine.objects.filter(quarter=quarter)
        .values("place", "kind", "percent", "currency")
        .annotate(
            net=Sum("base_minor"),
            due=Sum("tax_minor"),
            sales=Count("id", filter=Q(base_minor__gt=0) & ~Q(source__endswith=":undone")),
        )
        .order_by("place", "kind", "percent", "currency")
    )
    last = last_day(quarter)
    return [
        ReturnRow(
            row["place"],
            row["kind"],
            row["percent"],
            row["sales"],
            Money(int(row["net"]), row["currency"]),
            tax := Money(int(row["due"]), row["currency"]),
            _in_euro(tax, last),
        )
        for row in rows
    ]


def quarter_of(day: date) -> str:
    """Return the quarter of a day, such as ``2026-Q1``."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def last_day(quarter: str) -> date:
    """Return the last day of ``2026-Q1``."""
    month = 3 * int(quarter[-1])
    return date(int(quarter[:4]), month, 31 if month in {3, 12} else 30)


def _in_euro(tax: Money, on: date) -> Money | None:
    try:
        return fx.convert(money=tax, to="EUR", on=on)
    except fx_errors.RateMissing:
        return None
