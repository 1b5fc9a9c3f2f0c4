"""The words of payments: kinds, methods, states and what may follow what."""

from __future__ import annotations

from django.db.models import TextChoices


class Kind(TextChoices):
    WALLET_DEPOSIT = "WALLET_DEPOSIT", "Wallet deposit"
    TIP = "TIP", "Tip"


class Method(TextChoices):
    CARD = "CARD", "Card"
    WALLET = "WALLET", "Wallet"


class Gateway(TextChoices):
    """Card processors this platform speaks to."""

    CCBILL = "ccbill", "CCBill"


class Status(TextChoices):
    CREATED = "CREATED", "Created"
    REQUIRES_ACTION = "REQUIRES_ACTION", "Waits for the payer"
    PROCESSING = "PROCESSING", "Waits for the gateway's word"
    CAPTURED = "CAPTURED", "Captured"
    FAILED = "FAILED", "Declined"
    EXPIRED = "EXPIRED", "Abandoned"
    UNKNOWN = "UNKNOWN", "Outcome unknown"


#: What may follow what. The gateway's late word overrules a guess of ours, never a capture.
NEXT: dict[Status, frozenset[Status]] = {
    Status.CREATED: frozenset({Status.REQUIRES_ACTION, Status.CAPTURED}),
    Status.REQUIRES_ACTION: frozenset(
        {Status.PROCESSING, Status.CAPTURED, Status.FAILED, Status.EXPIRED}
    ),
    Status.PROCESSING: frozenset({Status.CAPTURED, Status.FAILED, Status.UNKNOWN}),
    Status.FAILED: frozenset({Status.PROCESSING, Status.CAPTURED}),
    Status.EXPIRED: frozenset({Status.PROCESSING, Status.CAPTURED, Status.FAILED}),
    Status.UNKNOWN: frozenset({Status.CAPTURED, Status.FAILED}),
    Status.CAPTURED: frozenset(),
}


class WebhookStatus(TextChoices):
    RECEIVED = "RECEIVED", "Waits to be processed"
    PROCESSED = "PROCESSED", "Processed"
    REFUSED = "REFUSED", "Refused: not authentic or not fitting its order"
    PARKED = "PARKED", "Parked: a person must look"
    IGNORED = "IGNORED", "Ignored: nothing to do"
