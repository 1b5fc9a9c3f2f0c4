"""Figures that only a page needs, put together from what lies below."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Sum

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.payouts import selectors as payouts
from apps.payouts.choices import Status
from apps.storefront.choices import CURRENCY


@dataclass(frozen=True, slots=True)
class Earnings:
    """What a creator earned on one brand, after fees, and where it is now."""

    available: Money
    pending: Money
    paid: Money

    @property
    def lifetime(self) -> Money:
        """All of it, wherever it is."""
        return self.available + self.pending + self.paid


def earnings_of(creator: Profile) -> Earnings:
    """Return a creator's figures: the balance, what is on its way, what was paid out."""
    paid = payouts.payouts_of(creator).filter(status=Status.PAID, currency=CURRENCY)
    total = paid.order_by().aggregate(total=Sum("amount_minor"))["total"]
    return Earnings(
        available=ledger.balance_of(postings.creator_payable(creator.pk), CURRENCY),
        pending=payouts.pending_total(creator, CURRENCY),
        paid=Money(total or 0, CURRENCY),
    )
