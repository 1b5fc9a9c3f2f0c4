"""kill -9 of the billing worker at random points: each period charged exactly once.

The workers are real processes with their own connections.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import Sum

from apps.finance.ledger.models import Line
from apps.finance.payments.models import Transaction
from apps.finance.subscriptions.models import BillingRun, Period, Subscription
from apps.notifications.models import Message
from tests.finance.subscriptions import crowd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[3]
SEED = 20260121
COUNT, BATCH = 5_000, 250
DUE = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOW = DUE + timedelta(minutes=3)
PATIENCE_SECONDS = 120
#: Ticks as the worker runs them, until nothing is left. What is published waits for the sweep.
TICKS = """
import sys
from datetime import datetime
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
from apps.core import broker
from celery import current_app
current_app.conf.task_always_eager = False
from apps.finance.subscriptions.services.tick import bill_due
print("ready", flush=True)
while bill_due(now=datetime.fromisoformat(sys.argv[2]), limit=int(sys.argv[3])).touched:
    pass
"""


@pytest.fixture
def start_worker():
    started: list[subprocess.Popen[str]] = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", TICKS,
             str(connection.settings_dict["NAME"]), NOW.isoformat(), str(BATCH)],
            cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def the_dead_are_gone():
    """Its server's side ends once it notices."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND state <> 'idle'"
                " AND backend_type = 'client backend'"
            )
            if not cursor.fetchone()[0]:
                return
        assert time.monotonic() < ends
        time.sleep(0.05)


def wait_until_fewer_than(count, worker):
    ends = time.monotonic() + PATIENCE_SECONDS
    while crowd.due_ones(NOW) >= count and worker.poll() is None:
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_killed_again_and_again_every_period_is_charged_once_and_the_books_balance(start_worker):
    people = crowd.subscribers(COUNT, due=DUE, among=crowd.prices(5), wallet="15.00")
    chance = random.Random(SEED)  # noqa: S311
    killed, left = 0, [COUNT]
    while left[-1]:
        worker = start_worker()
        assert worker.stdout.readline() == "ready\n"
        wait_until_fewer_than(max(1, left[-1] - chance.randrange(1, 1_000)), worker)
        time.sleep(chance.uniform(0.0, 0.2))
        if worker.poll() is None:
            worker.send_signal(signal.SIGKILL)
            killed += 1
        worker.wait(PATIENCE_SECONDS)
        the_dead_are_gone()
        left.append(crowd.due_ones(NOW))
    last = start_worker()
    assert last.wait(PATIENCE_SECONDS) == 0

    assert killed >= 3, "it was never killed in the middle"
    assert len([count for count in left if 0 < count < COUNT]) >= 3, left
    assert Subscription.objects.filter(state="ACTIVE", period_number=2).count() == COUNT
    paid = Transaction.objects.filter(payer_id__in=people, status="CAPTURED")
    assert paid.count() == paid.values("payer_id").distinct().count() == COUNT
    periods = Period.objects.filter(number=2, state="PAID", transaction__isnull=False)
    assert periods.count() == COUNT
    assert Message.objects.filter(kind="subscription.receipt").count() == COUNT
    assert Line.objects.aggregate(off=Sum("amount_minor"))["off"] == 0
    runs = BillingRun.objects.all()
    assert sum(run.renewed for run in runs) == COUNT
    assert sum(run.money.get("USD", 0) for run in runs) == COUNT * 10_00
    # A second charge would have found 5.00 in the wallet: nobody is past due either.
    assert not Subscription.objects.filter(state="PAST_DUE").exists()
