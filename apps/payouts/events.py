"""What payouts tell the rest of the platform."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True)
class PayoutRequested(Event):
    """The amount is reserved; staff have something to approve."""

    name: ClassVar[str] = "payouts.requested"
    payout_id: int
    creator_id: int


@dataclass(frozen=True)
class PayoutPaid(Event):
    """The rail paid; the ledger is settled."""

    name: ClassVar[str] = "payouts.paid"
    payout_id: int
    creator_id: int


@dataclass(frozen=True)
class PayoutFailed(Event):
    """The rail refused for good; the amount is the creator's again."""

    name: ClassVar[str] = "payouts.failed"
    payout_id: int
    creator_id: int
    failure_code: str
