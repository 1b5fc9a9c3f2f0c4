"""What creators are shown to have earned by a subscription: what reached their balance."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import transaction as database

from apps.finance.payments.adapters.base import Told
from apps.finance.payments.services.disputes import dispute_news
from apps.finance.payments.services.refund_moves import locked_payment
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.selectors import with_earned
from tests.finance.payments.refunding import news
from tests.given_subscriptions import an_incomplete_one, delivered, earned_by, paid

pytestmark = pytest.mark.django_db


def test_what_a_bank_took_is_not_earned_until_it_is_won(now: datetime) -> None:
    begun = an_incomplete_one(now=now)
    payment = paid(begun, now=now)
    delivered(now=now)

    def earned() -> tuple[int, str]:
        row = with_earned(Subscription.objects.filter(pk=begun.pk)).get()
        return vars(row)["earned_minor"], earned_by(begun.creator)

    assert earned() == (800, "8.00")
    for told, expected in ((Told.CHARGEBACK, (0, "0.00")), (Told.CHARGEBACK_WON, (800, "8.00"))):
        notice = news(payment, told, at=now, amount="10.00", case="case-1")
        with database.atomic():
            dispute_news(transaction=locked_payment(payment.pk), notice=notice, now=now)
        assert earned() == expected
