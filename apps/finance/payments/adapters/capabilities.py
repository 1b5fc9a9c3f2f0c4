"""What a gateway offers, so that callers ask this and never its name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class RebillBy(Enum):
    """Who starts the renewals of a subscription."""

    NOBODY = "nobody"
    GATEWAY = "the gateway"
    US = "this platform"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the gateway offers, so that callers need not know its name."""

    currencies: frozenset[str]
    hosted_page: bool = False
    #: Its own fields in our page yield a one-time token (card data never touches us).
    fields: bool = False
    #: A stored means can be charged by us.
    token_charge: bool = False
    #: The same ``Charge.key`` charges once, whatever happens: safe to send again.
    keeps_keys: bool = False
    rebill_by: RebillBy = RebillBy.NOBODY
    #: Its page takes ``Order.renewal``: what it is to charge by itself from then on.
    takes_renewals: bool = False
    #: ``Sold.reference`` names a subscription: its renewals go by the name of the first sale.
    names_subscriptions: bool = False
    cancel_renewals: bool = False
    refund: bool = False
    partial_refund: bool = False
    void: bool = False
    look_up: bool = False
    #: A look-up names order and amount, so that it alone can prove a payment.
    look_up_proves: bool = False
    signed_webhooks: bool = True
    dispute_push: bool = False
    #: ``applepay``, ``googlepay``.
    wallets: frozenset[str] = frozenset()
    #: Kinds of checkout (``HOSTED``, ``FIELDS``, ``STORED``) at which ``Order.challenge`` has the
    #: payer asked for 3-D Secure.
    challenges: frozenset[str] = frozenset()
    #: The gateway stays the seller of record, its name is on the statement.
    merchant_of_record: bool = False
    #: What it wants to read in answer to a webhook, and by which verbs it comes.
    webhook_reply: str = "OK"
    webhook_methods: frozenset[str] = frozenset({"POST"})
