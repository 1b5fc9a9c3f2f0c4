"""Fans pay: deposits and tips."""

from __future__ import annotations

from apps.core.money import Money
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.postings.accounts import (
    PLATFORM_REVENUE,
    PROCESSING_COSTS,
    PROCESSOR_FEES_PAYABLE,
    creator_payable,
    processor_clearing,
    wallet,
)
from apps.finance.ledger.postings.draft import Draft, credit, debit, draft_of


def wallet_deposit(
    *,
    transaction_id: int,
    fan_id: int,
    gateway: str,
    amount: Money,
    processing_fee: Money,
    cluster: str,
) -> Draft:
    """A fan buys stored value by card. The platform bears the processor's fee."""
    return draft_of(
        EntryKind.WALLET_DEPOSIT,
        f"transaction:{transaction_id}:captured",
        cluster,
        debit(processor_clearing(gateway), amount),
        credit(wallet(fan_id), amount),
        debit(PROCESSING_COSTS, processing_fee),
        credit(PROCESSOR_FEES_PAYABLE, processing_fee),
    )


def tip_by_card(
    *,
    transaction_id: int,
    creator_id: int,
    gateway: str,
    amount: Money,
    platform_fee: Money,
    processing_fee: Money,
    cluster: str,
) -> Draft:
    """A card pays a creator: the platform and the processor keep their fees out of the tip."""
    return draft_of(
        EntryKind.TIP_CARD,
        f"transaction:{transaction_id}:captured",
        cluster,
        debit(processor_clearing(gateway), amount),
        credit(creator_payable(creator_id), amount - platform_fee - processing_fee),
        credit(PLATFORM_REVENUE, platform_fee),
        credit(PROCESSOR_FEES_PAYABLE, processing_fee),
    )


def tip_from_wallet(
    *,
    transaction_id: int,
    fan_id: int,
    creator_id: int,
    amount: Money,
    platform_fee: Money,
    cluster: str,
) -> Draft:
    """Stored value becomes a creator's earnings, less the platform's fee."""
    return draft_of(
        EntryKind.TIP_WALLET,
        f"transaction:{transaction_id}:captured",
        cluster,
        debit(wallet(fan_id), amount),
        credit(creator_payable(creator_id), amount - platform_fee),
        credit(PLATFORM_REVENUE, platform_fee),
    )
