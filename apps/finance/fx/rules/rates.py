"""Rates as exact fractions: crossed, turned round and applied with one rounding at the end."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from apps.core.money import LEAST_MINOR, MOST_MINOR, SCALES, AmountTooLarge, Money, UnknownCurrency
from apps.finance.fx import errors
from apps.finance.fx.choices import CRYPTO, CRYPTO_AGE, FIAT_AGE, MOST_DEVIATION_BPS, RANK

#: numeric(36, 18) in the database.
WHOLE_DIGITS, PLACES = 18, 18
_BPS = 10_000
#: So near to the inverse of the last rate a new one was written the wrong way round, if it also
#: is further from the last one than a currency moves in days.
TURNED_BPS, MOST_OF_A_DAY_BPS = 300, 500


@dataclass(frozen=True, slots=True)
class Leg:
    """One published rate: a unit of ``base`` costs ``rate`` units of ``quote``."""

    base: str
    quote: str
    on: date
    rate: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class Rate:
    """How many units of ``quote`` one unit of ``base`` is worth on a day, and where from.

    ``ratio`` is exact. ``legs`` are the published rates it is made of, each with its own day:
    on a Sunday that is Friday's. A currency against itself has none. An average names no legs but
    the number of ``days`` it is made of.
    """

    base: str
    quote: str
    on: date
    ratio: Fraction
    legs: tuple[Leg, ...] = ()
    days: int = 1

    @property
    def published_on(self) -> date:
        """The day of the oldest published rate in it."""
        return min((leg.on for leg in self.legs), default=self.on)

    @property
    def age_days(self) -> int:
        return (self.on - self.published_on).days

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(leg.source for leg in self.legs))

    def decimal(self, places: int = 10) -> Decimal:
        """Return the ratio for people, rounded half up; arithmetic uses ``ratio``."""
        return Decimal(_round(self.ratio * 10**places)).scaleb(-places)

    def apply(self, money: Money) -> Money:
        """Convert an amount of ``base``: one rounding, half away from zero, to the smallest unit.

        Away from zero, so that a refund converts to exactly what its payment did.

        :raises AmountTooLarge: the result does not fit a BIGINT
        """
        if money.currency != self.base:
            raise ValueError(f"a rate of {self.base} cannot convert {money.currency}")
        scale = Fraction(10) ** (SCALES[self.quote] - SCALES[self.base])
        minor = _round(money.minor * self.ratio * scale)
        if not LEAST_MINOR <= minor <= MOST_MINOR:
            raise AmountTooLarge(currency=self.quote)
        return Money(minor, self.quote)


def check_pair(base: str, quote: str) -> None:
    """
    :raises UnknownCurrency: the platform has no such currency
    :raises SameCurrency: both are the same
    :raises WrongWayRound: the pair is kept as quote/base
    """
    for currency in (base, quote):
        if currency not in RANK:
            raise UnknownCurrency(currency=currency[:20])
    if base == quote:
        raise errors.SameCurrency(currency=base)
    if (base, quote) != ordered(base, quote):
        raise errors.WrongWayRound(pair=f"{quote}/{base}")


def check_rate(rate: Decimal) -> None:
    """
    :raises RateNotPositive: zero, negative, not finite, or more digits than are kept
    """
    if not rate.is_finite() or rate <= 0:
        raise errors.RateNotPositive(rate=str(rate)[:40])
    exponent = rate.normalize().as_tuple().exponent
    if rate.adjusted() >= WHOLE_DIGITS or not isinstance(exponent, int) or -exponent > PLACES:
        raise errors.RateNotPositive(rate=str(rate)[:40])


def check_plausible(rate: Decimal, last: Decimal | None) -> None:
    """
    :raises RateImplausible: it lies over a quarter away from the last rate known, or is that
        rate turned round: of one near 1, such as EUR/USD, that would be less than a quarter
    """
    if last is None:
        return
    if _is_implausible(Fraction(rate), Fraction(last)):
        raise errors.RateImplausible(rate=str(rate), last=str(last))


def _is_implausible(rate: Fraction, known: Fraction) -> bool:
    away = abs(rate - known) * _BPS
    is_turned = abs(rate * known - 1) * _BPS < TURNED_BPS and away > known * MOST_OF_A_DAY_BPS
    return is_turned or away > known * MOST_DEVIATION_BPS


def check_deal(sold: Money, bought: Money, rate: Rate) -> None:
    """Compare what a bank is said to have paid with what the day's rate makes of it.

    :raises DealImplausible: over a quarter away, or amounts of both sides changed round
    """
    fair = rate.apply(sold)
    if abs(bought.minor - fair.minor) <= 1:
        return
    size = Fraction(sold.minor, 10 ** SCALES[sold.currency])
    paid = Fraction(bought.minor, 10 ** SCALES[bought.currency]) / size
    if _is_implausible(paid, rate.ratio):
        raise errors.DealImplausible(bought=str(bought), by_the_rate=str(fair))


def ordered(one: str, other: str) -> tuple[str, str]:
    """Return the two currencies in the order in which their pair is written."""
    first, second = sorted((one, other), key=RANK.index)
    return first, second


def most_age(base: str, quote: str) -> int:
    """Return how many days old a rate of the pair may be and still count."""
    return CRYPTO_AGE if {base, quote} & CRYPTO else FIAT_AGE


def paths(base: str, quote: str) -> list[tuple[str, ...]]:
    """Return the ways from one currency to another, the ones to prefer first.

    Directly; then over the euro, as the ECB quotes all against it; then over the dollar, as
    markets quote crypto assets; then over both. The first for which all rates are there counts.
    """
    ways = [(base, quote)] + [
        (base, *pivots, quote)
        for pivots in (("EUR",), ("USD",), ("USD", "EUR"), ("EUR", "USD"))
        if base not in pivots and quote not in pivots
    ]
    return [*ways]


def pairs_of(way: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs along a way, each in the order in which it is stored."""
    return [ordered(a, b) for a, b in itertools.pairwise(way)]


def cross(way: Sequence[str], legs: Mapping[tuple[str, str], Leg], on: date) -> Rate | None:
    """Return the exact rate along a way; None if one of its rates is not there."""
    ratio, used = Fraction(1), []
    for source, target in itertools.pairwise(way):
        leg = legs.get(ordered(source, target))
        if leg is None:
            return None
        each = Fraction(leg.rate)
        ratio *= each if leg.base == source else 1 / each
        used.append(leg)
    return Rate(way[0], way[-1], on, ratio, tuple(used))


def itself(currency: str, on: date) -> Rate:
    """Return the rate of a currency against itself: exactly one."""
    return Rate(currency, currency, on, Fraction(1))


def _round(value: Fraction) -> int:
    """Round to the nearest whole, a half away from zero."""
    whole = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return whole if value >= 0 else -whole
