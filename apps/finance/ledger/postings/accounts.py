"""The accounts that the recipes move, by name."""

from __future__ import annotations

from functools import lru_cache

from apps.finance.ledger.postings.draft import AccountRef


@lru_cache(maxsize=4096)
def wallet(profile_id: int) -> AccountRef:
    """What the platform owes a fan on one brand."""
    return AccountRef("2000", f"profile:{profile_id}")


@lru_cache(maxsize=4096)
def creator_payable(profile_id: int) -> AccountRef:
    """What the platform owes a creator on one brand."""
    return AccountRef("2100", f"profile:{profile_id}")


@lru_cache(maxsize=64)
def processor_clearing(gateway: str) -> AccountRef:
    """Card money the processor took and has not yet settled."""
    return AccountRef("1100", f"processor:{gateway}")


@lru_cache(maxsize=64)
def rail_cash(rail: str) -> AccountRef:
    """Our money at a payout rail."""
    return AccountRef("1200", f"rail:{rail}")


PROCESSOR_FEES_PAYABLE = AccountRef("2200")
PAYOUTS_IN_TRANSIT = AccountRef("2300")
PLATFORM_REVENUE = AccountRef("4000")
PROCESSING_COSTS = AccountRef("5100")
PAYOUT_COSTS = AccountRef("5200")
