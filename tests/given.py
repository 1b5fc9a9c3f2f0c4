"""States that involve money, reached the way the platform reaches them: through services."""

from __future__ import annotations

import itertools
import json
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.payments import services as payments
from apps.payouts import services as payouts
from apps.payouts.models import Payout, PayoutMethod
from tests.factories.accounts import ProfileFactory, UserFactory
from tests.factories.payments import MerchantAccountFactory, webhook_fields

# --- Payouts ------------------------------------------------------------------------
_tips = itertools.count(900_000_001)


def a_creator(earned: str = "50.00", *, now: datetime, **traits: Any) -> Profile:
    """A creator who has earned so many dollars by card."""
    creator: Profile = ProfileFactory.create(is_creator=True, **traits)
    amount, nothing = Money.of(earned, "USD"), Money.zero("USD")
    if amount:
        with transaction.atomic():
            ledger.post(
                postings.tip_by_card(
                    transaction_id=next(_tips),
                    creator_id=creator.pk,
                    gateway="ccbill",
                    amount=amount,
                    platform_fee=nothing,
                    processing_fee=nothing,
                    cluster=creator.cluster.slug,
                ),
                now=now,
            )
    return creator


def a_payout_method(
    creator: Profile, *, now: datetime, email: str = "payee@domain.example"
) -> PayoutMethod:
    return payouts.add_method(
        profile=creator,
        rail="PAXUM",
        details={"email": email, "first_name": "Ada", "last_name": "Byron"},
        now=now,
    )


def a_requested_payout(
    amount: str = "50.00",
    *,
    now: datetime,
    creator: Profile | None = None,
    key: str = "given",
    email: str = "payee@domain.example",
) -> Payout:
    creator = creator or a_creator(amount, now=now)
    return payouts.request_payout(
        creator=creator,
        method_id=a_payout_method(creator, email=email, now=now).pk,
        amount=Money.of(amount, "USD"),
        idempotency_key=key,
        now=now,
    )


def an_approved_payout(
    amount: str = "50.00",
    *,
    now: datetime,
    creator: Profile | None = None,
    key: str = "given",
    email: str = "payee@domain.example",
) -> Payout:
    """Approved by two people."""
    payout = a_requested_payout(amount, now=now, creator=creator, key=key, email=email)
    for _ in range(2):
        staff = UserFactory.create(is_staff=True)
        payout = payouts.approve_payout(payout_id=payout.pk, by=staff, reason="", now=now)
    return payout


# --- Payments -------------------------------------------------------------------------
def a_deposit(fan: Profile, amount: str = "50.00", *, now: datetime, key: str = "dep") -> Any:
    """A deposit whose payer is at the payment page; the brand gets a MID if it has none."""
    MerchantAccountFactory.of(fan.cluster)
    return payments.start_deposit(
        fan=fan, amount=Money.of(amount, "USD"), idempotency_key=key, now=now
    )


def a_card_tip(
    fan: Profile, creator: Profile, amount: str = "25.00", *, now: datetime, key: str = "tip"
) -> Any:
    """A card tip whose payer is at the payment page."""
    MerchantAccountFactory.of(fan.cluster)
    return payments.start_card_tip(
        fan=fan,
        creator=creator,
        amount=Money.of(amount, "USD"),
        message="",
        idempotency_key=key,
        now=now,
    )


def a_delivery(transaction: Any, *, now: datetime, ip: str = "127.0.0.1", **changes: str) -> int:
    """CCBill's webhook about a payment, stored; ``changes`` replace its fields."""
    fields = webhook_fields(transaction, **changes)
    return payments.receive_webhook(
        gateway="ccbill",
        query={"eventType": fields["eventType"]},
        headers={"Content-Type": "application/json", "Authorization": "secret"},
        body=json.dumps(fields).encode(),
        remote_ip=ip,
        now=now,
    )


def a_funded_wallet(fan: Profile, amount: str = "50.00", *, now: datetime) -> None:
    transaction = a_deposit(fan, amount, now=now, key=f"fund-{amount}")
    a_delivery(transaction, now=now, subscriptionId=str(10**18 + transaction.pk))
    payments.process_webhooks(now=now)
