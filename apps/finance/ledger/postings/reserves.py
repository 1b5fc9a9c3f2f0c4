"""Between a creator and the platform: fees, reserve, debt, tax withheld."""

from __future__ import annotations

from apps.core.money import Money
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.postings.accounts import (
    PLATFORM_REVENUE,
    creator_payable,
    creator_reserve,
    due_from_creator,
    tax_withheld,
)
from apps.finance.ledger.postings.draft import Draft, credit, debit, draft_of
from apps.finance.ledger.postings.sale import Funds, check_positive, taken_back


def platform_fee_charged(
    *,
    charge_id: int,
    creator_id: int,
    fee: Money,
    reason: str,
    cluster: str,
    funds: Funds | None = None,
) -> Draft:
    """A creator pays the platform for something outside a sale: promotion, a fast payout."""
    check_positive(fee=fee)
    draft = draft_of(
        EntryKind.PLATFORM_FEE,
        f"platform_charge:{charge_id}",
        cluster,
        *taken_back(creator_id, fee, funds),
        credit(PLATFORM_REVENUE, fee),
    )
    return draft._replace(memo=reason)


def reserve_held(*, reserve_id: int, creator_id: int, amount: Money, cluster: str) -> Draft:
    """A part of what a creator earned is kept back for some months against chargebacks."""
    check_positive(amount=amount)
    return draft_of(
        EntryKind.RESERVE_HELD,
        f"reserve:{reserve_id}:held",
        cluster,
        debit(creator_payable(creator_id), amount),
        credit(creator_reserve(creator_id), amount),
    )


def reserve_released(
    *, reserve_id: int, creator_id: int, amount: Money, cluster: str, release: int = 1
) -> Draft:
    """The months are over, or the case is won: it can be paid out. ``release`` counts parts."""
    check_positive(amount=amount)
    return draft_of(
        EntryKind.RESERVE_RELEASED,
        f"reserve:{reserve_id}:released:{release}",
        cluster,
        debit(creator_reserve(creator_id), amount),
        credit(creator_payable(creator_id), amount),
    )


def debt_recovered(
    *,
    recovery_id: int,
    creator_id: int,
    owed: Money,
    earned: Money,
    cluster: str,
) -> Draft:
    """Later earnings pay a creator's debt: the smaller of what is ``owed`` and ``earned``.

    :raises AmountOutOfRange: nothing is owed, or nothing is earned
    """
    check_positive(owed=owed, earned=earned)
    amount = min(owed, earned)
    return draft_of(
        EntryKind.DEBT_RECOVERED,
        f"recovery:{recovery_id}",
        cluster,
        debit(creator_payable(creator_id), amount),
        credit(due_from_creator(creator_id), amount),
    )


def tax_withheld_from(
    *, withholding_id: int, creator_id: int, place: str, amount: Money, cluster: str
) -> Draft:
    """Tax is kept out of earnings before they are paid: backup withholding without a valid form.

    US: 26 USC 3406, 24 % of what would be paid; the rate is the caller's.
    """
    check_positive(amount=amount)
    return draft_of(
        EntryKind.TAX_WITHHELD,
        f"withholding:{withholding_id}",
        cluster,
        debit(creator_payable(creator_id), amount),
        credit(tax_withheld(place), amount),
    )
