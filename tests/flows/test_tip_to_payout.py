"""The main job, told as an accountant would: a card tip becomes a creator's payout."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.audit import selectors as audit_selectors
from apps.audit import services as audit
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Status as PaymentStatus
from apps.payouts import services as payouts
from apps.payouts.choices import Status as PayoutStatus
from tests import given
from tests.factories.accounts import ProfileFactory

pytestmark = pytest.mark.django_db(transaction=True)


def balances() -> dict[str, int]:
    """Every account's balance in cents, debit positive, by its chart code."""
    return {row.code: row.debit_minor - row.credit_minor for row in books.trial_balance()}


def dollars(account: postings.AccountRef) -> str:
    return str(books.balance_of(account, "USD").decimal)


class TestTipToPayout:
    def test_a_tip_travels_from_a_card_to_a_payout_and_the_books_balance(
        self, sandbox, creator, staff, django_user_model
    ):
        now = timezone.now()
        fan = ProfileFactory.create(cluster=creator.cluster)
        earnings = postings.creator_payable(creator.pk)

        # The fan tips $100.00 at the gateway's page. Nothing is booked on the browser's word.
        tip = given.a_card_tip(fan, creator, "100.00", now=now)
        back = sandbox.pay(payments.checkout_url(transaction=tip, now=now))
        tip = payments.record_return(cluster=creator.cluster, params=back.returned, now=now)
        assert tip.status == PaymentStatus.PROCESSING
        assert balances() == {}

        # The webhook arrives twice: captured and booked once. 15 % platform, 5 % processing.
        for delivery in sandbox.take_webhooks() * 2:
            payments.receive_webhook(
                gateway="ccbill",
                query=delivery["query"],
                headers={"content-type": delivery["content_type"]},
                body=delivery["body"].encode(),
                remote_ip="127.0.0.1",
                now=now,
            )
        payments.process_webhooks(now=now)
        tip.refresh_from_db()
        assert tip.status == PaymentStatus.CAPTURED
        assert balances() == {"1100": 100_00, "2100": -80_00, "2200": -5_00, "4000": -15_00}

        # The creator asks for $60.00: reserved at once, whatever staff decide.
        method = given.a_payout_method(creator, now=now)
        payout = payouts.request_payout(
            creator=creator,
            method_id=method.pk,
            amount=Money.of("60.00", "USD"),
            idempotency_key="flow",
            now=now,
        )
        assert dollars(earnings) == "20.00"
        assert balances()["2300"] == -60_00

        # Two members of staff agree; the rail pays and keeps a dollar of ours as its fee.
        for role in ("payouts", "payouts"):
            payouts.approve_payout(payout_id=payout.pk, by=staff(role), reason="Seen", now=now)
        later = now + timedelta(minutes=1)
        assert payouts.send_approved(now=later) == 1
        payout.refresh_from_db()
        assert payout.status == PayoutStatus.PAID
        assert sandbox.times_paid(payout.rail_reference) == 1
        assert balances() == {
            "1100": 100_00,
            "1200": -61_00,
            "2100": -20_00,
            "2200": -5_00,
            "2300": 0,
            "4000": -15_00,
            "5200": 1_00,
        }

        # The books balance, and what people did can be proved.
        assert ledger.check_books(now=later).ok
        call_command("ledger_check")
        audit.seal(now=later)
        assert audit_selectors.verify_chain().ok
