"""JSON as JavaScript writes it, for processors that sign or compare exactly that text.

Source: ECMA-262, JSON.stringify, Number::toString and OrdinaryOwnPropertyKeys (names that are
array indexes come first, in numeric order). No float is made on the way: a number's text is
brought into JavaScript's form digit by digit, so no digit can be lost or smuggled in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal

from apps.core.money import Money
from apps.finance.payments.adapters.base import Unreadable
from apps.finance.payments.adapters.strict import Number

#: JavaScript's longest number text has 25 characters; 1e308 has 309 digits.
MOST_CHARACTERS = 40
#: From 10 to this power on, and below 10 to -7, JavaScript writes an exponent.
MOST_PLAIN_DIGITS = 21
MOST_PLAIN_ZEROS = -6
#: Beyond these a double is Infinity or zero, and its text no longer says the number.
GREATEST, SMALLEST = 308, -324
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)
_LAST_INDEX = 2**32 - 2


def stringify(value: object) -> str:
    """
    Return compact JSON; objects keep their order, ``Number`` texts are written in JavaScript's
    form.

    :raises Unreadable: a number that JavaScript could not have written
    """
    if isinstance(value, Number):
        return number_text(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_text(k)}:{stringify(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(stringify, value)) + "]"
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    raise TypeError(f"{type(value).__name__} has no text in JSON")


def sorted_deep(value: object) -> object:
    """Return the same with the names of every object, however deep, in JavaScript's order."""
    if isinstance(value, Mapping):
        return {name: sorted_deep(value[name]) for name in sorted(value, key=_order)}
    if isinstance(value, list):
        return [sorted_deep(each) for each in value]
    return value


def number_text(token: str) -> str:
    """
    ``100.0`` is ``100``, ``1.50`` is ``1.5``, ``0.0000001`` is ``1e-7``.

    :raises Unreadable: more digits, or a larger exponent, than JavaScript writes
    """
    if len(token) > MOST_CHARACTERS:
        raise Unreadable("a number longer than any in JavaScript")
    try:
        sign, raw, exponent = Decimal(token).as_tuple()
    except ArithmeticError as error:
        raise Unreadable("a number beyond JavaScript's range") from error
    digits = "".join(map(str, raw)).strip("0")
    if not digits:
        return "0"
    trailing = len(raw) - len("".join(map(str, raw)).rstrip("0"))
    point = len(digits) + int(exponent) + trailing
    if not SMALLEST <= point - 1 <= GREATEST:
        raise Unreadable("a number beyond JavaScript's range")
    return "-" * sign + _placed(digits, point)


def amount_token(amount: Money) -> Number:
    """The amount in whole units as a number without useless zeros: 25, 25.5."""
    return Number(number_text(str(amount.decimal)))


def _placed(digits: str, point: int) -> str:
    if len(digits) <= point <= MOST_PLAIN_DIGITS:
        return digits + "0" * (point - len(digits))
    if 0 < point <= MOST_PLAIN_DIGITS:
        return f"{digits[:point]}.{digits[point:]}"
    if MOST_PLAIN_ZEROS < point <= 0:
        return f"0.{'0' * -point}{digits}"
    power = point - 1
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{'+' if power > 0 else '-'}{abs(power)}"


def _order(name: str) -> tuple[bool, int, bytes]:
    """Array indexes by their number, then all others by UTF-16 code units."""
    if _INDEX.fullmatch(name) and int(name) <= _LAST_INDEX:
        return (False, int(name), b"")
    return (True, 0, name.encode("utf-16-be"))


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
