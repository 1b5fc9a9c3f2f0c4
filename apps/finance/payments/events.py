"""What payments tell higher apps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True)
class PaymentCaptured(Event):
    name: ClassVar[str] = "payments.captured"
    transaction_id: int
    cluster: str
    kind: str
    payer_id: int
    payee_id: int | None
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class PaymentFailed(Event):
    """A card payment was declined for good, as far as the gateway has said."""

    name: ClassVar[str] = "payments.failed"
    transaction_id: int
    cluster: str
    reason: str
