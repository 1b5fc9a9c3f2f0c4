"""The recipe of every business event: which accounts it moves. Pure; for accountants to read.

Signs: a movement is debit-positive; ``debit(...)`` and ``credit(...)`` write them. A movement of
nothing (a fee of zero) is left out. Every recipe has a worked example in
tests/finance/ledger/test_postings_examples.py.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import NamedTuple

from apps.core.money import Money
from apps.finance.ledger.choices import EntryKind


class AccountRef(NamedTuple):
    """An account by its chart code and owner: ``AccountRef("2100", "profile:17")``."""

    code: str
    owner: str = ""


class Movement(NamedTuple):
    """One line to be: debit-positive."""

    account: AccountRef
    amount: Money


class Draft(NamedTuple):
    """An entry not yet posted. ``source`` names the event, once and for ever.

    ``effective_on`` is the accounting date; without it the day of posting (UTC) counts.
    ``reverses`` is the id of the entry this one takes back, ``actor_id`` the member of staff.
    """

    kind: EntryKind
    source: str
    movements: tuple[Movement, ...]
    cluster: str = ""
    memo: str = ""
    effective_on: date | None = None
    reverses: int | None = None
    actor_id: int | None = None


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


def debit(account: AccountRef, amount: Money) -> Movement:
    return Movement(account, amount)


def credit(account: AccountRef, amount: Money) -> Movement:
    return Movement(account, -amount)


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
    return _draft(
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
    return _draft(
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
    return _draft(
        EntryKind.TIP_WALLET,
        f"transaction:{transaction_id}:captured",
        cluster,
        debit(wallet(fan_id), amount),
        credit(creator_payable(creator_id), amount - platform_fee),
        credit(PLATFORM_REVENUE, platform_fee),
    )


def payout_reserved(*, payout_id: int, creator_id: int, amount: Money, cluster: str) -> Draft:
    """Earnings become money on its way out; they cannot be asked for twice."""
    return _draft(
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
    return _draft(
        EntryKind.PAYOUT_SETTLED,
        f"payout:{payout_id}:settled",
        cluster,
        debit(PAYOUTS_IN_TRANSIT, amount),
        debit(PAYOUT_COSTS, rail_fee),
        credit(rail_cash(rail), amount + rail_fee),
    )


def payout_released(*, payout_id: int, creator_id: int, amount: Money, cluster: str) -> Draft:
    """A payout that will not be sent (rejected, cancelled, failed) is earnings again."""
    return _draft(
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
    return _draft(
        EntryKind.PAYOUT_RETURNED,
        f"payout:{payout_id}:returned",
        cluster,
        debit(rail_cash(rail), amount),
        credit(creator_payable(creator_id), amount),
    )


def _draft(kind: EntryKind, source: str, cluster: str, *movements: Movement) -> Draft:
    return Draft(kind, source, tuple([m for m in movements if m.amount.minor]), cluster)
