"""What calls to a gateway have in common: what is no answer, what is kept, what is not offered."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping

from apps.core.http import Response
from apps.core.money import SCALES, Money
from apps.finance.payments.adapters.answers import GatewayTrouble, NotTaken
from apps.finance.payments.adapters.base import (
    Answered,
    Charge,
    LookedUp,
    NotOffered,
    Sold,
    Unreadable,
)

OK = 200
_TURNED_AWAY = frozenset({401, 403, 404, 405, 429})
LONGEST_KEPT = 200


class Refusing:
    """Refuses every call; an adapter overrides what its gateway offers."""

    def charge(self, charge: Charge) -> Answered:
        raise NotOffered

    def refund(self, sold: Sold, *, amount: Money, key: str) -> Answered:
        raise NotOffered

    def void(self, sold: Sold, *, key: str) -> Answered:
        raise NotOffered

    def cancel_renewals(self, sold: Sold, *, key: str) -> Answered:
        raise NotOffered

    def look_up(self, sold: Sold) -> LookedUp:
        raise NotOffered


def usable(answer: Response) -> bytes:
    """
    Return the body of an answer.

    :raises NotTaken: turned away at the door: it did nothing
    :raises GatewayTrouble: its status says that it is none
    """
    if answer.status in _TURNED_AWAY:
        raise NotTaken(status=answer.status)
    if answer.status != OK:
        raise GatewayTrouble(status=answer.status)
    return answer.body


def trouble(error: Unreadable) -> GatewayTrouble:
    """Return what to raise for an answer whose form is not known."""
    return GatewayTrouble(what=str(error)[:LONGEST_KEPT])


def kept(fields: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """
    Return the named fields, cut to a length that can be shown.

    What may be kept is listed, not what must go: a field that a gateway adds tomorrow could
    hold card data.
    """
    return {name: fields[name][:LONGEST_KEPT] for name in names if fields.get(name)}


def first(fields: Mapping[str, str], *names: str) -> str:
    """Return the first of the named fields that holds something."""
    return next((fields[name] for name in names if fields.get(name)), "")


def price_text(amount: Money) -> str:
    """``25.00``; yen without decimals."""
    return f"{amount.decimal:.{SCALES[amount.currency]}f}"


def basic(username: str, password: str) -> dict[str, str]:
    """Return the header of HTTP Basic (RFC 7617)."""
    return {
        "Authorization": "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
    }


__all__ = [
    "GatewayTrouble",
    "NotTaken",
    "Refusing",
    "basic",
    "first",
    "kept",
    "price_text",
    "trouble",
    "usable",
]
