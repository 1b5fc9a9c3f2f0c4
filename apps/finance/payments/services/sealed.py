"""What may hold a card number waits sealed in the inbox, and is hidden once it is heard.

SAQ A: no card data is kept. No gateway sends a whole number, but a mistake may, and one reference
in ten that is as long passes for one: its delivery must still be proved, over every byte. So it is
encrypted until it was heard, a day at most, and its digits are hidden in the transaction that ends
it, whatever it ends in. What is hidden cannot be proved again, so it cannot be replayed.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import NamedTuple

from cryptography.fernet import InvalidToken

from apps.core.sealing import seal, unseal
from apps.finance.payments.adapters.base import Unreadable
from apps.finance.payments.choices import CardData
from apps.finance.payments.models import WebhookEvent
from apps.finance.payments.rules.card_data import may_hold_number, without_codes, without_numbers

_PURPOSE = "payments.webhook.sent"


class Sent(NamedTuple):
    """What of a delivery is its sender's; the first three as JSON texts or as they came."""

    query: str
    raw_query: str
    headers: str
    body: bytes

    def all(self) -> bytes:
        """Return it as one text to search."""
        return b"\n".join(
            (self.body, self.headers.encode(), self.query.encode(), self.raw_query.encode())
        )


_NOTHING = "{}"


def to_be_stored(sent: Sent) -> tuple[CardData, Sent]:
    """Return what may be stored of a delivery until it is heard: all of it, as it is or sealed."""
    whole = sent.all()
    if without_codes(whole) is not whole:
        sent = _each(sent, without_codes)
    if not may_hold_number(whole):
        return CardData.NONE, sent
    parts = {**sent._asdict(), "body": base64.b64encode(sent.body).decode()}
    sealed = seal(json.dumps(parts), purpose=_PURPOSE)
    return CardData.SEALED, Sent(_NOTHING, "", _NOTHING, sealed.encode())


class Opened(NamedTuple):
    """What was sent, to be read."""

    query: dict[str, str]
    raw_query: str
    headers: dict[str, str]
    body: bytes


def opened(webhook: WebhookEvent) -> Opened:
    """
    Return what was sent of a delivery that waits, or is clean.

    :raises Unreadable: it was sealed by a key that is no longer configured
    """
    if webhook.card_data != CardData.SEALED:
        return Opened(webhook.query, webhook.raw_query, webhook.headers, bytes(webhook.body))
    sent = _unsealed(webhook)
    return Opened(json.loads(sent.query), sent.raw_query, json.loads(sent.headers), sent.body)


def _unsealed(webhook: WebhookEvent) -> Sent:
    try:
        parts: dict[str, str] = json.loads(unseal(bytes(webhook.body).decode(), purpose=_PURPOSE))
    except InvalidToken as error:
        raise Unreadable("it is sealed by a key that is no longer configured") from error
    return Sent(
        parts["query"], parts["raw_query"], parts["headers"], base64.b64decode(parts["body"])
    )


def hide_card_data(webhook: WebhookEvent) -> None:
    """Take what may be card numbers out of a delivery that ends. The caller saves it."""
    if webhook.card_data != CardData.SEALED:
        return
    try:
        left = _each(_unsealed(webhook), without_numbers)
    except Unreadable:
        left = Sent(_NOTHING, "", _NOTHING, b"")
    webhook.query, webhook.headers = _object(left.query), _object(left.headers)
    webhook.raw_query, webhook.body = left.raw_query, left.body
    webhook.card_data = CardData.HIDDEN


def _each(sent: Sent, change: Callable[[bytes], bytes]) -> Sent:
    query, raw_query, headers = (
        change(text.encode()).decode(errors="replace") for text in sent[:3]
    )
    return Sent(query, raw_query, headers, change(sent.body))


def _object(text: str) -> dict[str, str]:
    """What had to be hidden as a whole is no object any more."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"hidden": text}
