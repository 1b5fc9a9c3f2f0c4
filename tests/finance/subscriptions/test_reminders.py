"""What is going to be charged is said before: C15, C16 and C17, and each year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from apps.finance.payments.models import Transaction
from apps.finance.subscriptions.choices import Consent, State
from apps.finance.subscriptions.models import DunningTry, Price, PriceChange, Subscription
from apps.finance.subscriptions.rules.reminders import next_reminder, of_trial
from apps.finance.subscriptions.services.reminders import hold_unreached, remind_due
from apps.finance.subscriptions.services.tick import bill_due
from apps.notifications.models import Message
from tests import given_subscriptions as given
from tests.factories.subscriptions import PriceFactory
from tests.finance.subscriptions import crowd

NOW = datetime(2026, 1, 10, 9, tzinfo=UTC)
DAY = timedelta(days=1)
DUE = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "said_on"),
    [(30, 22.625), (14, 6.625), (8, 0.625), (7, 5.25), (4, 3), (3, 2), (2, 1), (1, 0)],
)
def test_when_the_end_of_a_trial_is_said(days, said_on):
    said = of_trial(began_at=NOW, ends_at=NOW + days * DAY)
    assert said == NOW + timedelta(days=said_on)


@pytest.mark.parametrize(
    ("months", "more", "said_before"),
    [
        (12, {}, 14 * DAY),
        (6, {}, 14 * DAY),
        (3, {}, None),
        (1, {}, None),
        (1, {"introductory": True}, 7.5 * DAY),  # as the day begins
        (1, {"started_at": DUE - 370 * DAY}, 5 * DAY),
        (1, {"started_at": NOW - 400 * DAY}, DUE - NOW),  # over already: as the period begins
    ],
)
def test_when_a_renewal_is_said(months, more, said_before):
    facts = {
        "months": months,
        "started_at": NOW,
        "until": DUE,
        "is_trial": False,
        "period_began_at": NOW,
        **more,
    }
    said = next_reminder(**facts)
    assert said == (None if said_before is None else DUE - said_before)
    assert next_reminder(**{**facts, "told_at": NOW + DAY, "is_told": True}) is None


@pytest.mark.django_db(transaction=True)
def test_a_trial_s_end_is_mailed_once_seven_days_before():
    price = given.a_price("10.00", trial_days=14)
    subscription = given.a_subscription(now=NOW, price=price)
    assert subscription.state == State.TRIALING
    week_before = datetime(2026, 1, 17, tzinfo=UTC)  # as the day begins
    assert remind_due(now=week_before - timedelta(seconds=1)) == 0
    assert remind_due(now=week_before) == 1
    assert remind_due(now=NOW + 8 * DAY) == 0
    mail = Message.objects.get(kind="subscription.trial_ending")
    assert mail.context["first_amount"] == "$10.00"
    assert mail.context["trial_ends_on"] == "2026-01-24"
    assert mail.context["manage_url"].endswith(f"/subscriptions/{subscription.public_id}/")


@pytest.mark.django_db(transaction=True)
def test_whoever_was_not_reached_is_not_charged_until_somebody_has_looked():
    price = given.a_price("10.00", trial_days=14)
    subscription = given.a_subscription(now=NOW, price=price)
    remind_due(now=NOW + 7 * DAY)
    mail = Message.objects.get(kind="subscription.trial_ending")
    with transaction.atomic():
        assert hold_unreached(kind=mail.kind, key=mail.key, now=NOW + 7 * DAY)
        assert not hold_unreached(kind=mail.kind, key=mail.key, now=NOW + 7 * DAY)

    bill_due(now=NOW + 14 * DAY)

    subscription.refresh_from_db()
    assert subscription.state == State.PAST_DUE
    assert not Transaction.objects.filter(
        payer=subscription.fan, subject__startswith="subscription:"
    ).exists()
    assert DunningTry.objects.get().code == "notice_not_delivered"


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_may_be_missed_holds_nothing_back():
    [fan] = crowd.subscribers(1, due=DUE, among=crowd.prices(1))
    subscription = Subscription.objects.get(fan=fan)
    with transaction.atomic():
        key = f"subscription:{subscription.pk}:receipt:1"
        assert not hold_unreached(kind="subscription.receipt", key=key, now=NOW)
        old = f"subscription:{subscription.pk}:renewal_ahead:0"
        assert not hold_unreached(kind="subscription.renewal_ahead", key=old, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_a_reminder_that_raises_stops_no_other_and_nothing_is_charged_before_it():
    price = given.a_price("10.00", trial_days=14)
    broken, *others = [given.a_subscription(now=NOW, price=price) for _ in range(3)]
    Subscription.objects.filter(pk=broken.pk).update(timezone="Nowhere/At_All")

    assert remind_due(now=NOW + 7 * DAY) == 3

    mailed = Message.objects.filter(kind="subscription.trial_ending")
    assert {mail.subject_ref for mail in mailed} == {each.source for each in others}
    broken.refresh_from_db()
    assert broken.remind_at == NOW + 7 * DAY + timedelta(hours=1)
    bill_due(now=NOW + 14 * DAY)
    sold = Transaction.objects.filter(subject__startswith="subscription:")
    assert {each.payer_id for each in sold} == {each.fan_id for each in others}


@pytest.mark.django_db(transaction=True)
def test_who_said_no_to_a_new_price_is_not_told_of_a_charge():
    price = given.a_price("10.00", months=12)
    subscription = given.a_subscription(now=NOW, price=price)
    Price.objects.filter(pk=price.pk).update(replaced_at=NOW)
    change = PriceChange.objects.create(
        old=price,
        new=PriceFactory.create(plan=price.plan, amount="20.00", months=12),
        effective_at=NOW + 60 * DAY,
        told_at=NOW + DAY,
        needs_consent=True,
        created_at=NOW,
    )
    Subscription.objects.filter(pk=subscription.pk).update(
        price_change=change, consent=Consent.REFUSED
    )

    assert remind_due(now=NOW + 360 * DAY) == 1

    assert not Message.objects.filter(kind="subscription.renewal_ahead").exists()
    bill_due(now=NOW + 366 * DAY)
    subscription.refresh_from_db()
    assert (subscription.state, subscription.end_reason) == ("ENDED", "NO_CONSENT")
