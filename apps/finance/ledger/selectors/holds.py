"""What is held, and what is left to spend."""

from __future__ import annotations

from collections.abc import Sequence

from apps.core.db import Texts, prepared_rows
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


_AVAILABLE_MANY = """
    SELECT w.i::int, sum(b.debits_minor - b.credits_minor)::bigint, sum(b.held_minor)::bigint
      FROM unnest(%s::text[], %s::text[], %s::text[]) WITH ORDINALITY w(code, owner, currency, i)
      JOIN ledger_account a ON a.code = w.code AND a.owner = w.owner AND a.currency = w.currency
      JOIN ledger_balance b ON b.account_id = a.id
     GROUP BY w.i
"""


def available_of_many(accounts: Sequence[tuple[AccountRef, str]]) -> list[int]:
    """Return, in one query, what can be spent of each account in a currency, in its smallest unit.

    In the order given. Nothing is locked: only a posting says whether it is still there.
    """
    left = [0] * len(accounts)
    rows = prepared_rows(
        _AVAILABLE_MANY,
        (
            Texts([ref.code for ref, _ in accounts]),
            Texts([ref.owner for ref, _ in accounts]),
            Texts([currency for _, currency in accounts]),
        ),
    )
    for i, net, held in rows:
        debit = CHART[accounts[i - 1][0].code].normal_side == Side.DEBIT
        left[i - 1] = (net if debit else -net) - held
    return left


def holds_of(account: AccountRef, currency: str, *, limit: int = 50) -> list[Hold]:
    """Return the newest holds of an account, whatever became of them."""
    return list(
        Hold.objects.filter(
            account__code=account.code, account__owner=account.owner, account__currency=currency
        )
        .select_related("account")
        .order_by("-id")[:limit]
    )
