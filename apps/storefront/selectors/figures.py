"""A creator's figures, and what the lines of a statement were."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Sum

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import selectors as payments
from apps.payouts import selectors as payouts
from apps.payouts.choices import Status
from apps.storefront.choices import CURRENCY

if TYPE_CHECKING:
    from apps.finance.payments.models import Transaction

#: How the books name a captured payment (payments.models.Transaction.source).
_PAYMENT = re.compile(r"transaction:(\d+):captured")


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


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A change of a creator's balance; ``tip`` is the payment that made it, if one did."""

    entry: ledger.StatementRow
    tip: Transaction | None


def statement_lines(
    creator: Profile, entries: Sequence[ledger.StatementRow]
) -> list[StatementLine]:
    """Put each tip's payment beside its line of the books, in one query for all."""
    ids = {
        entry.entry_id: int(found[1])
        for entry in entries
        if (found := _PAYMENT.fullmatch(entry.source))
    }
    tips = payments.transactions_of(creator).filter(payee=creator).in_bulk(list(ids.values()))
    return [
        StatementLine(entry, tips.get(ids[entry.entry_id]) if entry.entry_id in ids else None)
        for entry in entries
    ]
