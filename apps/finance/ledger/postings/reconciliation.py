"""What another party's statement shows otherwise than the books."""

from __future__ import annotations

from datetime import date

from apps.core.money import Money
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.postings.draft import AccountRef, Draft, credit, debit, draft_of


def difference_posted(
    *,
    exception_id: int,
    account: AccountRef,
    counter: AccountRef,
    difference: Money,
    effective_on: date,
    actor_id: int,
    memo: str = "",
) -> Draft:
    """
    The books of ``account`` follow its statement: by ``difference`` up, or down if below zero.

    ``counter`` takes the other side: a cost (5100, 5200, 5500, 5900), other income (4900), or
    suspense (2900) until it is known what it is.
    """
    draft = draft_of(
        EntryKind.RECONCILED,
        f"reconciliation:{exception_id}",
        "",
        *(
            (debit(account, difference), credit(counter, difference))
            if difference.minor > 0
            else (debit(counter, -difference), credit(account, -difference))
        ),
    )
    return draft._replace(effective_on=effective_on, actor_id=actor_id, memo=memo)
