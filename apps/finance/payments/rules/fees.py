"""What a payment costs, and who bears it (PAY-2)."""

from __future__ import annotations

from dataclasses import dataclass

from apps.core.money import Money
from apps.finance.payments.choices import Kind


@dataclass(frozen=True, slots=True)
class Rates:
    """Basis points of the amount, plus a fixed sum in the currency's smallest unit."""

    platform_bps: int
    processing_bps: int
    processing_fixed_minor: int


@dataclass(frozen=True, slots=True)
class Quote:
    """What a payment splits into; ``net`` reaches the payee, or the wallet of a deposit."""

    amount: Money
    platform_fee: Money
    processing_fee: Money
    net: Money


def split(*, kind: Kind, amount: Money, rates: Rates) -> Quote:
    """
    Split ``amount`` exactly. Each fee is rounded half up to the smallest unit; fees together
    never exceed the amount. A deposit arrives whole: its processing is the platform's cost.
    """
    processing = min(
        amount.minor, amount.share_bps(rates.processing_bps).minor + rates.processing_fixed_minor
    )
    borne_by_payee = 0 if kind == Kind.WALLET_DEPOSIT else processing
    platform = min(amount.minor - borne_by_payee, amount.share_bps(rates.platform_bps).minor)
    return Quote(
        amount=amount,
        platform_fee=Money(platform, amount.currency),
        processing_fee=Money(processing, amount.currency),
        net=Money(amount.minor - borne_by_payee - platform, amount.currency),
    )
