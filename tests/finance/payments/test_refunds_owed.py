"""Money that bought nothing goes back, even where its gateway gives nothing back by itself."""

from __future__ import annotations

import pytest
from django.db import transaction

from apps.finance.ledger import postings
from apps.finance.payments.adapters.base import Told
from apps.finance.payments.models import Refund, Transaction
from apps.finance.payments.rules.refunds import RefundState
from apps.finance.payments.selectors.refunds import refunds_to_decide
from apps.finance.payments.services.refund_moves import locked_payment
from apps.finance.payments.services.refunds import (
    approve_refund,
    gateway_refunded,
    refund_by_rule,
    refund_for_nothing,
)
from tests.finance.payments.refunding import a_paid_tip, a_policy, balance, news, usd

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(staff):
    return staff("finance")


@pytest.fixture
def tip(now):
    tip = a_paid_tip("100.00", now=now)
    Transaction.objects.filter(pk=tip.pk).update(gateway="epoch")  # refunds in its console
    return Transaction.objects.get(pk=tip.pk)


def owed(tip, *, now) -> Refund | None:
    with transaction.atomic():
        return refund_for_nothing(transaction_id=tip.pk, reason="Paid twice", key="twice", now=now)


def test_by_its_gateway_at_once(now):
    refund = owed(a_paid_tip("100.00", now=now), now=now)
    assert refund is not None
    assert (refund.destination, refund.state) == ("GATEWAY", RefundState.APPROVED)


def test_waits_for_staff_who_let_it_go_to_the_wallet(tip, chief, now, caplog):
    refund = owed(tip, now=now)

    assert refund is not None
    assert (refund.destination, refund.state) == ("WALLET", RefundState.REQUESTED)
    assert refund in refunds_to_decide(chief.pk)
    assert "refund_needs_a_person" in caplog.text
    assert balance(postings.wallet(tip.payer_id)) == "0.00"
    assert owed(tip, now=now) is None

    approve_refund(refund_id=refund.pk, by=chief, reason="Owed", now=now)
    assert balance(postings.wallet(tip.payer_id)) == "100.00"
    assert Refund.objects.get().state == RefundState.DONE


def test_is_taken_back_when_staff_refund_in_the_gateways_console(tip, now):
    refund = owed(tip, now=now)
    assert refund is not None
    with transaction.atomic():
        gateway_refunded(
            transaction=locked_payment(tip.pk),
            notice=news(tip, Told.REFUNDED, amount="100.00"),
            now=now,
        )

    refund.refresh_from_db()
    assert refund.state in {RefundState.REJECTED, RefundState.FAILED}
    assert balance(postings.wallet(tip.payer_id)) == "0.00"
    assert Refund.objects.get(state=RefundState.DONE).amount == usd("100.00")


def test_a_rule_that_only_spares_a_dispute_asks_nobody(tip, now):
    a_policy(now=now, refund_alerts_to_minor=200_00)
    with transaction.atomic():
        asked = refund_by_rule(
            transaction=locked_payment(tip.pk), reason="Announced", key="alert", now=now
        )
    assert asked is None
    assert not Refund.objects.exists()
