"""Creators are paid: reserve, settle, release, return."""

from __future__ import annotations

from apps.core.money import Money
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.postings.accounts import (
    PAYOUT_COSTS,
    PAYOUTS_IN_TRANSIT,
    creator_payable,
    rail_cash,
)
from apps.finance.ledger.postings.draft import Draft, credit, debit, draft_of


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
    *, payout_id: int, rail: str, amount: Money, rail_fee: Money, cluster: str
) -> Draft:
    """The rail paid the creator in full; the platform bears the rail's fee."""
    return draft_of(
        EntryKind.PAYOUT_SETTLED,
        f"payout:{payout_id}:settled",
        cluster,
        debit(PAYOUTS_IN_TRANSIT, amount),
        debit(PAYOUT_COSTS, rail_fee),
        credit(rail_cash(rail), amount + rail_fee),
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
    *, payout_id: int, creator_id: int, rail: str, amount: Money, cluster: str
) -> Draft:
    """A settled payout came back: the money is at the rail, the debt to the creator is back."""
    return draft_of(
        EntryKind.PAYOUT_RETURNED,
        f"payout:{payout_id}:returned",
        cluster,
        debit(rail_cash(rail), amount),
        credit(creator_payable(creator_id), amount),
    )
