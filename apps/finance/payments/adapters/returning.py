"""The way back from a payment page that signs nothing: a hint, never a proof."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from apps.finance.payments.adapters import strict
from apps.finance.payments.adapters.base import Returned, Unreadable

ORDER, ANSWER = "order", "answer"
PAID, DECLINED = "paid", "declined"


def address(url: str, *, token: str, paid: bool) -> str:
    """Return the address with the order and what coming back there would mean; "" stays ""."""
    if not url:
        return ""
    parts = urlsplit(url)
    given = parse_qsl(parts.query, keep_blank_values=True)
    kept = [pair for pair in given if pair[0] not in {ORDER, ANSWER}]
    query = urlencode([*kept, (ORDER, token), (ANSWER, PAID if paid else DECLINED)])
    return urlunsplit(parts._replace(query=query))


def read(params: Mapping[str, str]) -> Returned:
    """
    Read what ``address`` wrote. Anybody can write it, so it proves nothing.

    :raises Unreadable: it names no order or no outcome
    """
    strict.check_text(params)
    token, answer = params.get(ORDER, ""), params.get(ANSWER, "")
    if not token or answer not in {PAID, DECLINED}:
        raise Unreadable("the return names no order or no outcome")
    return Returned(token=token, approved=answer == PAID, reference="", proved=False)
