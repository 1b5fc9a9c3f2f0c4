"""Receipts of payments: one mail for each, known to whoever answers a bank."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from apps.core import events
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Occasion
from apps.finance.payments.models import Transaction
from apps.finance.payments.rules.evidence import RECEIPT_MAILED, receipt_key
from apps.finance.payments.selectors.evidence import _mailed
from apps.notifications import services as notifications
from apps.notifications.models import Message
from tests import given
from tests.finance.payments.refunding import a_paid_tip
from tests.notifications.given import context_of

pytestmark = pytest.mark.django_db


def read(payment: Any = None) -> Any:
    """A payment as the table has it; without one, the only one."""
    return Transaction.objects.get(**({"pk": payment.pk} if payment else {}))


def mailed(payment):
    return payment.history.filter(reason=RECEIPT_MAILED).count()


def deliver_events():
    return events.sweep(now=timezone.now() + timedelta(minutes=1))


def queue(payment, now):
    with transaction.atomic():
        payments.queue_receipt(transaction_id=payment.pk, now=now)


def test_a_captured_payment_is_receipted_once_and_its_history_says_so(now, mailoutbox):
    tip = read(a_paid_tip("30.00", now=now))
    queue(tip, tip.captured_at)
    assert Message.objects.get().subject_ref == f"transaction:{tip.pk}"
    notifications.send_due(now=tip.captured_at + timedelta(minutes=1))
    deliver_events()

    [mail] = mailoutbox
    assert mail.to == [tip.payer.user.email]
    assert f"a tip to {tip.payee.display_name}" in mail.body
    line = tip.history.get(reason=RECEIPT_MAILED)
    assert line.at == tip.captured_at + timedelta(minutes=1)

    message = Message.objects.get()
    message.state, message.next_attempt_at = "QUEUED", now  # as staff have it sent again
    message.save()
    notifications.send_due(now=tip.captured_at + timedelta(minutes=2))
    deliver_events()
    assert len(mailoutbox) == 2
    assert mailed(tip) == 1


def test_what_has_no_receipt_of_ours_gets_none(now):
    paid = read(a_paid_tip("30.00", now=now))
    Transaction.objects.update(
        kind=Kind.SUBSCRIPTION, occasion=Occasion.FIRST, subject="subscription:7"
    )
    queue(paid, paid.captured_at)
    assert not Message.objects.exists()


def test_content_is_named(now):
    paid = read(a_paid_tip("30.00", now=now))
    Transaction.objects.update(kind=Kind.CONTENT, subject="item:9")
    queue(paid, paid.captured_at)
    assert Message.objects.get().context["what"] == f"content of {paid.payee.display_name}"


def test_a_day_later_it_is_no_news(fan, now):
    given.a_funded_wallet(fan, "50.00", now=now)
    paid = read()
    queue(paid, paid.captured_at + timedelta(days=1))
    assert not Message.objects.exists()


def test_receipts_that_waited_in_the_last_release_are_handed_over_once(fan, now):
    given.a_funded_wallet(fan, "50.00", now=now)
    paid = read()
    Transaction.objects.update(receipt_due_at=paid.captured_at)
    assert payments.hand_over_receipts(now=paid.captured_at) == 1
    assert payments.hand_over_receipts(now=paid.captured_at) == 0
    assert Message.objects.get().key == receipt_key(paid.pk)


def test_a_receipt_of_another_app_counts_too(fan, now, mailoutbox):
    given.a_funded_wallet(fan, "50.00", now=now)
    paid = Transaction.objects.select_related("payer__user").get()
    assert _mailed(paid) == "none of its own"
    with transaction.atomic():
        notifications.queue(
            notifications.Message(
                kind="purchase.receipt",
                to=fan.user_id,
                cluster_id=fan.cluster_id,
                key=receipt_key(paid.pk),
                context=context_of("purchase.receipt"),
            ),
            now=now,
        )
    notifications.send_due(now=now)
    assert _mailed(paid) == f"2026-01-15 12:00:00 UTC, to {fan.user.email}"
