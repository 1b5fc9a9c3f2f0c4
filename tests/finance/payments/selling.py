"""Purchases of every kind, ready to be sold."""

from __future__ import annotations

from typing import Any

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Occasion


def a_purchase(fan: Profile, creator: Profile, amount: str = "10.00", **more: Any) -> Any:
    """The first period of a subscription for 10.00, unless told otherwise."""
    given: dict[str, Any] = {
        "kind": Kind.SUBSCRIPTION,
        "occasion": Occasion.FIRST,
        "subject": "subscription:7:period:1",
        "idempotency_key": "buy-1",
        "currency": "USD",
        **more,
    }
    if given["kind"] != Kind.SUBSCRIPTION and "occasion" not in more:
        given["occasion"] = Occasion.NONE
    currency = given.pop("currency")
    return payments.Purchase(fan=fan, creator=creator, amount=Money.of(amount, currency), **given)
