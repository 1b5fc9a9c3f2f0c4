"""The accounts that the recipes move, by name."""

from __future__ import annotations

from functools import lru_cache

from apps.finance.ledger.postings.draft import AccountRef


@lru_cache(maxsize=4096)
def wallet(profile_id: int) -> AccountRef:
    """What the platform owes a fan on one brand."""
    return AccountRef("2000", f"profile:{profile_id}")


@lru_cache(maxsize=4096)
def store_credit(profile_id: int) -> AccountRef:
    """What the platform gave a fan to spend on one brand; never paid out."""
    return AccountRef("2050", f"profile:{profile_id}")


@lru_cache(maxsize=4096)
def creator_payable(profile_id: int) -> AccountRef:
    """What the platform owes a creator on one brand."""
    return AccountRef("2100", f"profile:{profile_id}")


@lru_cache(maxsize=4096)
def creator_reserve(profile_id: int) -> AccountRef:
    """What the platform owes a creator later, kept back against refunds and chargebacks."""
    return AccountRef("2150", f"profile:{profile_id}")


@lru_cache(maxsize=4096)
def due_from_creator(profile_id: int) -> AccountRef:
    """What a creator owes the platform, to be recovered from later earnings."""
    return AccountRef("1300", f"profile:{profile_id}")


@lru_cache(maxsize=64)
def cash(bank: str) -> AccountRef:
    """Our money at a bank."""
    return AccountRef("1000", f"bank:{bank}")


@lru_cache(maxsize=64)
def processor_clearing(gateway: str) -> AccountRef:
    """Card money the processor took and has not yet settled."""
    return AccountRef("1100", f"processor:{gateway}")


@lru_cache(maxsize=64)
def processor_reserve(gateway: str) -> AccountRef:
    """Settled card money the processor keeps back for some months."""
    return AccountRef("1150", f"processor:{gateway}")


@lru_cache(maxsize=64)
def disputed(gateway: str) -> AccountRef:
    """Card money the processor took away for a chargeback that is not decided."""
    return AccountRef("1400", f"processor:{gateway}")


@lru_cache(maxsize=64)
def rail_cash(rail: str) -> AccountRef:
    """Our money at a payout rail."""
    return AccountRef("1200", f"rail:{rail}")


@lru_cache(maxsize=256)
def sales_tax(place: str) -> AccountRef:
    """Tax collected on sales to a place: ``DE``, ``US-CA``."""
    return AccountRef("2400", f"tax:{place}")


@lru_cache(maxsize=64)
def tax_withheld(place: str) -> AccountRef:
    """Tax kept out of creators' earnings for a place's revenue service."""
    return AccountRef("2450", f"tax:{place}")


EQUIPMENT = AccountRef("1500")
PROCESSOR_FEES_PAYABLE = AccountRef("2200")
PAYOUTS_IN_TRANSIT = AccountRef("2300")
LOANS = AccountRef("2600")
SUSPENSE = AccountRef("2900")
OWNERS_EQUITY = AccountRef("3000")
RETAINED_EARNINGS = AccountRef("3100")
PLATFORM_REVENUE = AccountRef("4000")
BREAKAGE = AccountRef("4100")
OTHER_INCOME = AccountRef("4900")
PROCESSING_COSTS = AccountRef("5100")
PAYOUT_COSTS = AccountRef("5200")
CHARGEBACK_FEES = AccountRef("5300")
CHARGEBACK_LOSSES = AccountRef("5310")
PROMOTIONS = AccountRef("5400")
WRITE_OFFS = AccountRef("5500")
OTHER_EXPENSES = AccountRef("5900")
