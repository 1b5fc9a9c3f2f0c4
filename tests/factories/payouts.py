"""One factory per model, valid with no arguments; traits name the states."""

from __future__ import annotations

from datetime import UTC, datetime

from factory import LazyAttribute, SelfAttribute, Sequence, SubFactory, Trait
from factory.django import DjangoModelFactory

from apps.payouts import rules
from apps.payouts.choices import Status
from apps.payouts.models import Payout, PayoutApproval, PayoutEvent, PayoutMethod
from tests.factories.accounts import ProfileFactory, StaffFactory

REQUESTED = datetime(2026, 1, 15, 12, tzinfo=UTC)
PAID = datetime(2026, 1, 16, 12, tzinfo=UTC)


class PayoutMethodFactory(DjangoModelFactory[PayoutMethod]):
    class Meta:
        model = PayoutMethod

    profile = SubFactory(ProfileFactory, is_creator=True)
    rail = "PAXUM"
    details = Sequence(
        lambda n: {
            "email": f"payee-{n}@example.com",
            "first_name": "Ada",
            "last_name": "Byron",
            "business_name": "",
        }
    )
    fingerprint = LazyAttribute(lambda it: rules.fingerprint(rail=it.rail, details=it.details))
    added_at = REQUESTED


class PayoutFactory(DjangoModelFactory[Payout]):
    class Meta:
        model = Payout

    method = SubFactory(PayoutMethodFactory)
    creator = SelfAttribute("method.profile")
    cluster = SelfAttribute("creator.cluster")
    rail = SelfAttribute("method.rail")
    destination = SelfAttribute("method.details")
    amount_minor = 50_00
    currency = "USD"
    idempotency_key = Sequence(lambda n: f"key-{n}")
    rail_reference = Sequence(lambda n: f"PO-{n:020X}")
    requested_at = REQUESTED

    class Params:
        approved = Trait(status=Status.APPROVED, approved_at=REQUESTED, next_attempt_at=REQUESTED)
        sending = Trait(
            status=Status.SENDING, approved_at=REQUESTED, claimed_until=PAID, attempts=1
        )
        unknown = Trait(
            status=Status.UNKNOWN,
            approved_at=REQUESTED,
            unknown_since=REQUESTED,
            next_attempt_at=REQUESTED,
            attempts=1,
        )
        paid = Trait(
            status=Status.PAID,
            approved_at=REQUESTED,
            paid_at=PAID,
            rail_transaction_id=Sequence(lambda n: f"T-{n}"),
            rail_fee_minor=1_00,
            attempts=1,
        )


class PayoutApprovalFactory(DjangoModelFactory[PayoutApproval]):
    class Meta:
        model = PayoutApproval

    payout = SubFactory(PayoutFactory)
    by = SubFactory(StaffFactory)
    at = REQUESTED


class PayoutEventFactory(DjangoModelFactory[PayoutEvent]):
    class Meta:
        model = PayoutEvent

    payout = SubFactory(PayoutFactory)
    at = REQUESTED
    status = Status.REQUESTED
