"""What payments tell higher apps.

``subject`` and ``occasion`` say what was bought, and which charge of it this is.
"""

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
    subject: str = ""
    occasion: str = ""


@dataclass(frozen=True)
class PaymentFailed(Event):
    """A card payment was declined for good, as far as the gateway has said."""

    name: ClassVar[str] = "payments.failed"
    transaction_id: int
    cluster: str
    reason: str
    code: str = ""
    kind: str = ""
    subject: str = ""
    occasion: str = ""


@dataclass(frozen=True)
class PaymentCancelled(Event):
    """A payment was given up before anything was taken."""

    name: ClassVar[str] = "payments.cancelled"
    transaction_id: int
    cluster: str
    reason: str
    kind: str = ""
    subject: str = ""
    occasion: str = ""


@dataclass(frozen=True)
class PaymentRefunded(Event):
    """Money went back to the payer: by a refund, in full when nothing is left of the payment."""

    name: ClassVar[str] = "payments.refunded"
    transaction_id: int
    refund_id: int
    cluster: str
    kind: str
    payer_id: int
    payee_id: int | None
    amount_minor: int
    refunded_minor: int
    currency: str
    is_full: bool
    subject: str = ""
    occasion: str = ""


@dataclass(frozen=True)
class RefundBounced(Event):
    """A refund that was booked did not reach the payer: it is undone."""

    name: ClassVar[str] = "payments.refund_bounced"
    transaction_id: int
    refund_id: int
    cluster: str
    amount_minor: int
    currency: str
    subject: str = ""
    occasion: str = ""


@dataclass(frozen=True)
class PaymentDisputed(Event):
    """A bank asks, announces a dispute, or has taken the money back; ``stage`` says which."""

    name: ClassVar[str] = "payments.disputed"
    transaction_id: int
    dispute_id: int
    cluster: str
    stage: str
    payer_id: int
    payee_id: int | None
    amount_minor: int
    currency: str
    subject: str = ""
    occasion: str = ""


@dataclass(frozen=True)
class DisputeClosed(Event):
    """A dispute came to an end: WON, LOST, ACCEPTED or CLOSED. A later word may overrule it."""

    name: ClassVar[str] = "payments.dispute_closed"
    transaction_id: int
    dispute_id: int
    cluster: str
    outcome: str
    amount_minor: int
    currency: str
    subject: str = ""
    occasion: str = ""


@dataclass(frozen=True)
class MeansRefreshed(Event):
    """A gateway told that a stored card was replaced or is good for longer: it may be charged
    where it could not be before."""

    name: ClassVar[str] = "payments.means_refreshed"
    profile_id: int
    cluster: str


@dataclass(frozen=True)
class _Renewal(Event):
    """``key`` names the news for ever: the same one may be told twice."""

    key: str
    gateway: str
    reference: str
    gateway_transaction: str
    transaction_id: int | None
    amount_minor: int | None
    currency: str
    occurred_at: str
    reason: str


@dataclass(frozen=True)
class PaymentRenewed(_Renewal):
    """A gateway that renews by itself charged the payer again. Nothing of it is booked yet."""

    name: ClassVar[str] = "payments.renewed"


@dataclass(frozen=True)
class RenewalFailed(_Renewal):
    """A gateway that renews by itself could not charge; it may try again."""

    name: ClassVar[str] = "payments.renewal_failed"


@dataclass(frozen=True)
class RenewalEnded(_Renewal):
    """A gateway will charge no more renewals of this sale."""

    name: ClassVar[str] = "payments.renewal_ended"
