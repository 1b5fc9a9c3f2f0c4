"""What every gateway must be able to do, in this platform's words.

A gateway is a processor of money from fans: cards, coins, bank debits. An adapter translates its
protocol to the words here. It holds no state and touches no database; all it needs comes with the
call. What it can do stands in ``Capabilities``; callers ask those, never the gateway's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from apps.core.money import Money
from apps.finance.payments.adapters.capabilities import Capabilities, RebillBy


class Unreadable(Exception):
    """A message whose form we do not understand; it may be ours to fix, so it is kept."""


class NotAuthentic(Exception):
    """A message that does not prove its sender, or was altered. Its text says which check."""


class NotOffered(Exception):
    """A call the gateway does not offer: a mistake of ours, as ``Capabilities`` says so."""


@dataclass(frozen=True, slots=True)
class Account:
    """Our account at the gateway (a MID), with the addresses and secrets it is used with.

    ``config`` holds what ``Gateway.needs`` names. It is never stored or logged.
    """

    number: str
    subaccount: str = ""
    form_id: str = ""
    descriptor: str = ""
    config: Mapping[str, str] = field(default_factory=dict, repr=False)


# --- A sale ------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Buyer:
    """What a gateway asks to know of the payer; empty where the platform does not know."""

    id: str = ""
    email: str = field(default="", repr=False)
    country: str = ""
    ip: str = field(default="", repr=False)
    user_agent: str = field(default="", repr=False)
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Renewal:
    """What the gateway is to charge by itself after the first price; see ``RebillBy``.

    ``times`` 0: until it is cancelled.
    """

    amount: Money
    first_days: int
    days: int
    times: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """What the payer is asked to pay; ``token`` comes back with every answer."""

    token: str
    amount: Money
    account: Account
    description: str = ""
    buyer: Buyer = field(default_factory=Buyer)
    #: Where the browser goes afterwards, and where the gateway tells its word, if it asks for it.
    success_url: str = ""
    decline_url: str = ""
    webhook_url: str = ""
    #: Ask the gateway to keep the means of payment for later charges.
    keep: bool = False
    #: The payer stays in our page and types into the gateway's fields; no page of its own opens.
    in_page: bool = False
    #: Have the payer's bank ask the payer (3-D Secure); see ``Capabilities.challenges``.
    challenge: bool = False
    #: None: one price, once. Where the gateway renews (``Capabilities.rebill_by``) it may do so.
    renewal: Renewal | None = None


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where the payer goes on.

    ``url`` is a page of the gateway's. Where there is none, ``fields`` is what the gateway's own
    fields in our page need (never card data). ``reference`` is the gateway's name for the order,
    when it has one already.
    """

    url: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    reference: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Means:
    """A stored means of payment, by the gateway's name for it. No card number, ever."""

    token: str = field(repr=False)
    brand: str = ""
    last4: str = ""
    expires: str = ""  # YYYY-MM
    country: str = ""
    bin: str = ""  # six or eight digits, where the gateway tells them
    fingerprint: str = ""  # the gateway's name for the card, equal whenever the card is
    is_closed: bool = False  # it can be charged no more


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge we start: with a stored means, or with a one-time token of the gateway's fields.

    ``key`` names the attempt. Where the gateway keeps keys, the same key charges once.
    """

    order: Order
    key: str
    token: str = field(repr=False)
    one_time: bool = False
    wallet: str = ""  # ``applepay`` or ``googlepay`` when the token is such a wallet's
    #: False: the payer is not there (a renewal), the card networks want to know.
    payer_present: bool = True


class Outcome(Enum):
    """What became of a call that moves money."""

    DONE = "done"
    PENDING = "taken on; the outcome comes by webhook"
    ACTION = "the payer must do something first"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Answered:
    """A gateway's answer to a charge, refund, void or cancellation.

    ``sent`` and ``received`` are what is kept of the exchange, without secrets and card data.
    """

    outcome: Outcome
    reference: str = ""
    gateway_transaction: str = ""
    action_url: str = ""
    code: str = ""
    reason: str = ""
    means: Means | None = None
    sent: Mapping[str, str] = field(default_factory=dict)
    received: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sold:
    """A sale at the gateway that something is to be done to."""

    account: Account
    reference: str
    token: str
    amount: Money
    gateway_transaction: str = ""
    sold_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """What the payer's browser brought back.

    ``proved``: by the gateway's signature; otherwise it is a hint to ask the gateway.
    """

    token: str
    approved: bool
    reference: str
    code: str = ""
    reason: str = ""
    proved: bool = True


# --- What a gateway tells by itself --------------------------------------------------------------
class Told(Enum):
    """What a webhook says, reduced to what this platform acts on."""

    PAID = "paid"
    AUTHORISED = "authorised"
    PENDING = "on its way"
    DECLINED = "declined"
    CANCELLED = "given up or expired without a charge"
    RENEWED = "the gateway charged a renewal"
    RENEWAL_FAILED = "the gateway could not charge a renewal"
    RENEWAL_ENDED = "there will be no more renewals"
    REFUNDED = "money went back to the payer"
    REFUND_FAILED = "money did not go back"
    VOIDED = "taken back before it was settled"
    INQUIRY = "the bank asks"
    ALERT = "a dispute is announced"
    CHARGEBACK = "the bank took the money back"
    CHARGEBACK_WON = "the bank gave it back"
    CHARGEBACK_LOST = "the bank keeps it"
    FRAUD_REPORT = "the issuer reports fraud"
    MEANS_CHANGED = "the card was replaced or closed"
    NEEDS_STAFF = "needs staff"
    NOTHING = "nothing to do"


@dataclass(frozen=True, slots=True)
class Disputed:
    """What a gateway says of a dispute."""

    reference: str  # the gateway's name for the case; never empty
    reason_code: str = ""
    reason: str = ""
    due_at: datetime | None = None
    again: bool = False  # a second round after a first was won


@dataclass(frozen=True, slots=True)
class Notice:
    """An authentic piece of news, read. One delivery may hold several.

    ``dedupe_key`` is the gateway's identity of the news (at most 120 characters): the same key
    means the same news. ``amount`` is what this news is about: the price of a sale, the part
    refunded, the sum disputed. ``reference`` names the sale it is about.
    """

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
    means: Means | None = None
    dispute: Disputed | None = None
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook as it arrived. ``url`` is the address it is registered under."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    remote_ip: str
    method: str = "POST"
    url: str = ""
    received_at: datetime | None = None
    #: The query as it was written: some sign its order, which ``query`` need not keep.
    raw_query: str = ""


# --- What a gateway answers when asked ----------------------------------------------------------
class Sale(Enum):
    """What the gateway answers when asked about a sale."""

    PAID = "paid"
    PENDING = "still on its way"
    DECLINED = "declined"
    UNDONE = "voided, refunded or charged back"
    NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True)
class LookedUp:
    """``token``, ``amount`` and ``reference`` are filled where the gateway names them: with order
    and amount it proves a sale, without them it only says that there is one."""

    sale: Sale
    since: datetime | None = None
    token: str = ""
    reference: str = ""
    amount: Money | None = None
    refunded: Money | None = None
    #: How many refunds there were, where the gateway counts them without their amounts.
    refunds: int | None = None
    means: Means | None = None
    facts: dict[str, str] = field(default_factory=dict)


class Gateway(Protocol):
    """One processor. Calls that wait on the network raise ``apps.core.http.NotSent`` (it surely
    did nothing), or another ``Unavailable`` (whether it acted is not known)."""

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def needs(self) -> frozenset[str]:
        """Names in ``Account.config`` without which it is off."""

    def open_checkout(self, order: Order) -> Checkout:
        """
        Return where the payer goes on. Waits on the network at some gateways; never charges.

        :raises Unavailable: no usable answer
        """

    def charge(self, charge: Charge) -> Answered:
        """
        Charge a stored means or a one-time token. Safe to repeat only with ``keeps_keys``.

        :raises NotOffered: see ``Capabilities.token_charge`` and ``fields``
        :raises Unavailable: no usable answer; see the class
        """

    def refund(self, sold: Sold, *, amount: Money, key: str) -> Answered:
        """
        Send the sale, or a part of it, back. Safe to repeat only with ``keeps_keys``.

        :raises NotOffered: see ``Capabilities.refund`` and ``partial_refund``
        :raises Unavailable: no usable answer; see the class
        """

    def void(self, sold: Sold, *, key: str) -> Answered:
        """
        Take a sale back before it is settled. Repeating changes nothing more.

        :raises NotOffered: see ``Capabilities.void``
        :raises Unavailable: no usable answer; see the class
        """

    def cancel_renewals(self, sold: Sold, *, key: str) -> Answered:
        """
        End a subscription the gateway renews. One that has ended already counts as done.

        :raises NotOffered: see ``Capabilities.cancel_renewals``
        :raises Unavailable: no usable answer; see the class
        """

    def look_up(self, sold: Sold) -> LookedUp:
        """
        Ask what became of a sale, by ``reference``, else by ``token``. Safe to repeat.

        :raises NotOffered: see ``Capabilities.look_up``
        :raises Unavailable: no usable answer
        """

    def read_webhook(self, delivery: Delivery, account: Account) -> Sequence[Notice]:
        """
        Authenticate and read a delivery, with the secrets of the accounts it was sent for.

        Each ``Notice.account`` names the account (number, subaccount) the news says it is about.

        :raises NotAuthentic: it does not prove its sender, or was altered
        :raises Unreadable: its form is not understood
        """

    def parse_return(self, params: Mapping[str, str], account: Account) -> Returned:
        """
        Read, and authenticate where it can be, what the payer's browser brought back.

        :raises NotAuthentic: its signature is wrong
        :raises Unreadable: it names no order or no outcome
        """


__all__ = [
    "Account",
    "Answered",
    "Buyer",
    "Capabilities",
    "Charge",
    "Checkout",
    "Delivery",
    "Disputed",
    "Gateway",
    "LookedUp",
    "Means",
    "NotAuthentic",
    "NotOffered",
    "Notice",
    "Order",
    "Outcome",
    "RebillBy",
    "Renewal",
    "Returned",
    "Sale",
    "Sold",
    "Told",
    "Unreadable",
]
