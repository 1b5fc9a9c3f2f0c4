"""Charges held as a notice did not arrive stand in a queue before their day, not only after it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.dash.selectors import queues
from apps.finance.subscriptions.choices import What
from apps.finance.subscriptions.models import DunningTry, Subscription
from apps.finance.subscriptions.selectors.queues import held_since, past_due_for_a_person
from apps.finance.subscriptions.services.reminders import NOT_DELIVERED
from tests import given_subscriptions as given

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def held(now) -> Subscription:
    it = given.a_subscription(now=now - timedelta(days=25))
    Subscription.objects.filter(pk=it.pk).update(
        held_why=NOT_DELIVERED, reminded_at=now - timedelta(days=2)
    )
    return given.fresh(it)


def test_they_wait_at_home_and_in_a_queue_of_their_own(console, staff, held, now):
    other = given.a_subscription(now=now)
    found = {queue.key: queue for queue in queues(by=staff("support"), now=now)}
    assert (found["charges_held"].count, found["past_due"].count) == (1, 0)
    assert held_since(10) == [now - timedelta(days=2)]

    address = reverse("admin:subscriptions_pastdue_changelist")
    text = console("support").get(address, {"queue": "held"}).content.decode()
    assert f"#{held.pk}" in text
    assert f"#{other.pk}" not in text
    assert "A notice before the charge did not arrive" in text
    assert f"#{held.pk}" not in console("support").get(address, {"queue": "all"}).content.decode()


def test_a_person_who_has_looked_lets_them_go(console, held):
    address = reverse("admin:subscriptions_pastdue_do", args=["retry"])
    client = console("support")
    assert "although a notice" in client.get(address, {"ids": held.pk}).content.decode()

    client.post(address, {"ids": held.pk, "reason": "The fan wrote: go ahead"}, follow=True)

    assert given.fresh(held).held_why == ""
    assert held_since(10) == []


def test_one_whose_charge_failed_is_past_due_and_not_held_twice(held, now):
    DunningTry.objects.create(
        subscription=held,
        period_number=2,
        number=1,
        at=now,
        decline_class="PAYER",
        code=NOT_DELIVERED,
        next_at=None,
    )
    Subscription.objects.filter(pk=held.pk).update(state="PAST_DUE")

    assert held_since(10) == []
    assert [row.pk for row in past_due_for_a_person()] == [held.pk]
    assert not held.history.filter(what=What.ENDED).exists()
