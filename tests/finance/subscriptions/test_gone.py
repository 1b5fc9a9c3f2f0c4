"""Nobody pays a creator who is gone, and no account that is closed, or a minor's, is charged."""

from datetime import timedelta

import pytest

from apps.accounts.choices import AgeState
from apps.accounts.models import Profile, User
from apps.finance.payments.models import Transaction
from apps.finance.subscriptions.choices import EndReason, State
from apps.finance.subscriptions.services import bill_due
from tests import given_subscriptions as given

pytestmark = pytest.mark.django_db(transaction=True)


def close_fan(subscription):
    User.objects.filter(pk=subscription.fan.user_id).update(is_active=False)


def find_a_minor(subscription):
    User.objects.filter(pk=subscription.fan.user_id).update(age_state=AgeState.MINOR)


def close_creator(subscription):
    User.objects.filter(pk=subscription.creator.user_id).update(is_active=False)


def stop_creating(subscription):
    Profile.objects.filter(pk=subscription.creator_id).update(is_creator=False)


WHO_GOES = [
    pytest.param(close_fan, EndReason.FAN_GONE, id="the fan's account is closed"),
    pytest.param(find_a_minor, EndReason.FAN_GONE, id="the fan is found to be a minor"),
    pytest.param(close_creator, EndReason.CREATOR_GONE, id="the creator's account is closed"),
    pytest.param(stop_creating, EndReason.CREATOR_GONE, id="the creator stops creating"),
]


@pytest.mark.parametrize(("goes", "why"), WHO_GOES)
def test_a_subscription_ends_uncharged_when_it_is_due(goes, why, now):
    price = given.a_price("10.00")
    subscription = given.subscribed(given.a_subscriber("100.00", now=now), price, now=now)
    goes(subscription)
    paid = Transaction.objects.count()

    billed = bill_due(now=now + timedelta(days=32))

    subscription.refresh_from_db()
    assert (subscription.state, subscription.end_reason) == (State.ENDED, why)
    assert billed.ended == 1
    assert Transaction.objects.count() == paid


def test_of_those_who_stay_everyone_is_charged_beside(now):
    price = given.a_price("10.00")
    leaves, *stay = [
        given.subscribed(given.a_subscriber("100.00", now=now), price, now=now) for _ in range(3)
    ]
    close_fan(leaves)

    billed = bill_due(now=now + timedelta(days=32))

    assert (billed.renewed, billed.ended) == (2, 1)
    for subscription in stay:
        subscription.refresh_from_db()
        assert (subscription.state, subscription.period_number) == (State.ACTIVE, 2)
