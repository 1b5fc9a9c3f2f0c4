"""Money of one currency becomes money of another, through the trading account."""

from __future__ import annotations

from datetime import date

from apps.core.money import Money
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.postings.draft import AccountRef, Draft, credit, debit, draft_of

#: Stands between two currencies, so that an entry is zero in each of them.
CURRENCY_TRADING = AccountRef("3900")
CURRENCY_GAINS = AccountRef("4200")
CURRENCY_LOSSES = AccountRef("5600")


def exchange(
    *,
    exchange_id: int,
    sold: Money,
    sold_from: AccountRef,
    bought: Money,
    bought_into: AccountRef,
    gain: Money,
    effective_on: date,
    actor_id: int | None = None,
    memo: str = "",
    cluster: str = "",
) -> Draft:
    """
    What is sold leaves its account for 3900, what is bought comes out of 3900 into its account.

    ``gain`` is in the functional currency, a loss below zero: it carries what a closed position
    has earned from 3900 to income or expense. What stays on 3900 in that currency is then exactly
    the cost of the positions that are open, and 3900 is zero in every currency when none is.
    """
    nothing = Money.zero(gain.currency)
    won, lost = max(gain, nothing), max(-gain, nothing)
    draft = draft_of(
        EntryKind.CURRENCY_EXCHANGED,
        f"exchange:{exchange_id}",
        cluster,
        debit(CURRENCY_TRADING, sold),
        credit(sold_from, sold),
        debit(bought_into, bought),
        credit(CURRENCY_TRADING, bought),
        debit(CURRENCY_TRADING, won),
        credit(CURRENCY_GAINS, won),
        debit(CURRENCY_LOSSES, lost),
        credit(CURRENCY_TRADING, lost),
    )
    return draft._replace(effective_on=effective_on, actor_id=actor_id, memo=memo)
