"""Reading what strangers send: one meaning or none, and never more memory than the message.

JSON's grammar leaves open what two equal names mean (RFC 8259, section 4) and Python's reader
takes NaN; a signature is worth nothing when two readers see two messages in the same bytes.
What is refused names no cause: Python's quotes the message, and who prints it may print a card.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.payments.adapters.base import Unreadable

#: More than any message or answer of a processor; the inbox has its own, lower limit.
MOST_BYTES = 1024 * 1024
#: Levels within levels; the deepest message known has six.
MOST_LEVELS = 32
MOST_FIELDS = 1_000


class Number(str):
    """A JSON number as it was sent: ``1.10`` stays ``1.10``, and no exponent grows."""

    __slots__ = ()


def read_json(body: bytes) -> dict[str, Any]:
    """
    Read a JSON object. Numbers are ``Number`` texts; true, false and null are Python's.

    :raises Unreadable: no JSON object, too large or deep, a name twice, NaN or Infinity, bytes
        that are not UTF-8, NUL or half a surrogate pair in a text
    """
    try:
        loaded = json.loads(
            _text_of(body),
            parse_int=Number,
            parse_float=Number,
            parse_constant=_refuse_constant,
            object_pairs_hook=_once_each,
        )
    except (ValueError, RecursionError):
        raise Unreadable("the body is not JSON that can be read in one way") from None
    if not isinstance(loaded, dict):
        raise Unreadable("the body is not a JSON object")
    _check_tree(loaded)
    return loaded


def read_form(text: bytes | str) -> dict[str, str]:
    """
    Read a form or a query; empty values stay.

    :raises Unreadable: no form, too large, a name twice, or what is no text
    """
    body = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    try:
        pairs = parse_qsl(
            _text_of(body),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
        fields = _once_each(pairs)
    except ValueError:
        raise Unreadable("the body is not a form that can be read in one way") from None
    check_text(fields)
    return fields


def read_xml(body: bytes) -> Element:
    """
    Read XML without document types, entities and foreign addresses.

    :raises Unreadable: it is none, holds such a thing, or is too large or deep
    """
    if len(body) > MOST_BYTES:
        raise Unreadable("the body is too large")
    try:
        root = fromstring(body.strip(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise Unreadable("the body is not plain XML") from None
    level: list[Element] = [root]
    for _ in range(MOST_LEVELS):
        level = [child for each in level for child in each]
        if not level:
            return root
    raise Unreadable("the body is nested too deeply")


def check_text(fields: Mapping[str, str]) -> None:
    """
    JSON may hold what is no text: half of a surrogate pair, which cannot be encoded, and NUL,
    which the database does not keep.

    :raises Unreadable: there is such a thing in a name or a value
    """
    _check_texts((*fields.keys(), *fields.values()))


def texts(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the plain values of an object as text; what is null or has parts is left out."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in fields.items()
        if isinstance(value, str | bool)
    }


def part(fields: Mapping[str, Any], *path: str) -> dict[str, Any]:
    """
    Return the object within an object, or an empty one where there is none.

    :raises Unreadable: something else stands there
    """
    inside: Any = fields
    for name in path:
        inside = inside.get(name) or {}
        if not isinstance(inside, dict):
            raise Unreadable(f"{name} is not an object")
    return dict(inside)


def money(amount: object, currency: str) -> Money:
    """
    Read an amount from its exact text.

    :raises Unreadable: not plain digits, or not a currency of ours
    """
    try:
        return Money.of(str(amount), currency.upper())
    except DomainError as error:
        raise Unreadable("the price is not an amount we know") from error


def _text_of(body: bytes) -> str:
    if len(body) > MOST_BYTES:
        raise Unreadable("the body is too large")
    return body.decode()


def _once_each(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            raise ValueError("a name stands twice")
        fields[name] = value
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _check_tree(root: object) -> None:
    """Level by level, so that no depth can exhaust the stack."""
    level: list[object] = [root]
    for _ in range(MOST_LEVELS):
        inner: list[object] = []
        for each in level:
            if isinstance(each, dict):
                _check_texts(each)
                inner.extend(each.values())
            elif isinstance(each, list):
                inner.extend(each)
            elif isinstance(each, str):
                _check_texts((each,))
        if not inner:
            return
        level = inner
    raise Unreadable("the body is nested too deeply")


def _check_texts(some: Iterable[str]) -> None:
    for text in some:
        try:
            whole = b"\0" not in text.encode()
        except UnicodeEncodeError:
            whole = False
        if not whole:
            raise Unreadable("it holds characters that are no text")
