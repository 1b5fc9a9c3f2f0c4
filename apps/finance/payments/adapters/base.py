"""What every card gateway must be able to do, in this platform's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from apps.core.money import Money


class Unreadable(Exception):
    """A message whose form we do not understand; it may be ours to fix, so it is kept."""


class NotAuthentic(Exception):
    """A message that does not prove its sender, or was altered. Its text says which check."""


@dataclass(frozen=True, slots=True)
class Account:
    """Our account at the gateway (a MID)."""

    number: str
    subaccount: str
    form_id: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """What the payer is asked to pay; ``token`` comes back with every answer."""

    token: str
    amount: Money
    account: Account


@dataclass(frozen=True, slots=True)
class Returned:
    """What the payer's browser brought back; proved by the gateway's digest."""

    token: str
    approved: bool
    reference: str
    code: str = ""
    reason: str = ""


class Told(Enum):
    """What a webhook says, reduced to what this platform acts on."""

    PAID = "paid"
    DECLINED = "declined"
    NEEDS_STAFF = "needs staff"
    NOTHING = "nothing to do"


@dataclass(frozen=True, slots=True)
class Notice:
    """An authentic webhook, read."""

    event_type: str
    told: Told
    dedupe_key: str
    account: Account
    token: str = ""
    reference: str = ""
    gateway_transaction: str = ""
    amount: Money | None = None
    occurred_at: datetime | None = None
    code: str = ""
    reason: str = ""
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook as it arrived."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    remote_ip: str


class Sale(Enum):
    """What the gateway answers when asked about a sale."""

    PAID = "paid"
    UNDONE = "voided, refunded or charged back"
    NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True)
class LookedUp:
    sale: Sale
    since: datetime | None = None
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the gateway offers, so that callers need not know its name."""

    hosted_page: bool
    look_up: bool
    signed_webhooks: bool


class Gateway(Protocol):
    """One card processor. Adapters hold no state and touch no database."""

    @property
    def capabilities(self) -> Capabilities: ...

    def is_configured(self) -> bool:
        """Test if all secrets and addresses are set."""

    def checkout_url(self, order: Order) -> str:
        """Return the signed address of the payment page for ``order``."""

    def read_webhook(self, delivery: Delivery) -> Notice:
        """
        Authenticate and read a delivery.

        :raises NotAuthentic: it does not prove its sender, or was altered
        :raises Unreadable: its form is not understood
        """

    def parse_return(self, params: Mapping[str, str]) -> Returned:
        """
        Authenticate and read what the payer's browser brought back.

        :raises NotAuthentic: its digest is wrong
        :raises Unreadable: it names no order or no outcome
        """

    def look_up(self, *, reference: str, account: Account) -> LookedUp:
        """
        Ask the gateway about a sale. Waits on the network; safe to repeat.

        :raises Unavailable: no usable answer
        """
