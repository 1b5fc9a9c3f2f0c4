"""kill -9 of a payments worker at its worst moments: one capture, one entry, nothing lost.

The workers are real processes with their own connections; the gateway is the sandbox.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction

from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Status, WebhookStatus
from apps.finance.payments.models import Transaction, WebhookEvent
from apps.finance.payments.rules.waiting import LEASE, LOOK_UP_AFTER
from tests import given
from tests.factories.accounts import ProfileFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[3]
#: One tick, as the worker runs it, at a time of the test's choosing.
TICK = """
import sys
from datetime import datetime
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[3]
settings.CCBILL["datalink_url"] = sys.argv[4]
from apps.finance.payments import services
getattr(services, sys.argv[1])(now=datetime.fromisoformat(sys.argv[2]))
"""
PATIENCE_SECONDS = 60
BATCH = 8


@pytest.fixture
def start_tick():
    """Start ticks as processes of their own; none outlives the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(what, *, now):
        name = str(connection.settings_dict["NAME"])
        url = settings.CCBILL["datalink_url"]
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", TICK, what, now.isoformat(), name, url],
                cwd=ROOT,
                env=dict(os.environ),
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def kill(process):
    process.send_signal(signal.SIGKILL)
    assert process.wait(PATIENCE_SECONDS) == -signal.SIGKILL


def wait_until(true):
    ends = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.02)


def waits_for_a_lock():
    with connection.cursor() as cursor:
        # Inside a transaction the view would show the same moment again and again.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def the_dead_are_gone():
    """Its server's side notices that it is dead only once its lock is granted.

    Idle connections are other tests': a server thread, a pool; they hold no lock.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend' AND state <> 'idle'"
        )
        return not cursor.fetchone()[0]


def clearing():
    return ledger.balance_of(postings.processor_clearing("ccbill"), "USD").minor


def captured():
    return Transaction.objects.filter(status=Status.CAPTURED).count()


def a_batch(now):
    """Deposits of 50.00, each with its webhook delivered twice."""
    batch = [given.a_deposit(ProfileFactory.create(), now=now) for _ in range(BATCH)]
    for number, deposit in enumerate(batch):
        for _ in range(2):
            given.a_delivery(deposit, now=now, subscriptionId=f"011724010200000{number:04d}")
    return batch


def is_whole_after_another_run(batch, now):
    wait_until(the_dead_are_gone)
    later = now + LEASE + timedelta(seconds=1)
    payments.process_webhooks(now=later)

    assert captured() == BATCH
    assert clearing() == BATCH * 50_00
    for deposit in batch:
        assert ledger.balance_of(postings.wallet(deposit.payer_id), "USD").minor == 50_00
        assert deposit.history.filter(to_status=Status.CAPTURED).count() == 1
    states = list(WebhookEvent.objects.values_list("status", flat=True))
    assert states.count(WebhookStatus.PROCESSED) == states.count(WebhookStatus.IGNORED) == BATCH
    assert payments.process_webhooks(now=later + LEASE + timedelta(seconds=1)) == 0
    return True


class TestKilledWhileItProcessesWebhooks:
    def test_in_the_middle_of_a_batch_nothing_is_booked_and_nothing_lost(self, start_tick, now):
        batch = a_batch(now)
        with transaction.atomic():
            Transaction.objects.select_for_update().get(pk=batch[3].pk)
            process = start_tick("process_webhooks", now=now)
            wait_until(waits_for_a_lock)
            kill(process)

        assert captured() == 0
        assert is_whole_after_another_run(batch, now)

    def test_again_and_again_by_one_delivery_the_others_lose_one_attempt(self, start_tick, now):
        batch = a_batch(now)
        times = [now + number * (LEASE + timedelta(seconds=1)) for number in range(3)]
        for at in times:
            with transaction.atomic():
                Transaction.objects.select_for_update().get(pk=batch[0].pk)
                process = start_tick("process_webhooks", now=at)
                wait_until(waits_for_a_lock)
                kill(process)
            wait_until(the_dead_are_gone)

        # Killed with the batch of all, then alone with its first, then with its repeat.
        attempts = list(WebhookEvent.objects.order_by("id").values_list("attempts", flat=True))
        assert max(attempts) <= len(times)
        assert sum(attempts) <= 2 * BATCH * 2 + 1
        assert is_whole_after_another_run(batch, times[-1])

    @pytest.mark.parametrize("table", ["payments_transactionevent", "ledger_line"])
    def test_in_the_middle_of_a_capture(self, start_tick, now, table):
        batch = a_batch(now)
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {table} IN SHARE MODE")
            process = start_tick("process_webhooks", now=now)
            wait_until(waits_for_a_lock)
            kill(process)

        assert (captured(), clearing()) == (0, 0)
        assert is_whole_after_another_run(batch, now)


def test_killed_while_the_look_up_hangs_it_is_asked_again(sandbox, start_tick, now):
    sandbox.control("reset", seed=0, hang_seconds=PATIENCE_SECONDS)
    sandbox.scenario("ccbill", webhook="hold", times=0)
    sandbox.scenario("datalink", fail="hang_before")
    deposit = given.a_deposit(ProfileFactory.create(), now=now)
    paid = sandbox.pay(payments.checkout_url(transaction=deposit, now=now)).returned
    payments.record_return(cluster=deposit.cluster, params=paid, now=now)
    due = now + LOOK_UP_AFTER
    process = start_tick("resolve_stale", now=due)
    wait_until(lambda: Transaction.objects.filter(pk=deposit.pk, look_ups=1).exists())
    time.sleep(1)  # the claim is committed; the call leaves at once and hangs
    assert process.poll() is None
    kill(process)

    assert payments.resolve_stale(now=due + LEASE) == 0, "the claim still stands"
    assert payments.resolve_stale(now=due + LEASE + timedelta(seconds=1)) == 1
    deposit.refresh_from_db()
    assert (deposit.status, deposit.look_ups, clearing()) == (Status.UNKNOWN, 2, 0)
    seen = deposit.history.get(to_status=Status.UNKNOWN).facts
    assert (seen["answer"], seen["reference"]) == ("paid", paid["subscription_id"])

    (held,) = sandbox.take_webhooks()
    for _ in range(2):
        payments.receive_webhook(
            gateway="ccbill",
            query=held["query"],
            headers={},
            body=held["body"].encode(),
            remote_ip="127.0.0.1",
            now=due,
        )
    process = start_tick("process_webhooks", now=due)
    assert process.wait(PATIENCE_SECONDS) == 0
    assert (captured(), clearing()) == (1, 50_00)
