"""What the trading account holds, and whether it agrees with the books."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from apps.core.money import SCALES, Money
from apps.finance.fx import errors
from apps.finance.fx.choices import FUNCTIONAL
from apps.finance.fx.models import CurrencyPosition
from apps.finance.fx.selectors.rates import convert
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors


class PositionRow(NamedTuple):
    """``worth`` is what it would bring at the day's rate, None without one; ``unrealised`` is
    that less the cost. Nothing unrealised is in the books: reports translate at closing rates.
    """

    currency: str
    quantity: Money
    cost: Money
    worth: Money | None

    @property
    def unrealised(self) -> Money | None:
        return None if self.worth is None else self.worth - self.cost


def positions(*, on: date) -> list[PositionRow]:
    """Return every currency ever exchanged, with its worth at the rate of a day."""
    return [
        PositionRow(row.currency, row.quantity, row.cost, _worth(row.quantity, on))
        for row in CurrencyPosition.objects.order_by("currency")
    ]


def position_findings() -> list[str]:
    """Compare positions with account 3900; an empty list means that they agree.

    The account is credited with what is bought, so a long position is a credit balance.
    """
    rows = {row.currency: row for row in CurrencyPosition.objects.all()}
    findings = []
    for currency in sorted(SCALES):
        if currency == FUNCTIONAL:
            continue
        booked = ledger_selectors.balance_of(postings.CURRENCY_TRADING, currency).minor
        kept = rows[currency].quantity_minor if currency in rows else 0
        if booked != kept:
            findings.append(f"{currency}: position {kept}, account 3900 {booked}")
    cost = sum(row.cost_minor for row in rows.values())
    booked = -ledger_selectors.balance_of(postings.CURRENCY_TRADING, FUNCTIONAL).minor
    if booked != cost:
        findings.append(f"{FUNCTIONAL}: costs {cost}, account 3900 {booked}")
    return findings


def _worth(quantity: Money, on: date) -> Money | None:
    try:
        return convert(money=quantity, to=FUNCTIONAL, on=on)
    except errors.RateMissing:
        return None
