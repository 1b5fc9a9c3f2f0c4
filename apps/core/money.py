"""Exact money: an integer count of a currency's smallest unit, never a float."""

from __future__ import annotations

import re
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


#: What stands before the figure; other currencies have their code after it.
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "CAD": "CA$", "AUD": "A$", "JPY": "¥"}
#: The sign of typographers, as wide as a plus, which no line break parts from its figure.
MINUS = "\N{MINUS SIGN}"

#: The range of a PostgreSQL BIGINT.
LEAST_MINOR, MOST_MINOR = -(2**63), 2**63 - 1
BPS_WHOLE = 10_000
#: Plain ASCII digits: no exponent, no signs but a minus, no other script's digits, no blanks.
_WRITTEN = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,18})?", re.ASCII)


class CurrencyMismatch(Invalid):
    code = "money.currency_mismatch"
    message = "Amounts of two currencies cannot be combined."


class UnknownCurrency(Invalid):
    code = "money.unknown_currency"
    message = "This currency is not known here."


class NotAnAmount(Invalid):
    code = "money.not_an_amount"
    message = 'Write the amount as text, in digits: "25.00".'


class InexactAmount(Invalid):
    code = "money.inexact_amount"
    message = "The amount has more decimal places than its currency."


class AmountTooLarge(Invalid):
    code = "money.amount_too_large"
    message = "The amount is larger than can be kept."


@dataclass(frozen=True, slots=True, init=False)
class Money:
    """``Money(1250, "USD")`` is twelve dollars and fifty cents."""

    minor: int
    currency: str

    def __init__(self, minor: int, currency: str) -> None:
        # As the generated one does, a third faster: a posting makes a dozen of these.
        _set_minor(self, minor)
        _set_currency(self, currency)

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(0, currency)

    @classmethod
    def of(cls, amount: object, currency: object) -> Self:
        """Read an amount in whole units, as people and APIs write it.

        :raises UnknownCurrency: no scale is known for it
        :raises NotAnAmount: neither plain text nor a finite Decimal (a float, "1e30", "NaN")
        :raises InexactAmount: it has more places than the currency allows
        :raises AmountTooLarge: its smallest units do not fit a BIGINT
        """
        if not isinstance(currency, str) or currency not in SCALES:
            raise UnknownCurrency(currency=str(currency)[:20])
        if isinstance(amount, str) and not _WRITTEN.fullmatch(amount):
            raise NotAnAmount(amount=amount[:40])
        if not isinstance(amount, str | Decimal):
            raise NotAnAmount(amount=str(amount)[:40])
        return cls(_minor_units(Decimal(amount), currency), currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in whole units, exact, with all places of its currency."""
        return Decimal(self.minor).scaleb(-SCALES[self.currency])

    @property
    def formatted(self) -> str:
        """``$1,250.00`` or ``0.00000001 BTC``, for people; a minus sign stands before all."""
        sign = MINUS if self.minor < 0 else ""
        figure = f"{abs(self.decimal):,.{SCALES[self.currency]}f}"
        symbol = SYMBOLS.get(self.currency)
        return f"{sign}{symbol}{figure}" if symbol else f"{sign}{figure} {self.currency}"

    def share_bps(self, bps: int) -> Money:
        """Return ``bps`` ten-thousandths, rounded to the nearest unit; a half goes up in size.

        Up in size means away from zero, so a refund's share mirrors that of its payment:
        ``(-m).share_bps(b) == -(m.share_bps(b))``.
        """
        if bps < 0:
            raise ValueError("a share is not negative")
        units = (abs(self.minor) * bps + BPS_WHOLE // 2) // BPS_WHOLE
        return Money(units if self.minor >= 0 else -units, self.currency)

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Split without losing a cent: largest remainders get the spare units.

        Weights are zero or more, and not all zero. The first of equal remainders goes first.
        """
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError("weights must be zero or more, and one of them more")
        shares = [divmod(self.minor * weight, total) for weight in weights]
        spare = self.minor - sum(whole for whole, _ in shares)
        by_remainder = sorted(range(len(shares)), key=lambda i: (-shares[i][1], i))
        extra = set(by_remainder[:spare])
        return [Money(whole + (i in extra), self.currency) for i, (whole, _) in enumerate(shares)]

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise CurrencyMismatch(left=self.currency, right=other.currency)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise CurrencyMismatch(left=self.currency, right=other.currency)
        return Money(self.minor - other.minor, self.currency)

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


_set_minor = Money.__dict__["minor"].__set__
_set_currency = Money.__dict__["currency"].__set__


def _minor_units(amount: Decimal, currency: str) -> int:
    """Scale exactly, in integers; ``adjusted`` comes first, as 1e999999 would fill the memory."""
    scale = SCALES[currency]
    if not amount.is_finite():
        raise NotAnAmount(amount=str(amount))
    if not amount:
        return 0
    if amount.adjusted() + scale >= len(str(MOST_MINOR)):
        raise AmountTooLarge(currency=currency)
    sign, digits, exponent = amount.as_tuple()
    shift = int(exponent) + scale
    whole = int("".join(map(str, digits)))
    rest = 0
    if shift >= 0:
        units = int(f"{whole}{'0' * shift}")
    elif -shift < len(digits):
        units, rest = divmod(whole, int("1" + "0" * -shift))
    else:  # a coefficient shorter than the shift is a fraction of a unit
        units, rest = 0, 1
    if rest:
        raise InexactAmount(amount=str(amount)[:40], currency=currency)
    signed = -units if sign else units
    if not LEAST_MINOR <= signed <= MOST_MINOR:
        raise AmountTooLarge(currency=currency)
    return signed
