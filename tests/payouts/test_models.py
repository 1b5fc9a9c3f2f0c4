"""What the database itself refuses."""

from datetime import timedelta

import pytest
from django.db import IntegrityError

from apps.payouts.choices import Status
from tests.factories.payouts import (
    PayoutApprovalFactory,
    PayoutEventFactory,
    PayoutFactory,
    PayoutMethodFactory,
)

pytestmark = pytest.mark.django_db


class TestPayout:
    @pytest.mark.parametrize("trait", ["approved", "sending", "unknown", "paid"])
    def test_may_be_in_each_state(self, trait):
        payout = PayoutFactory.create(**{trait: True})

        assert str(payout) == f"Payout {payout.rail_reference} 50.00 USD {payout.status}"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"amount_minor": 0},
            {"rail_fee_minor": -1},
            {"rail": "PIGEON"},
            {"status": "LOST"},
            {"paid": True, "paid_at": None},
            {"paid": True, "rail_transaction_id": ""},
            {"rail_transaction_id": "T-1"},
            {"sending": True, "claimed_until": None},
            {"unknown": True, "unknown_since": None},
            {"approved": True, "next_attempt_at": None},
            {"needs_attention": True},
            {"status": Status.RETURNED},
        ],
        ids=str,
    )
    def test_refuses_a_row_that_contradicts_itself(self, wrong):
        with pytest.raises(IntegrityError):
            PayoutFactory.create(**wrong)

    def test_knows_a_creators_key_once(self):
        first = PayoutFactory.create()

        with pytest.raises(IntegrityError):
            PayoutFactory.create(method=first.method, idempotency_key=first.idempotency_key)

    def test_has_a_reference_of_its_own(self):
        first = PayoutFactory.create()

        with pytest.raises(IntegrityError):
            PayoutFactory.create(rail_reference=first.rail_reference)

    def test_counts_one_payment_of_the_rail_for_one_payout(self):
        first = PayoutFactory.create(paid=True)

        with pytest.raises(IntegrityError):
            PayoutFactory.create(paid=True, rail_transaction_id=first.rail_transaction_id)


class TestPayoutMethod:
    def test_is_in_use_once(self):
        method = PayoutMethodFactory.create()

        with pytest.raises(IntegrityError):
            PayoutMethodFactory.create(profile=method.profile, details=method.details)

    def test_can_be_added_again_after_it_was_switched_off(self, now):
        method = PayoutMethodFactory.create(deactivated_at=now + timedelta(days=1))

        again = PayoutMethodFactory.create(profile=method.profile, details=method.details)

        assert (method.is_active, again.is_active) == (False, True)
        assert str(again) == f"Paxum {again.details['email']}"


class TestPayoutApproval:
    def test_is_given_once_by_a_person(self):
        approval = PayoutApprovalFactory.create()
        assert str(approval) == f"{approval.by.email} approved {approval.payout_id}"

        with pytest.raises(IntegrityError):
            PayoutApprovalFactory.create(payout=approval.payout, by=approval.by)


class TestPayoutEvent:
    def test_knows_only_states_of_payouts(self):
        assert str(PayoutEventFactory.create()).endswith("REQUESTED 2026-01-15 12:00:00")

        with pytest.raises(IntegrityError):
            PayoutEventFactory.create(status="LOST")
