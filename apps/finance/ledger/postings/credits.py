"""Store credit, and wallet money nobody spends."""

from __future__ import annotations

from apps.core.money import Money
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.postings.accounts import BREAKAGE, PROMOTIONS, store_credit, wallet
from apps.finance.ledger.postings.draft import Draft, credit, debit, draft_of
from apps.finance.ledger.postings.sale import check_positive


def credit_granted(*, credit_id: int, fan_id: int, amount: Money, cluster: str) -> Draft:
    """The platform gives a fan something to spend; it is never paid out.

    It is used as the ``credit`` of a sale from the wallet.
    """
    check_positive(amount=amount)
    return draft_of(
        EntryKind.CREDIT_GRANTED,
        f"credit:{credit_id}:granted",
        cluster,
        debit(PROMOTIONS, amount),
        credit(store_credit(fan_id), amount),
    )


def credit_expired(*, credit_id: int, fan_id: int, amount: Money, cluster: str) -> Draft:
    """What was given and not used in time costs nothing after all."""
    check_positive(amount=amount)
    return draft_of(
        EntryKind.CREDIT_EXPIRED,
        f"credit:{credit_id}:expired",
        cluster,
        debit(store_credit(fan_id), amount),
        credit(PROMOTIONS, amount),
    )


def breakage(*, breakage_id: int, fan_id: int, amount: Money, cluster: str) -> Draft:
    """Stored value that a fan will not spend becomes income, where the law lets us keep it.

    Not where it must be handed to the state (escheat): that is a tax paid from the wallet's
    liability, by a manual adjustment. Method: IFRS 15 B44 to B47, ASC 606-10-55-46 to 49.
    """
    check_positive(amount=amount)
    return draft_of(
        EntryKind.BREAKAGE,
        f"breakage:{breakage_id}",
        cluster,
        debit(wallet(fan_id), amount),
        credit(BREAKAGE, amount),
    )
