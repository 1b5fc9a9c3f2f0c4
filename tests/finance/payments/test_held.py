"""Payments that risk refuses or holds back, and what staff may do to one that waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from apps.finance.payments import errors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import AttemptStatus, Status
from apps.finance.payments.models import Transaction
from tests import given
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff():
    return StaffFactory.create(role="finance")


@pytest.fixture
def held(fan, now):
    """A deposit that waits for a person."""
    payment = given.a_deposit(fan, now=now)
    Transaction.objects.filter(pk=payment.pk).update(status=Status.CREATED, review_since=now)
    payment.refresh_from_db()
    return payment


def decide(payment, now, *, approved):
    with transaction.atomic():
        return payments.go_on_after_review(
            subject=f"transaction:{payment.public_id}",
            approved=approved,
            reason="Looked at",
            now=now,
        )


class TestAPaymentHeldBack:
    def test_is_neither_sent_nor_given_up(self, held, now):
        with pytest.raises(errors.WrongState):
            payments.open_checkout(transaction=held, now=now)
        assert payments.resolve_stale(now=now + timedelta(days=2)) == 0
        held.refresh_from_db()
        assert held.status == Status.CREATED

    def test_goes_on_once_when_it_is_approved(self, held, now):
        assert decide(held, now, approved=True)
        assert not decide(held, now, approved=False)
        held.refresh_from_db()
        assert (held.status, held.review_since) == (Status.REQUIRES_ACTION, None)
        assert payments.open_checkout(transaction=held, now=now).url

    def test_is_cancelled_when_it_is_rejected(self, held, now):
        assert decide(held, now, approved=False)
        held.refresh_from_db()
        assert (held.status, held.attempts.get().status) == (
            Status.CANCELLED,
            AttemptStatus.ENDED,
        )


class TestCancel:
    def test_gives_up_what_is_not_paid(self, fan, staff, now):
        payment = given.a_deposit(fan, now=now)
        done = payments.cancel_payment(
            transaction_id=payment.pk, by=staff, reason="Asked by phone", now=now
        )
        assert done.status == Status.CANCELLED
        assert done.history.latest("id").by == staff

    def test_a_late_webhook_wins(self, fan, staff, now):
        payment = given.a_deposit(fan, now=now)
        payments.cancel_payment(transaction_id=payment.pk, by=staff, reason="Asked", now=now)
        given.a_delivery(payment, now=now)
        payments.process_webhooks(now=now)
        payment.refresh_from_db()
        assert payment.status == Status.CAPTURED

    def test_is_refused_to_others_without_a_reason_and_once_paid(self, fan, staff, now):
        payment = given.a_deposit(fan, now=now)
        wish = {"transaction_id": payment.pk, "now": now}
        with pytest.raises(errors.SettleNotAllowed):
            payments.cancel_payment(**wish, by=fan.user, reason="Mine")
        with pytest.raises(errors.ReasonMissing):
            payments.cancel_payment(**wish, by=staff, reason=" ")
        given.a_delivery(payment, now=now)
        payments.process_webhooks(now=now)
        with pytest.raises(errors.WrongState):
            payments.cancel_payment(**wish, by=staff, reason="Too late")
        payment.refresh_from_db()
        assert payment.status == Status.CAPTURED


def test_only_staff_have_the_gateway_asked_and_only_about_what_waits(fan, staff, now):
    payment = given.a_deposit(fan, now=now)
    with pytest.raises(errors.SettleNotAllowed):
        payments.look_up_now(transaction_id=payment.pk, by=fan.user, now=now)
    payments.cancel_payment(transaction_id=payment.pk, by=staff, reason="Asked", now=now)
    with pytest.raises(errors.WrongState):
        payments.look_up_now(transaction_id=payment.pk, by=staff, now=now)
