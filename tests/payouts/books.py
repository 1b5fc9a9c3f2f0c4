"""What the ledger shows of payouts, in dollars."""

from __future__ import annotations

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.ledger import postings, selectors
from apps.finance.ledger.postings import AccountRef


def dollars(amount: str) -> Money:
    return Money.of(amount, "USD")


def earnings(creator: Profile) -> Money:
    return selectors.balance_of(postings.creator_payable(creator.pk), "USD")


def in_transit() -> Money:
    return selectors.balance_of(postings.PAYOUTS_IN_TRANSIT, "USD")


def at_the_rail() -> Money:
    """Negative: what left by the rail, fees included, since none was put there."""
    return selectors.balance_of(postings.rail_cash("PAXUM"), "USD")


def costs() -> Money:
    return selectors.balance_of(AccountRef("5200"), "USD")


def balanced() -> bool:
    rows = selectors.trial_balance()
    return sum(row.debit_minor for row in rows) == sum(row.credit_minor for row in rows)
