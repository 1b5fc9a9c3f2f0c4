"""What an answer of a processor's server means before its content is read."""

from __future__ import annotations

from typing import Any

from apps.core.errors import Unavailable
from apps.core.http import NotSent, OutcomeUnknown, Response
from apps.finance.payments.adapters import strict
from apps.finance.payments.adapters.base import Unreadable

OK, NOT_FOUND, CONFLICT, SERVER_ERROR = 200, 404, 409, 500
_SUCCESS = range(200, 300)
#: The request was turned away at the door: wrong key, not allowed, too many.
_TURNED_AWAY = frozenset({401, 403, 405, 429})


class NotTaken(NotSent):
    """The gateway turned the request away before it did anything."""

    code = "payments.gateway_not_taken"
    message = "The gateway did not take the request."


class GatewayTrouble(Unavailable):
    """An answer that says nothing of the payment; whether the call took effect is not known."""

    code = "payments.gateway_trouble"
    message = "The gateway could not say what became of the payment."


def told(answer: Response) -> dict[str, Any]:
    """
    Read the answer to a question, which changed nothing there.

    :raises GatewayTrouble: another status than 2xx, or no JSON object
    """
    if answer.status not in _SUCCESS:
        raise GatewayTrouble(status=answer.status)
    try:
        return strict.read_json(answer.body)
    except Unreadable as error:
        raise GatewayTrouble(status=answer.status) from error


def told_list(answer: Response) -> list[Any]:
    """
    Read a list without an object around it.

    :raises GatewayTrouble: another status than 2xx, or no JSON list
    """
    whole = Response(answer.status, answer.headers, b'{"list":' + answer.body + b"}")
    listed = told(whole).get("list")
    if not isinstance(listed, list):
        raise GatewayTrouble(status=answer.status)
    return listed


def acted(answer: Response) -> dict[str, Any]:
    """
    Read the answer to a request that may have moved money. A refusal that says why (400, 404,
    422) is read as well; the caller tells it by its content.

    :raises NotTaken: turned away; nothing was done
    :raises OutcomeUnknown: it does not tell whether it was done
    """
    if answer.status in _TURNED_AWAY:
        raise NotTaken(status=answer.status)
    if answer.status >= SERVER_ERROR or answer.status == CONFLICT:
        raise OutcomeUnknown(status=answer.status)
    try:
        return strict.read_json(answer.body)
    except Unreadable as error:
        if answer.status == NOT_FOUND:  # no such address: nobody has read the request
            raise NotTaken(status=answer.status) from error
        raise OutcomeUnknown(status=answer.status) from error


__all__ = ["GatewayTrouble", "NotTaken", "Response", "acted", "told", "told_list"]
