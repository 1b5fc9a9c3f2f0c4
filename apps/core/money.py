"""Exact money: an integer count of a currency's smallest unit, never a float."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from apps.core.errors import Invalid

#: Decimal places of one unit of each currency. ETH is kept in gwei so that it fits a BIGINT.
SCALES = {
    "USD": 2,
    "EUR": 2,
    "GBP": 2,
    "CAD": 2,
    "AUD": 2,
    "JPY": 0,
    "BTC": 8,
    "ETH": 9,
    "USDT": 6,
    "USDC": 6,
}


class CurrencyMismatch(Invalid):
    code = "money.currency_mismatch"
    message = "Amounts of two currencies cannot be combined."


class InexactAmount(Invalid):
    code = "money.inexact_amount"
    message = "The amount has more decimal places than its currency."


@dataclass(frozen=True, slots=True)
class Money:
    """``Money(1250, "USD")`` is twelve dollars and fifty cents."""

    minor: int
    currency: str

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(0, currency)

    @classmethod
    def of(cls, amount: Decimal | str, currency: str) -> Self:
        """Read an amount in whole units, as people and APIs write it.

        :raises InexactAmount: it has more places than the currency allows
        """
        scaled = Decimal(amount).scaleb(SCALES[currency])
        if scaled != scaled.to_integral_value():
            raise InexactAmount(amount=str(amount), currency=currency)
        return cls(int(scaled), currency)

    @property
    def decimal(self) -> Decimal:
        return Decimal(self.minor).scaleb(-SCALES[self.currency])

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Split without losing a cent: largest remainders get the spare units."""
        total = sum(weights)
        shares = [divmod(self.minor * weight, total) for weight in weights]
        spare = self.minor - sum(whole for whole, _ in shares)
        by_remainder = sorted(range(len(shares)), key=lambda i: (-shares[i][1], i))
        extra = set(by_remainder[:spare])
        return [Money(whole + (i in extra), self.currency) for i, (whole, _) in enumerate(shares)]

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.decimal} {self.currency}"

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(left=self.currency, right=other.currency)
        return other.minor
