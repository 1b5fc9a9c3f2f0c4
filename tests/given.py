"""States that involve money, reached the way the platform reaches them: through services."""

from __future__ import annotations

import itertools
import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.payments import services as payments
from apps.finance.payments.adapters.base import LookedUp, Sale
from apps.finance.payments.rules.waiting import LOOK_UP_AFTER
from apps.finance.payments.services import resolve
from apps.payouts import services as payouts
from apps.payouts.models import Payout, PayoutMethod
from tests.factories.accounts import ProfileFactory, StaffFactory
from tests.factories.payments import MerchantAccountFactory, md5, webhook_fields

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
        staff = StaffFactory.create()
        payout = payouts.approve_payout(payout_id=payout.pk, by=staff, reason="", now=now)
    return payout


# --- Payments -------------------------------------------------------------------------
SALE = "0117240102000000041"


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


def a_return(
    transaction: Any,
    *,
    now: datetime,
    approved: bool = True,
    number: str = SALE,
    cluster: Any = None,
) -> Any:
    """The payer's browser comes back with the gateway's digest over ``number``."""
    return payments.record_return(
        cluster=cluster or transaction.cluster,
        params={
            "X-order": str(transaction.public_id),
            "subscription_id" if approved else "denialId": number,
            "responseDigest": md5(number, "1" if approved else "0", settings.CCBILL["salt"]),
            "reasonForDecline": "No funds",
        },
        now=now,
    )


def an_unknown_payment(transaction: Any, *, now: datetime, number: str = SALE) -> Any:
    """The payer came back, no webhook came, and the gateway knows the sale."""
    a_return(transaction, now=now, number=number)
    resolve._claim(now + LOOK_UP_AFTER, 100)
    resolve._record(transaction.pk, LookedUp(Sale.PAID, since=now), now)
    transaction.refresh_from_db()
    return transaction
