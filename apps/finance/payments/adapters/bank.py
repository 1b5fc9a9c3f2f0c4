"""Our own bank as a gateway: files go out and come in elsewhere, so it offers no call at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from apps.core.money import Money
from apps.finance.payments.adapters.base import (
    Account,
    Answered,
    Charge,
    Checkout,
    Delivery,
    LookedUp,
    Notice,
    NotOffered,
    Order,
    Returned,
    Sold,
)
from apps.finance.payments.adapters.capabilities import Capabilities

_BY_FILE = "bank payments go by file, nobody can be called"


class Bank:
    """ACH debit, SEPA direct debit or a transfer. Every call is refused: see ``Capabilities``."""

    def __init__(self, *currencies: str, needs: tuple[str, ...]) -> None:
        self.needs = frozenset(needs)
        self.capabilities = Capabilities(currencies=frozenset(currencies), signed_webhooks=False)

    def open_checkout(self, order: Order) -> Checkout:
        raise NotOffered(_BY_FILE)

    def charge(self, charge: Charge) -> Answered:
        raise NotOffered(_BY_FILE)

    def refund(self, sold: Sold, *, amount: Money, key: str) -> Answered:
        raise NotOffered(_BY_FILE)

    def void(self, sold: Sold, *, key: str) -> Answered:
        raise NotOffered(_BY_FILE)

    def cancel_renewals(self, sold: Sold, *, key: str) -> Answered:
        raise NotOffered(_BY_FILE)

    def look_up(self, sold: Sold) -> LookedUp:
        raise NotOffered(_BY_FILE)

    def read_webhook(self, delivery: Delivery, account: Account) -> Sequence[Notice]:
        raise NotOffered(_BY_FILE)

    def parse_return(self, params: Mapping[str, str], account: Account) -> Returned:
        raise NotOffered(_BY_FILE)
