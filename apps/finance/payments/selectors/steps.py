"""What the payer of a payment does next, for the page that shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from django.utils.dateparse import parse_datetime

from apps.finance.payments.choices import AttemptKind, AttemptStatus, Status
from apps.finance.payments.models import Attempt, Transaction


class Do(Enum):
    """The payer's next step."""

    NOTHING = "nothing"
    WAIT_FOR_REVIEW = "wait: a person looks at it"
    GO_TO_PAGE = "pay on the gateway's page"
    SEND_COINS = "send coins to the address that is shown"
    TYPE_CARD = "type the card into the gateway's fields"
    CONFIRM_CHARGE = "say yes to charging the stored means"
    CONFIRM_AT_BANK = "confirm at the bank"


@dataclass(frozen=True, slots=True)
class Step:
    """``url`` leads to the bank (``CONFIRM_AT_BANK``); ``attempt`` is the payment's last try."""

    do: Do
    attempt: Attempt | None = None
    url: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    #: Until when the coins count.
    ends: datetime | None = None


_OPEN = frozenset({Status.CREATED, Status.REQUIRES_ACTION})


def next_step(transaction: Transaction) -> Step:
    """Return what the payer does next; one query."""
    last = (
        transaction.attempts.select_related("payment_method", "merchant_account")
        .order_by("-number")
        .first()
    )
    if last is None or transaction.settled_at:
        return Step(Do.NOTHING, last)
    if transaction.review_since is not None:
        return Step(Do.WAIT_FOR_REVIEW, last)
    if transaction.status == Status.FAILED:
        # Another card may be typed at once; any other way begins anew.
        again = last.kind == AttemptKind.FIELDS and last.status != AttemptStatus.SENT
        return Step(Do.TYPE_CARD if again else Do.NOTHING, last)
    if transaction.status not in _OPEN:
        return Step(Do.NOTHING, last)
    return _open_step(transaction, last)


def _open_step(transaction: Transaction, last: Attempt) -> Step:
    if last.kind == AttemptKind.STORED and last.status == AttemptStatus.CREATED:
        return Step(Do.CONFIRM_CHARGE, last)
    if transaction.status != Status.REQUIRES_ACTION:
        return Step(Do.NOTHING, last)
    url, fields = last.checkout.get("url", ""), last.checkout.get("fields", {})
    if last.kind == AttemptKind.HOSTED:
        if not fields.get("address"):
            return Step(Do.GO_TO_PAGE, last, url)
        ends = parse_datetime(last.checkout.get("expires_at") or "")
        return Step(Do.SEND_COINS, last, url, fields, ends)
    if url.startswith(("https://", "http://")):
        return Step(Do.CONFIRM_AT_BANK, last, url)
    return Step(Do.TYPE_CARD if last.kind == AttemptKind.FIELDS else Do.NOTHING, last)
