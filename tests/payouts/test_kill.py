"""kill -9 of the sender before, during and after the outside call: nothing lost, paid once.

The sender is a real process with its own connections; the rail is a real server.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction

from apps.core import http
from apps.payouts import rules
from apps.payouts import services as payouts
from apps.payouts.choices import Status
from apps.payouts.models import Payout
from tests import given
from tests.payouts import paxum_stand_in
from tests.payouts.books import at_the_rail, balanced, dollars, in_transit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
#: One tick, as the worker runs it, at a time of the test's choosing.
TICK = """
import sys
from datetime import datetime
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[2]
settings.PAXUM["api_url"] = sys.argv[3]
from apps.payouts import services
services.send_approved(now=datetime.fromisoformat(sys.argv[1]))
"""
PATIENCE_SECONDS = 60


@pytest.fixture
def paxum(monkeypatch):
    http.reset_breakers()
    with paxum_stand_in.running() as state:
        paxum = {**settings.PAXUM, "api_url": state.url, "environment": "SANDBOX"}
        monkeypatch.setattr(settings, "PAXUM", paxum)
        yield state
    http.reset_breakers()


@pytest.fixture
def start_tick():
    """Start ticks as processes of their own; none outlives the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(url: str, *, now: datetime) -> subprocess.Popen[bytes]:
        name = str(connection.settings_dict["NAME"])
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", TICK, now.isoformat(), name, url],
                cwd=ROOT,
                env=dict(os.environ),
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    assert process.wait(PATIENCE_SECONDS) == -signal.SIGKILL


def wait_until(true) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.02)


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        # Inside a transaction the view would show the same moment again and again.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def run_until_paid(payout: Payout, *, now: datetime) -> Payout:
    """Run the clock on from where the process died."""
    for minutes in range(0, 120, 5):
        at = now + rules.LEASE + timedelta(minutes=1 + minutes)
        payouts.send_approved(now=at)
        payouts.resolve_unknown(now=at)
        payout.refresh_from_db()
        if payout.status == Status.PAID:
            break
    return payout


def is_paid_once(payout: Payout, paxum) -> bool:
    assert payout.status == Status.PAID
    assert [row["reference"] for row in paxum.transfers] == [payout.rail_reference]
    assert payout.rail_transaction_id == paxum.transfers[0]["id"]
    assert (in_transit(), at_the_rail()) == (dollars("0.00"), dollars("-51.00"))
    assert balanced()
    return True


class TestKilled:
    def test_before_the_call(self, paxum, start_tick, now):
        payout = given.an_approved_payout(now=now)
        with transaction.atomic():
            # Its claim is held up at the journal of events, after which it would commit and call.
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE payouts_payoutevent IN SHARE MODE")
            process = start_tick(paxum.url, now=now)
            wait_until(waits_for_a_lock)
            kill(process)

        assert paxum.requests == []
        assert is_paid_once(run_until_paid(payout, now=now), paxum)

    def test_between_the_claim_and_the_call(self, paxum, now):
        payout = given.an_approved_payout(now=now)
        Payout.objects.update(
            status=Status.SENDING,
            attempts=1,
            claimed_until=now + rules.LEASE,
            next_attempt_at=None,
        )

        assert is_paid_once(run_until_paid(payout, now=now), paxum)

    @pytest.mark.parametrize("silence", ["before", "after"])
    def test_during_the_call_before_or_after_the_other_side_paid(
        self, paxum, start_tick, now, silence
    ):
        payout = given.an_approved_payout(now=now)
        paxum.silence = silence
        process = start_tick(paxum.url, now=now)
        assert paxum.heard.wait(PATIENCE_SECONDS)
        payout.refresh_from_db()
        assert (payout.status, payout.handed_over_at) == (Status.SENDING, now)

        kill(process)
        if silence == "after":
            paxum.speak.set()
        paxum.silence = ""

        paid = run_until_paid(payout, now=now)
        assert is_paid_once(paid, paxum)
        assert len(paxum.asked("transferFunds")) == (2 if silence == "before" else 1)

    def test_after_the_answer_before_it_is_recorded(self, paxum, start_tick, now):
        payout = given.an_approved_payout(now=now)
        paxum.silence = "after"
        process = start_tick(paxum.url, now=now)
        assert paxum.heard.wait(PATIENCE_SECONDS)
        with transaction.atomic():
            Payout.objects.select_for_update().get(pk=payout.pk)
            paxum.speak.set()
            wait_until(waits_for_a_lock)
            kill(process)
        paxum.silence = ""

        assert is_paid_once(run_until_paid(payout, now=now), paxum)
        assert len(paxum.asked("transferFunds")) == 1

    def test_not_at_all(self, paxum, start_tick, now):
        payout = given.an_approved_payout(now=now)

        assert start_tick(paxum.url, now=now).wait(PATIENCE_SECONDS) == 0

        payout.refresh_from_db()
        assert is_paid_once(payout, paxum)


class TestKilledWhileTheSandboxAnswers:
    def test_is_found_in_its_history(self, sandbox, start_tick, now):
        sandbox.control("reset", seed=0, hang_seconds=PATIENCE_SECONDS)
        payout = given.an_approved_payout(now=now, email="timeout-paid@domain.example")
        process = start_tick(settings.PAXUM["api_url"], now=now)
        wait_until(lambda: sandbox.times_paid(payout.rail_reference))

        kill(process)

        payout = run_until_paid(payout, now=now)
        assert payout.status == Status.PAID
        assert sandbox.times_paid(payout.rail_reference) == 1
        assert (in_transit(), at_the_rail()) == (dollars("0.00"), dollars("-51.00"))
        assert balanced()
