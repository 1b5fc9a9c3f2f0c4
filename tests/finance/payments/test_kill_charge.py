"""kill -9 of a process that charges a stored means, at every step: one charge, one entry."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction

from apps.core import http
from apps.finance.payments import services as payments
from apps.finance.payments.choices import AttemptStatus, Status
from apps.finance.payments.models import Attempt, Transaction
from apps.finance.payments.rules.waiting import LOOK_UP_AFTER
from sandbox.faults import FaultProxy
from tests.factories.accounts import ProfileFactory
from tests.finance.payments.charging import (
    an_account,
    by_means,
    call_through,
    sales_of,
    stored_means,
    wallet,
)
from tests.finance.payments.test_kill import (
    PATIENCE_SECONDS,
    ROOT,
    kill,
    the_dead_are_gone,
    wait_until,
    waits_for_a_lock,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CHARGE = """
import json
import sys
from datetime import datetime
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[3]
settings.GATEWAY_CREDENTIALS = json.loads(sys.argv[4])
from apps.finance.payments import services
from apps.finance.payments.models import Transaction
services.charge(
    transaction=Transaction.objects.get(pk=sys.argv[1]), now=datetime.fromisoformat(sys.argv[2])
)
"""


@pytest.fixture
def fan(sandbox):
    http.reset_breakers()
    profile = ProfileFactory.create()
    an_account(profile)
    return profile


@pytest.fixture
def payment(sandbox, fan, now):
    return by_means(stored_means(sandbox, fan, now=now), now=now)


@pytest.fixture
def start_charge(payment, now):
    started = []

    def start():
        arguments = [
            str(payment.pk),
            now.isoformat(),
            str(connection.settings_dict["NAME"]),
            json.dumps(settings.GATEWAY_CREDENTIALS),
        ]
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", CHARGE, *arguments], cwd=ROOT, env=dict(os.environ)
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def ends(payment, now):
    """Charge again, as the payer's repeated request would, and let the janitor do its work."""
    wait_until(the_dead_are_gone)
    payments.charge(transaction=payment, now=now)
    at = now + LOOK_UP_AFTER + timedelta(seconds=1)
    for _ in range(8):
        http.reset_breakers()
        payments.resolve_stale(now=at)
        payment.refresh_from_db()
        if payment.next_look_up_at is None:
            break
        at = max(at, payment.next_look_up_at) + timedelta(minutes=3)
    return payment.status


def test_killed_before_it_is_claimed_the_repeated_request_charges(
    sandbox, fan, payment, start_charge, now
):
    with transaction.atomic():
        Transaction.objects.select_for_update().get(pk=payment.pk)
        process = start_charge()
        wait_until(waits_for_a_lock)
        kill(process)

    assert ends(payment, now) == Status.CAPTURED
    assert (wallet(fan), len(sales_of(sandbox, payment))) == (100_00, 1)


@pytest.mark.parametrize("fault", ["slow", "swallow"])
def test_killed_while_the_gateway_has_it(sandbox, payment, start_charge, now, fault):
    """``slow``: the gateway sold it and its answer is on the way. ``swallow``: it never came."""
    before = settings.GATEWAY_CREDENTIALS
    with FaultProxy(int(sandbox.url.rsplit(":", 1)[1])) as proxy:
        call_through(proxy.url)
        proxy.plan(fault, seconds=PATIENCE_SECONDS)
        process = start_charge()
        wait_until(lambda: proxy.spoiled)
        if fault == "slow":
            wait_until(lambda: sales_of(sandbox, payment))
        kill(process)
    settings.GATEWAY_CREDENTIALS = before

    status = ends(payment, now)

    sold = fault == "slow"
    assert status == (Status.CAPTURED if sold else Status.FAILED)
    assert wallet(payment.payer) == (100_00 if sold else 50_00)
    assert len(sales_of(sandbox, payment)) == int(sold)


@pytest.mark.parametrize("table", ["payments_transactionevent", "ledger_line"])
def test_killed_while_it_records(sandbox, payment, start_charge, now, table):
    Attempt.objects.filter(transaction=payment).update(status=AttemptStatus.CREATED)
    with FaultProxy(int(sandbox.url.rsplit(":", 1)[1])) as proxy:
        before = settings.GATEWAY_CREDENTIALS
        call_through(proxy.url)
        proxy.plan("slow", seconds=2.0)
        process = start_charge()
        wait_until(lambda: sales_of(sandbox, payment))
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {table} IN SHARE MODE")
            wait_until(waits_for_a_lock)
            kill(process)
        settings.GATEWAY_CREDENTIALS = before

    payment.refresh_from_db()
    assert (payment.status, wallet(payment.payer)) == (Status.PROCESSING, 50_00)
    assert ends(payment, now) == Status.CAPTURED
    assert wallet(payment.payer) == 100_00
    assert len(sales_of(sandbox, payment)) == 1
    assert payment.history.filter(to_status=Status.CAPTURED).count() == 1
