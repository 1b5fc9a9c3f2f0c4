"""Creators are paid: reserve, settle, release, return.

Sending a payout to its rail posts nothing: our money is at the rail until the rail says paid.
"""

from __future__ import annotations

from apps.core.money import Money
from apps.finance.ledger import errors
from apps.finance.ledger.choices import Bearer, EntryKind
from apps.finance.ledger.postings.accounts import (
    OTHER_INCOME,
    PAYOUT_COSTS,
    PAYOUTS_IN_TRANSIT,
    creator_payable,
    rail_cash,
)
from apps.finance.ledger.postings.draft import Draft, credit, debit, draft_of
from apps.finance.ledger.postings.sale import check_not_negative


def payout_reserved(*, payout_id: int, creator_id: int, amount: Money, cluster: str) -> Draft:
    """Earnings become money on its way out; they cannot be asked for twice."""
    return draft_of(
        EntryKind.PAYOUT_RESERVED,
        f"payout:{payout_id}:reserved",
        cluster,
        debit(creator_payable(creator_id), amount),
        credit(PAYOUTS_IN_TRANSIT, amount),
    )


def payout_settled(
    *,
    payout_id: int,
    rail: str,
    amount: Money,
    rail_fee: Money,
    cluster: str,
    creator_fee: Money | None = None,
) -> Draft:
    """The rail paid the creator ``amount`` less ``creator_fee``, which is nothing by default.

    The rail's fee comes out of the creator's first. The platform bears what that does not cover;
    what it leaves over is income.

    :raises FeesExceedAmount: the creator's fee is more than the payout
    """
    nothing = Money.zero(amount.currency)
    charged = creator_fee or nothing
    check_not_negative(rail_fee=rail_fee, creator_fee=charged)
    if amount < charged:
        raise errors.FeesExceedAmount(amount=str(amount), fees=str(charged))
    return draft_of(
        EntryKind.PAYOUT_SETTLED,
        f"payout:{payout_id}:settled",
        cluster,
        debit(PAYOUTS_IN_TRANSIT, amount),
        debit(PAYOUT_COSTS, max(rail_fee - charged, nothing)),
        credit(rail_cash(rail), amount - charged + rail_fee),
        credit(OTHER_INCOME, max(charged - rail_fee, nothing)),
    )


def payout_released(*, payout_id: int, creator_id: int, amount: Money, cluster: str) -> Draft:
    """A payout that will not be sent (rejected, cancelled, failed) is earnings again."""
    return draft_of(
        EntryKind.PAYOUT_CANCELLED,
        f"payout:{payout_id}:released",
        cluster,
        debit(PAYOUTS_IN_TRANSIT, amount),
        credit(creator_payable(creator_id), amount),
    )


def payout_returned(
    *,
    payout_id: int,
    creator_id: int,
    rail: str,
    amount: Money,
    cluster: str,
    return_fee: Money | None = None,
    fee_borne_by: Bearer = Bearer.PLATFORM,
) -> Draft:
    """A settled payout came back: the money is at the rail, the debt to the creator is back.

    ``return_fee`` is what the rail kept of ``amount``, nothing by default.

    :raises FeesExceedAmount: it is more than the payout
    """
    nothing = Money.zero(amount.currency)
    kept = return_fee or nothing
    check_not_negative(return_fee=kept)
    if amount < kept:
        raise errors.FeesExceedAmount(amount=str(amount), fees=str(kept))
    cost = kept if fee_borne_by == Bearer.PLATFORM else nothing
    return draft_of(
        EntryKind.PAYOUT_RETURNED,
        f"payout:{payout_id}:returned",
        cluster,
        debit(rail_cash(rail), amount - kept),
        debit(PAYOUT_COSTS, cost),
        credit(creator_payable(creator_id), amount - kept + cost),
    )
