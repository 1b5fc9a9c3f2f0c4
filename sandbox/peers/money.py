"""Amounts as gateways write them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from sandbox.peers.call import Refusal

WHOLE = frozenset({"JPY", "KRW", "CLP", "VND", "ISK"})


def places(currency: str) -> int:
    """Return how many decimals an amount of the currency has."""
    return 0 if currency in WHOLE else 2


def amount(text: str, currency: str) -> str:
    """
    Return an amount in its canonical text: ``25`` becomes ``25.00``.

    :raises Refusal: no amount above zero, or finer than the currency's smallest unit
    """
    try:
        value = Decimal(text)
    except InvalidOperation as problem:
        raise Refusal("amount", f"Invalid amount: {text[:20]}") from problem
    if not value.is_finite() or value <= 0 or value != round(value, places(currency)):
        raise Refusal("amount", f"Invalid amount: {text[:20]}")
    return f"{value:.{places(currency)}f}"


def strict(text: str, currency: str) -> str:
    """
    Return an amount that was written with exactly the currency's decimals.

    :raises Refusal: it was not
    """
    if amount(text, currency) != text:
        raise Refusal("amount", f"The amount must have {places(currency)} decimals.")
    return text


def from_minor(value: object, currency: str) -> str:
    """
    Return the text of a whole number of the smallest unit.

    :raises Refusal: no whole number above zero
    """
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise Refusal("amount", "The amount must be a whole number of minor units.")
    return amount(str(Decimal(value).scaleb(-places(currency))), currency)


def minor(text: str, currency: str) -> int:
    """Return the whole number of smallest units of an amount's text."""
    return int(Decimal(text).scaleb(places(currency)))


def number(text: str) -> int | float:
    """Return what JSON writes as the shortest number: ``25.00`` is 25, ``25.50`` is 25.5."""
    value = Decimal(text)
    return int(value) if value == value.to_integral_value() else float(text)
