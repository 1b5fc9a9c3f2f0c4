"""The recipe of every business event: which accounts it moves. Pure; for accountants to read.

Signs: a movement is debit-positive; ``debit(...)`` and ``credit(...)`` write them. A movement of
nothing (a fee of zero) is left out. Every recipe has a worked example in
tests/finance/ledger/test_postings_examples.py.
"""

from apps.finance.ledger.postings.accounts import (
    PAYOUT_COSTS,
    PAYOUTS_IN_TRANSIT,
    PLATFORM_REVENUE,
    PROCESSING_COSTS,
    PROCESSOR_FEES_PAYABLE,
    creator_payable,
    processor_clearing,
    rail_cash,
    wallet,
)
from apps.finance.ledger.postings.draft import AccountRef, Draft, Movement, credit, debit, draft_of
from apps.finance.ledger.postings.fx import (
    CURRENCY_GAINS,
    CURRENCY_LOSSES,
    CURRENCY_TRADING,
    exchange,
)
from apps.finance.ledger.postings.payouts import (
    payout_released,
    payout_reserved,
    payout_returned,
    payout_settled,
)
from apps.finance.ledger.postings.sales import tip_by_card, tip_from_wallet, wallet_deposit

__all__ = [
    "CURRENCY_GAINS",
    "CURRENCY_LOSSES",
    "CURRENCY_TRADING",
    "PAYOUTS_IN_TRANSIT",
    "PAYOUT_COSTS",
    "PLATFORM_REVENUE",
    "PROCESSING_COSTS",
    "PROCESSOR_FEES_PAYABLE",
    "AccountRef",
    "Draft",
    "Movement",
    "creator_payable",
    "credit",
    "debit",
    "draft_of",
    "exchange",
    "payout_released",
    "payout_reserved",
    "payout_returned",
    "payout_settled",
    "processor_clearing",
    "rail_cash",
    "tip_by_card",
    "tip_from_wallet",
    "wallet",
    "wallet_deposit",
]
