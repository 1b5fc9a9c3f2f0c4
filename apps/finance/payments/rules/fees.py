"""What a payment costs, and who bears it (PAY-2)."""

from __future__ import annotations

from dataclasses import dataclass

from apps.core.money import Money
from apps.finance.payments.choices import Kind
from apps.finance.tax.rules.due import TaxQuote, untaxed


@dataclass(frozen=True, slots=True)
class Rates:
    """Basis points of the amount, plus a fixed sum in the currency's smallest unit."""

    platform_bps: int
    processing_bps: int
    processing_fixed_minor: int


@dataclass(frozen=True, slots=True)
class Quote:
    """What a payment splits into; ``net`` reaches the payee, or the wallet of a deposit.

    ``amount`` is all that the payer pays. ``due`` is the tax in it, and how it comes about;
    ``proofs`` say what the payer's place is known from.
    """

    amount: Money
    platform_fee: Money
    processing_fee: Money
    net: Money
    due: TaxQuote
    proofs: tuple[str, ...] = ()

    @property
    def tax(self) -> Money:
        return self.due.tax

    @property
    def price(self) -> Money:
        return self.due.price

    @property
    def tax_place(self) -> str:
        return self.due.place


def split(
    *,
    kind: Kind,
    amount: Money,
    rates: Rates,
    due: TaxQuote | None = None,
    proofs: tuple[str, ...] = (),
) -> Quote:
    """
    Split ``amount`` exactly. Each fee is rounded half up to the smallest unit; fees together
    never exceed the amount. A deposit arrives whole: its processing is the platform's cost.

    Tax goes off first: the platform is the seller in the eyes of the law (EU: regulation 282/2011
    article 9a), so the tax is on all that the fan pays, and the platform's share is one of the net
    price. The processor takes its share of everything that is charged.
    """
    due = due or untaxed(amount)
    net = due.net.minor
    processing = min(
        net, due.gross.share_bps(rates.processing_bps).minor + rates.processing_fixed_minor
    )
    borne_by_payee = 0 if kind == Kind.WALLET_DEPOSIT else processing
    platform = min(net - borne_by_payee, due.net.share_bps(rates.platform_bps).minor)
    return Quote(
        amount=due.gross,
        platform_fee=Money(platform, amount.currency),
        processing_fee=Money(processing, amount.currency),
        net=Money(net - borne_by_payee - platform, amount.currency),
        due=due,
        proofs=proofs,
    )
