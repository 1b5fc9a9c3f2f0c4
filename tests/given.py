"""States that involve money, reached the way the platform reaches them: through services."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.payouts import services as payouts
from apps.payouts.models import Payout, PayoutMethod
from tests.factories.accounts import ProfileFactory, UserFactory

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
    amount: str = "50.00", *, now: datetime, creator: Profile | None = None, key: str = "given"
) -> Payout:
    creator = creator or a_creator(amount, now=now)
    return payouts.request_payout(
        creator=creator,
        method_id=a_payout_method(creator, now=now).pk,
        amount=Money.of(amount, "USD"),
        idempotency_key=key,
        now=now,
    )


def an_approved_payout(
    amount: str = "50.00", *, now: datetime, creator: Profile | None = None, key: str = "given"
) -> Payout:
    """Approved by two people."""
    payout = a_requested_payout(amount, now=now, creator=creator, key=key)
    for _ in range(2):
        staff = UserFactory.create(is_staff=True)
        payout = payouts.approve_payout(payout_id=payout.pk, by=staff, reason="", now=now)
    return payout
