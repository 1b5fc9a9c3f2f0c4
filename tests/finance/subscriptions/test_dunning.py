"""Charges that failed: tried by the schedule, told, healed or ended; grace apart from tries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app
from django.db import transaction

from apps.accounts.models import Profile
from apps.core.models import OutboxMessage
from apps.core.money import Money
from apps.finance.entitlements.models import Entitlement
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments.models import Transaction
from apps.finance.subscriptions import errors, events
from apps.finance.subscriptions.choices import DeclineClass, EndReason, State
from apps.finance.subscriptions.models import DunningPolicy, DunningTry, Subscription
from apps.finance.subscriptions.rules.dunning import CONFIRM, Policy, after_failure, problem_of
from apps.finance.subscriptions.selectors.policies import policies
from apps.finance.subscriptions.services.charges import charges_of
from apps.finance.subscriptions.services.claims import lock
from apps.finance.subscriptions.services.dunning import Failure, record_failures
from apps.finance.subscriptions.services.retry import retry_now, wallet_filled
from apps.finance.subscriptions.services.tick import bill_due
from apps.notifications.models import Message
from tests import given
from tests.factories.accounts import StaffFactory
from tests.finance.subscriptions import crowd


@pytest.fixture(autouse=True)
def workers_wait():
    """The tests say when the machine looks, and what time it is then."""
    current_app.conf.task_always_eager = False
    yield
    current_app.conf.task_always_eager = True


DUE = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LATER, PAYER, NEVER = DeclineClass.LATER, DeclineClass.PAYER, DeclineClass.NEVER


# --- The rules -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("decline", "tries", "on_day", "next_day"),
    [
        (LATER, 1, 0, 1),
        (LATER, 2, 1, 3),
        (LATER, 3, 3, 7),
        (LATER, 4, 7, 14),
        (LATER, 5, 14, None),
        (LATER, 3, 2, 3),  # tried by hand in between: the schedule stays
        (LATER, 15, 3, None),  # what networks allow is used up
        (PAYER, 1, 0, None),
        (NEVER, 1, 0, None),
    ],
)
def test_what_follows_a_failure(decline, tries, on_day, next_day):
    follow = after_failure(
        policy=Policy(), decline=decline, first_failed_at=DUE, tries=tries,
        access_until=DUE + 3 * DAY, now=DUE + on_day * DAY,
    )  # fmt: skip
    assert follow.try_at == (None if next_day is None else DUE + next_day * DAY)
    assert follow.ends_at == DUE + 14 * DAY


def test_it_never_ends_while_the_days_of_grace_run():
    follow = after_failure(
        policy=Policy((1,), 30), decline=LATER, first_failed_at=DUE, tries=2,
        access_until=DUE + 30 * DAY, now=DUE + DAY,
    )  # fmt: skip
    assert (follow.try_at, follow.due_at) == (None, DUE + 30 * DAY)


@pytest.mark.parametrize(
    ("days", "grace", "is_fine"),
    [
        ([1, 3, 7, 14], 3, True),
        ([], 0, True),
        (list(range(1, 15)), 60, True),
        (list(range(1, 16)), 3, False),
        ([3, 1], 3, False),
        ([1, 1], 3, False),
        ([0], 3, False),
        ([31], 3, False),
        (["1"], 3, False),
        ([True], 3, False),
        ([1], 61, False),
    ],
)
def test_what_a_schedule_may_be(days, grace, is_fine):
    assert (problem_of(days, grace) == "") is is_fine


@pytest.mark.django_db
def test_a_brand_s_own_policy_goes_before_the_general_from_its_moment_on():
    brand = crowd.prices(1)[0].plan.cluster
    assert policies(now=DUE).of(brand.pk) == Policy((1, 3, 7, 14), 3)
    DunningPolicy.objects.create(cluster=brand, days=[2], grace_days=0, effective_from=DUE)
    assert policies(now=DUE - DAY).of(brand.pk) == Policy((1, 3, 7, 14), 3)
    assert policies(now=DUE).of(brand.pk) == Policy((2,), 0)
    assert policies(now=DUE).of(brand.pk + 1) == Policy((1, 3, 7, 14), 3)


# --- A wallet that is empty ---
@pytest.fixture
def poor():
    [fan] = crowd.subscribers(1, due=DUE, among=crowd.prices(1), wallet="")
    return fan


def of(fan):
    return Subscription.objects.get(fan=fan)


def charge_of(fan, at):
    due = lock(of(fan).pk)
    assert due is not None
    [charge] = charges_of([due], now=at)
    return charge


def run_days(first, last):
    for day in range(first, last + 1):
        bill_due(now=DUE + day * DAY)


@pytest.mark.django_db(transaction=True)
def test_it_is_tried_on_the_days_of_the_schedule_and_ends_after_the_last(poor):
    run_days(0, 13)
    tries = DunningTry.objects.order_by("number")
    assert [(each.at - DUE).days for each in tries] == [0, 1, 3, 7]
    assert of(poor).state == State.PAST_DUE
    access = Entitlement.objects.get(profile=poor)
    assert (access.until_at, access.withdrawn_at) == (DUE + 3 * DAY, None)

    run_days(14, 14)
    ended = of(poor)
    assert (ended.state, ended.end_reason) == (State.ENDED, EndReason.UNPAID)
    assert (ended.ended_at, ended.due_at) == (DUE + 14 * DAY, None)
    assert [each.next_at is None for each in tries.all()] == [False] * 4 + [True]
    assert not Transaction.objects.filter(payer=poor).exists()
    kinds = Message.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds).count("subscription.declined") == 4
    assert list(kinds).count("subscription.ended") == 1
    told = [m.payload["tries"] for m in OutboxMessage.objects.filter(
        name=events.SubscriptionPastDue.name).order_by("id")]  # fmt: skip
    assert told == [1, 2, 3, 4]


@pytest.mark.django_db(transaction=True)
def test_a_wallet_that_is_filled_is_charged_at_once_for_the_regular_days(poor):
    run_days(0, 1)
    crowd.fund([poor], Money.of("25.00", "USD"), cluster="boyfanz", now=DUE + DAY)
    filled = DUE + DAY + timedelta(hours=5)
    with transaction.atomic():
        assert wallet_filled(fan_id=poor, now=filled) == 1
    bill_due(now=filled)

    healed = of(poor)
    assert (healed.state, healed.tries, healed.period_number) == (State.ACTIVE, 0, 2)
    assert healed.current_from == DUE
    assert healed.current_until == datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert ledger.balance_of(postings.wallet(poor), "USD").minor == 15_00
    assert [line.what for line in healed.history.order_by("id")][-1] == "RECOVERED"
    # Filled once more, there is nothing to try again.
    with transaction.atomic():
        assert wallet_filled(fan_id=poor, now=filled) == 0


@pytest.mark.django_db(transaction=True)
def test_within_a_day_one_mail_tells_of_all_failures(poor):
    run_days(0, 0)
    with transaction.atomic():
        wallet_filled(fan_id=poor, now=DUE + timedelta(hours=2))
    bill_due(now=DUE + timedelta(hours=2))
    assert DunningTry.objects.count() == 2
    assert Message.objects.filter(kind="subscription.declined").count() == 1
    assert of(poor).due_at == DUE + DAY


@pytest.mark.django_db(transaction=True)
def test_a_mail_a_day_is_counted_from_the_mail_not_from_the_try(poor):
    for hours in (0, 20, 40):
        at = DUE + timedelta(hours=hours)
        with transaction.atomic():
            wallet_filled(fan_id=poor, now=at)
        bill_due(now=at)
    mailed = Message.objects.filter(kind="subscription.declined").order_by("id")
    assert [each.queued_at - DUE for each in mailed] == [timedelta(0), timedelta(hours=40)]


@pytest.mark.django_db(transaction=True)
def test_who_was_promised_a_try_that_will_not_come_is_told_within_the_day(poor):
    run_days(0, 0)
    at = DUE + timedelta(hours=2)
    with transaction.atomic():
        failure = Failure(charge_of(poor, at), NEVER, "payments.never_again")
        record_failures([failure], now=at)
    newest = Message.objects.filter(kind="subscription.declined").latest("id")
    assert newest.queued_at == at
    assert newest.context["next_try_on"] == ""


@pytest.mark.django_db(transaction=True)
def test_who_must_answer_the_bank_is_led_to_the_payment_that_waits(poor):
    with transaction.atomic():
        payer = Profile.objects.get(pk=poor)
        payment = given.a_deposit(payer, "10.00", now=DUE, key="waits")
        failure = Failure(charge_of(poor, DUE), PAYER, CONFIRM, "", payment.pk)
        record_failures([failure], now=DUE)
    mail = Message.objects.get(kind="subscription.payer_needed")
    assert mail.context["pay_url"] == (
        f"http://boyfanz.localhost:8000/checkout/{payment.public_id}/"
    )


@pytest.mark.django_db(transaction=True)
def test_what_ends_unpaid_says_why_the_last_charge_failed(poor):
    run_days(0, 14)
    mail = Message.objects.get(kind="subscription.ended")
    assert mail.context["reason"] == "It could not be charged. Your wallet holds too little."


@pytest.mark.django_db(transaction=True)
def test_after_an_outage_of_months_what_was_closed_is_not_charged():
    [fan] = crowd.subscribers(1, due=DUE, among=crowd.prices(1), wallet="100.00")
    bill_due(now=datetime(2026, 4, 10, tzinfo=UTC))
    late = of(fan)
    # Anchored on 31 December: period 4 is that from 31 March to 30 April.
    assert late.period_number == 4
    assert late.current_from == datetime(2026, 3, 31, 12, tzinfo=UTC)
    assert late.current_until == datetime(2026, 4, 30, 12, tzinfo=UTC)
    assert ledger.balance_of(postings.wallet(fan), "USD").minor == 90_00
    assert late.history.get(what="RENEWED").facts["not_charged"] == 2


@pytest.mark.django_db(transaction=True)
def test_after_an_outage_within_the_days_of_grace_nothing_is_given_away():
    [fan] = crowd.subscribers(1, due=DUE, among=crowd.prices(1))
    bill_due(now=DUE + 2 * DAY)
    assert (of(fan).current_from, of(fan).period_number) == (DUE, 2)


# --- Tried again on purpose ---
@pytest.mark.django_db(transaction=True)
def test_staff_have_it_tried_at_once_and_it_is_written_down(poor):
    run_days(0, 0)
    crowd.fund([poor], Money.of("10.00", "USD"), cluster="boyfanz", now=DUE)
    staff = StaffFactory.create(role="support")
    staff.is_superuser = True
    staff.save()
    retry_now(
        subscription_id=of(poor).public_id, by=staff, reason="The fan called", now=DUE + DAY / 2
    )
    bill_due(now=DUE + DAY / 2)
    assert of(poor).state == State.ACTIVE


@pytest.mark.django_db(transaction=True)
def test_who_may_not_or_gives_no_reason_changes_nothing(poor):
    run_days(0, 0)
    before = of(poor).due_at
    stranger = given.a_creator("0.00", now=DUE)
    public_id = of(poor).public_id
    with pytest.raises(errors.SubscriptionNotFound):
        retry_now(subscription_id=public_id, fan=stranger, now=DUE)
    with pytest.raises(errors.StaffNotAllowed):
        retry_now(subscription_id=public_id, by=stranger.user, reason="x", now=DUE)
    staff = StaffFactory.create(role="support", is_superuser=True)
    with pytest.raises(errors.ReasonMissing):
        retry_now(subscription_id=public_id, by=staff, reason=" ", now=DUE)
    assert of(poor).due_at == before


@pytest.mark.django_db(transaction=True)
def test_what_is_paid_cannot_be_tried_again():
    [fan] = crowd.subscribers(1, due=DUE, among=crowd.prices(1))
    own = Profile.objects.select_related("user").get(pk=fan)
    with pytest.raises(errors.WrongState):
        retry_now(subscription_id=of(fan).public_id, fan=own, now=DUE - DAY)
