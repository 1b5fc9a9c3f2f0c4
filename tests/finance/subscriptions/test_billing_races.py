"""Billing against cancellations, against itself, and against a clock that was set back."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app
from django.db import connection, transaction

from apps.accounts.models import Profile
from apps.finance.payments.models import Transaction
from apps.finance.subscriptions import services
from apps.finance.subscriptions.choices import State
from apps.finance.subscriptions.models import BillingRun, Period, Subscription
from apps.finance.subscriptions.services.renew_wallets import renew_wallets
from apps.finance.subscriptions.services.tick import bill_due
from tests.finance.subscriptions import crowd

pytestmark = pytest.mark.django_db(transaction=True)

SEED = 5_001
DUE = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOW = DUE + timedelta(minutes=3)
PATIENCE_SECONDS = 60


@pytest.fixture(autouse=True)
def deliveries_wait():
    """What is published waits in the outbox, as there is no worker."""
    current_app.conf.task_always_eager = False
    yield
    current_app.conf.task_always_eager = True


def in_threads(*works):
    """Do all at once, each on a connection of its own."""
    ready, raised = threading.Barrier(len(works)), []

    def run(work):
        try:
            ready.wait(PATIENCE_SECONDS)
            work()
        except Exception as error:  # noqa: BLE001 (told to the test's own thread)
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert not raised, raised


def no_charge_after_a_cancel(people):
    """Of each: charged before it was cancelled, or not at all; and never twice."""
    charged = set(
        Transaction.objects.filter(payer_id__in=people).values_list("payer_id", flat=True)
    )
    assert Transaction.objects.filter(payer_id__in=people).count() == len(charged)
    for subscription in Subscription.objects.filter(fan_id__in=people):
        if subscription.cancelled_at is None:
            assert subscription.fan_id in charged
        elif subscription.fan_id in charged:
            # It was the renewal's turn first: the new period runs to its end.
            assert subscription.period_number == 2
            assert (subscription.state, subscription.cancel_at_end) == (State.ACTIVE, True)
        else:
            assert (subscription.state, subscription.period_number) == (State.ENDED, 1)
    return len(charged)


def cancel(fan_id, *, now):
    fan = Profile.objects.select_related("user").get(pk=fan_id)
    public_id = Subscription.objects.values_list("public_id", flat=True).get(fan_id=fan_id)
    services.cancel(subscription_id=public_id, fan=fan, now=now)


def test_in_a_thousand_orders_of_cancel_and_renew_nothing_is_charged_after_a_cancel():
    """By a schedule of steps: each fan cancels at a random point between random batches."""
    people = crowd.subscribers(1_000, due=DUE, among=crowd.prices(3))
    chance = random.Random(SEED)  # noqa: S311
    waiting = chance.sample(people, k=len(people))
    while crowd.due_ones(NOW):
        for _ in range(chance.randrange(0, 40)):
            if waiting:
                cancel(waiting.pop(), now=NOW)
        with transaction.atomic():
            renew_wallets(now=NOW, limit=chance.randrange(1, 40), claimed=[])
    for fan in waiting:
        cancel(fan, now=NOW)

    charged = no_charge_after_a_cancel(people)
    assert 100 < charged < 900, "one side always won"


def test_at_once_over_connections_of_their_own_nothing_is_charged_after_a_cancel():
    people = crowd.subscribers(200, due=DUE, among=crowd.prices(3))
    order = random.Random(SEED).sample(people, k=len(people))  # noqa: S311

    def cancelling():
        for fan in order:
            cancel(fan, now=NOW)

    def billing():
        while True:
            with transaction.atomic():
                done = renew_wallets(now=NOW, limit=3, claimed=[])
            if not done.touched:
                break

    in_threads(cancelling, billing, billing)
    bill_due(now=NOW)

    charged = no_charge_after_a_cancel(people)
    assert 0 < charged < 200, "one side always won"


def test_while_a_renewal_holds_the_row_a_cancel_waits_and_ends_the_new_period():
    [fan] = crowd.subscribers(1, due=DUE, among=crowd.prices(1))
    done = threading.Event()

    def cancelling():
        cancel(fan, now=NOW)
        done.set()
        connection.close()

    thread = threading.Thread(target=cancelling)
    with transaction.atomic():
        assert renew_wallets(now=NOW, limit=10, claimed=[]).renewed == 1
        thread.start()
        assert not done.wait(0.5), "it did not wait"
    thread.join(PATIENCE_SECONDS)

    subscription = Subscription.objects.get(fan=fan)
    assert (subscription.period_number, subscription.cancel_at_end) == (2, True)
    assert subscription.access_until == subscription.current_until


def test_two_beats_at_once_share_the_work():
    people = crowd.subscribers(600, due=DUE, among=crowd.prices(3))
    billed = []
    in_threads(*[lambda: billed.append(bill_due(now=NOW, limit=50))] * 3)

    assert sum(each.renewed for each in billed) == len(people)
    assert not any(each.failed or each.declined for each in billed)
    assert Transaction.objects.filter(payer_id__in=people).count() == len(people)
    assert Period.objects.filter(number=2).count() == len(people)
    assert sum(BillingRun.objects.values_list("renewed", flat=True)) == len(people)


def test_a_clock_that_is_set_back_charges_nothing_twice():
    people = crowd.subscribers(5, due=DUE, among=crowd.prices(1))
    assert bill_due(now=NOW).renewed == 5
    for back in (timedelta(hours=1), timedelta(days=40)):
        assert bill_due(now=NOW - back).touched == 0
    assert bill_due(now=NOW).touched == 0
    assert Transaction.objects.filter(payer_id__in=people).count() == 5
    # The next is due on its own day, whatever the clock said meanwhile.
    assert bill_due(now=datetime(2026, 2, 28, 11, 59, tzinfo=UTC)).touched == 0
    assert bill_due(now=datetime(2026, 2, 28, 12, 0, tzinfo=UTC)).renewed == 5


def test_what_is_paid_is_not_charged_however_wrong_its_due_day_is():
    [fan] = crowd.subscribers(1, due=DUE, among=crowd.prices(1))
    Subscription.objects.filter(fan=fan).update(due_at=DUE - timedelta(days=9))
    assert bill_due(now=DUE - timedelta(days=5)).touched == 0
    assert not Transaction.objects.filter(payer=fan).exists()


def test_a_row_that_raises_is_found_by_halving_and_stops_no_other():
    people = crowd.subscribers(40, due=DUE, among=crowd.prices(2))
    poisoned = Subscription.objects.get(fan_id=people[17])
    # Its period was paid already, by what nobody knows.
    Period.objects.create(
        subscription=poisoned, number=2, from_at=DUE, until_at=DUE + timedelta(days=28),
        kind="PAID", state="PAID", amount_minor=0, currency="USD", at=DUE, paid_at=DUE,
    )  # fmt: skip

    billed = bill_due(now=NOW)

    assert (billed.renewed, billed.failed) == (39, 1)
    assert not Transaction.objects.filter(payer=poisoned.fan_id).exists()
    run = BillingRun.objects.get()
    [failure] = run.failures.all()
    assert (failure.subscription_id, failure.code) == (poisoned.pk, "RuntimeError")
    poisoned.refresh_from_db()
    assert poisoned.due_at == NOW + timedelta(hours=1)
    assert (run.renewed, run.failed, run.state) == (39, 1, "DONE")
