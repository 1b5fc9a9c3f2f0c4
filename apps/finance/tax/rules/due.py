"""What tax is due on a price, to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from apps.core.money import Money

#: A rate has at most this many decimal places of a percent.
PLACES = 4


@dataclass(frozen=True, slots=True)
class Applicable:
    """A rate in force where a sale takes place; ``percent`` is exact."""

    rate_id: int
    place: str
    kind: str
    percent: Decimal
    is_inclusive: bool


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """One tax on a sale. ``base`` is the sale's net price."""

    rate_id: int
    place: str
    kind: str
    percent: Decimal
    is_inclusive: bool
    base: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class TaxQuote:
    """What a price becomes: the fan pays ``gross``, of which ``tax`` is the state's.

    ``net`` is what platform and creator share. Always gross = net + tax.
    """

    price: Money
    net: Money
    tax: Money
    gross: Money
    place: str = ""
    lines: tuple[QuotedLine, ...] = ()

    @property
    def added(self) -> Money:
        """What comes on top of the price, where prices are shown without tax."""
        return self.gross - self.price


def untaxed(price: Money) -> TaxQuote:
    """Return the quote of a sale without tax: all of the price is net."""
    return TaxQuote(price, price, Money.zero(price.currency), price)


def due_on(price: Money, *, place: str, rates: Sequence[Applicable]) -> TaxQuote:
    """Work out the tax on a price.

    Inclusive rates are inside the price: together they are price x sum / (100 + sum), rounded
    once to the smallest unit, a half up (EU: the total may be rounded as the member state says;
    half up is what most say); several share it by their rates, the largest remainder first.
    Exclusive rates come on top: each is its percentage of the net price, rounded by itself.
    """
    inside = [rate for rate in rates if rate.is_inclusive and rate.percent]
    on_top = [rate for rate in rates if not rate.is_inclusive and rate.percent]
    total = sum((Fraction(rate.percent) for rate in inside), Fraction(0))
    included = Money(_half_up(price.minor * total / (100 + total)), price.currency)
    net = price - included
    parts = included.allocate([_weight(rate.percent) for rate in inside]) if inside else []
    lines = [_line(rate, net, tax) for rate, tax in zip(inside, parts, strict=True)]
    lines += [_line(rate, net, _percent_of(net, rate.percent)) for rate in on_top]
    tax = sum((line.tax for line in lines), Money.zero(price.currency))
    return TaxQuote(price, net, tax, net + tax, place, tuple(lines))


def most_specific(rates: Sequence[tuple[Applicable, str]], *, place: str) -> list[Applicable]:
    """Keep one rate of each kind out of ``(rate, product)``: the place's own before its country's,
    then the product's own before everything's. Ordered by kind.
    """
    best: dict[str, tuple[tuple[bool, bool], Applicable]] = {}
    for rate, product in rates:
        rank = (rate.place == place, product != "ANY")
        if rate.kind not in best or rank > best[rate.kind][0]:
            best[rate.kind] = (rank, rate)
    return [best[kind][1] for kind in sorted(best)]


def _line(rate: Applicable, base: Money, tax: Money) -> QuotedLine:
    return QuotedLine(
        rate.rate_id, rate.place, rate.kind, rate.percent, rate.is_inclusive, base, tax
    )


def _percent_of(money: Money, percent: Decimal) -> Money:
    return Money(_half_up(money.minor * Fraction(percent) / 100), money.currency)


def _weight(percent: Decimal) -> int:
    return int(percent.scaleb(PLACES))


def _half_up(value: Fraction) -> int:
    """Round to the nearest whole, a half up; prices are not below zero."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)
