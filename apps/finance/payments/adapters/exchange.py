"""What calls to a gateway have in common: answers that are none, and what is kept of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from apps.core.errors import Unavailable
from apps.core.http import Response
from apps.finance.payments.adapters.base import Unreadable

OK = 200
LONGEST_KEPT = 200


class GatewayTrouble(Unavailable):
    """An answer that says nothing of the payment; whether the call took effect is not known."""

    code = "payments.gateway_trouble"
    message = "The gateway could not say what became of the payment."


def usable(answer: Response) -> bytes:
    """
    Return the body of an answer.

    :raises GatewayTrouble: its status says that it is none
    """
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
