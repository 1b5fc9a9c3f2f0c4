"""The recipe of every business event: which accounts it moves. Pure; for accountants to read.

Signs: a movement is debit-positive; ``debit(...)`` and ``credit(...)`` write them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from apps.core.money import Money
from apps.finance.ledger.choices import EntryKind


@dataclass(frozen=True, slots=True)
class AccountRef:
    """An account by its chart code and owner: ``AccountRef("2100", "profile:17")``."""

    code: str
    owner: str = ""


def wallet(profile_id: int) -> AccountRef:
    """What the platform owes a fan on one brand."""
    return AccountRef("2000", f"profile:{profile_id}")


def creator_payable(profile_id: int) -> AccountRef:
    """What the platform owes a creator on one brand."""
    return AccountRef("2100", f"profile:{profile_id}")


def processor_clearing(gateway: str) -> AccountRef:
    """Card money the processor took and has not yet settled."""
    return AccountRef("1100", f"processor:{gateway}")


def rail_cash(rail: str) -> AccountRef:
    """Our money at a payout rail."""
    return AccountRef("1200", f"rail:{rail}")


PROCESSOR_FEES_PAYABLE = AccountRef("2200")
PAYOUTS_IN_TRANSIT = AccountRef("2300")
PLATFORM_REVENUE = AccountRef("4000")
PROCESSING_COSTS = AccountRef("5100")


@dataclass(frozen=True, slots=True)
class Movement:
    account: AccountRef
    amount: Money


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry not yet posted. ``source`` names the event, once and for ever."""

    kind: EntryKind
    source: str
    movements: tuple[Movement, ...]
    cluster: str = ""
    memo: str = ""
    effective_on: date | None = None


def debit(account: AccountRef, amount: Money) -> Movement:
    return Movement(account, amount)


def credit(account: AccountRef, amount: Money) -> Movement:
    return Movement(account, -amount)
