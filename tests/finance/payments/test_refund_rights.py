"""Who is one of the two, and which of two pieces of news about a refund is the later one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from apps.accounts.models import User
from apps.finance.ledger import postings
from apps.finance.payments import errors
from apps.finance.payments.adapters.base import Told
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Refund
from apps.finance.payments.rules.refunds import Policy, RefundState
from apps.finance.payments.services.refund_moves import locked_payment
from apps.finance.payments.services.refund_policies import set_refund_policy
from apps.finance.payments.services.refunds import approve_refund, gateway_refunded, reject_refund
from tests.finance.payments.refunding import (
    a_paid_tip,
    a_policy,
    ask,
    balance,
    books_are_balanced,
    fresh,
    news,
)

pytestmark = pytest.mark.django_db


def test_who_sets_the_limit_of_one_person_does_not_refund_alone_by_it(staff, now):
    tip = a_paid_tip("100.00", now=now)
    boss, other = staff("finance"), staff("finance")
    set_refund_policy(
        cluster=None, currency="USD", policy=Policy(four_eyes_from_minor=10**9),
        effective_from=now, by=boss, reason="Fewer questions", now=now,
    )  # fmt: skip

    refund = ask(tip, "60.00", by=boss, now=now)

    assert refund.state == RefundState.REQUESTED
    with pytest.raises(errors.SecondPersonNeeded):
        approve_refund(refund_id=refund.pk, by=boss, reason="", now=now)
    assert approve_refund(refund_id=refund.pk, by=other, reason="", now=now).state == "APPROVED"
    assert ask(tip, "40.00", by=other, now=now).state == RefundState.APPROVED


def test_a_creator_among_staff_stops_no_refund_of_their_own_sale(staff, now):
    tip = a_paid_tip("100.00", now=now)
    refund = ask(tip, "60.00", by=staff("finance"), now=now)
    payee = User.objects.get(profiles=tip.payee)
    payee.groups.set(staff("finance").groups.all())
    assert payee.has_perm("payments.approve_refund")

    with pytest.raises(errors.OwnPayment):
        reject_refund(refund_id=refund.pk, by=payee, reason="Mine", now=now)

    refund.refresh_from_db()
    assert refund.state == RefundState.REQUESTED


@pytest.mark.parametrize("first", [Told.REFUNDED, Told.REFUND_FAILED])
def test_a_refund_that_failed_after_it_went_back_ends_so_in_any_order(staff, now, first):
    a_policy(now=now)
    tip = a_paid_tip("100.00", now=now)
    refund = ask(tip, "60.00", by=staff("finance"), now=now)
    Refund.objects.filter(pk=refund.pk).update(state=RefundState.PENDING)
    said = [(Told.REFUNDED, now), (Told.REFUND_FAILED, now + timedelta(hours=1))]

    for told, at in said if first is Told.REFUNDED else reversed(said):
        with transaction.atomic():
            notice = news(tip, told, amount="60.00", transaction="r1", at=at)
            gateway_refunded(transaction=locked_payment(tip.pk), notice=notice, now=now)

    refund.refresh_from_db()
    assert (refund.state, Refund.objects.count()) == (RefundState.FAILED, 1)
    assert (fresh(tip).status, fresh(tip).refunded_minor) == (Status.CAPTURED, 0)
    assert balance(postings.processor_clearing("ccbill")) == "100.00"
    assert books_are_balanced()
