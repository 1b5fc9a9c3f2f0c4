"""What is held, and what is left to spend."""

from __future__ import annotations

from apps.core.db import prepared_rows
from apps.core.money import Money
from apps.finance.ledger.chart import CHART
from apps.finance.ledger.choices import Side
from apps.finance.ledger.models import Hold
from apps.finance.ledger.postings import AccountRef

_AVAILABLE = """
    SELECT coalesce(sum(b.debits_minor - b.credits_minor), 0)::bigint,
           coalesce(sum(b.held_minor), 0)::bigint
      FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
     WHERE a.code = %s AND a.owner = %s AND a.currency = %s
"""


def available_of(account: AccountRef, currency: str) -> Money:
    """Return what can be spent: posted minus held, positive on the account's normal side."""
    [(net, held)] = prepared_rows(_AVAILABLE, (account.code, account.owner, currency))
    debit = CHART[account.code].normal_side == Side.DEBIT
    return Money((net if debit else -net) - held, currency)


def holds_of(account: AccountRef, currency: str, *, limit: int = 50) -> list[Hold]:
    """Return the newest holds of an account, whatever became of them."""
    return list(
        Hold.objects.filter(
            account__code=account.code, account__owner=account.owner, account__currency=currency
        )
        .select_related("account")
        .order_by("-id")[:limit]
    )
