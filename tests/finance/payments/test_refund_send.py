"""Refunds at a gateway that answers, refuses, hangs and is not there: one refund, one entry."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction

from apps.core import broker, http
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import services as payments
from apps.finance.payments.adapters.base import Told
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Refund
from apps.finance.payments.rules.refund_proofs import Proof, Seen, judge
from apps.finance.payments.rules.refunds import LEASE, RefundState
from apps.finance.payments.services.refund_moves import locked_payment
from apps.finance.payments.services.refund_news import gateway_refunded
from apps.finance.payments.services.refund_send import resolve_refunds, send_refunds
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory, StaffFactory
from tests.finance.payments.refunding import (
    a_policy,
    ask,
    balance,
    books_are_balanced,
    captured,
    fresh,
    news,
    usd,
)

pytestmark = pytest.mark.django_db(transaction=True)

CLEARING = postings.processor_clearing("ccbill")
ROOT = Path(__file__).resolve().parents[3]
TICK = """
import sys
from datetime import datetime
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[2]
settings.CCBILL["datalink_url"] = sys.argv[3]
from apps.finance.payments.services.refund_send import send_refunds
send_refunds(now=datetime.fromisoformat(sys.argv[1]))
"""
PATIENCE_SECONDS = 60


@pytest.fixture(autouse=True)
def _no_worker_is_free(monkeypatch):
    """What is started soon waits: the tests run the ticks themselves."""
    monkeypatch.setattr(broker, "start_soon", lambda *_, **__: None)


@pytest.fixture(autouse=True)
def _closed_circuits():
    http.reset_breakers()
    yield
    http.reset_breakers()


@pytest.fixture
def sale(sandbox, now):
    """A tip of 100.00 that is paid at the sandbox, and known there."""
    fan = ProfileFactory.create()
    tip = given.a_card_tip(fan, CreatorFactory.create(cluster=fan.cluster), "100.00", now=now)
    paid = sandbox.pay(payments.checkout_url(transaction=tip, now=now)).returned
    sandbox.take_webhooks()
    return captured(tip, now=now, reference=paid["subscription_id"])


@pytest.fixture
def clerk(now):
    a_policy(now=now)
    return StaffFactory.create(role="finance")


@pytest.fixture
def asked(sale, clerk, now):
    """A refund of all of the sale, approved and not sent yet."""
    return ask(sale, "100.00", by=clerk, now=now)


def at_the_gateway(sandbox, sale):
    (charge,) = sandbox.charges(order=str(sale.public_id))
    return charge["refunds"], charge["refunded"]


def is_refunded_once(sandbox, sale, amount="100.00"):
    refund = Refund.objects.get()
    assert (refund.state, refund.amount) == (RefundState.DONE, usd(amount))
    assert at_the_gateway(sandbox, sale) == (1, amount)
    assert balance(CLEARING) == str((usd("100.00") - usd(amount)).decimal)
    assert ledger.entry_of(f"refund:{refund.pk}") is not None
    assert fresh(sale).refunded_minor == usd(amount).minor
    return books_are_balanced()


def test_it_goes_back_and_is_booked(sandbox, sale, clerk, now):
    refund = ask(sale, "40.00", by=clerk, now=now)
    assert (refund.state, balance(CLEARING)) == (RefundState.APPROVED, "100.00")
    assert send_refunds(now=now) == 1
    assert is_refunded_once(sandbox, sale, "40.00")
    assert send_refunds(now=now) == 0
    refund.refresh_from_db()
    assert refund.sent["amount"] == "40.00"
    assert "password" not in str(refund.sent).lower()


def test_the_gateways_own_notice_of_it_books_nothing_more(sandbox, sale, clerk, now):
    ask(sale, "40.00", by=clerk, now=now)
    send_refunds(now=now)
    (notice,) = sandbox.take_webhooks()
    payments.receive_webhook(
        gateway="ccbill",
        query=notice["query"],
        headers={"Content-Type": notice["content_type"]},
        body=notice["body"].encode(),
        remote_ip="127.0.0.1",
        now=now,
    )
    payments.process_webhooks(now=now)
    assert is_refunded_once(sandbox, sale, "40.00")
    assert Refund.objects.get().confirmed_at == now


def test_refused_it_leaves_everything_as_it_was(sandbox, sale, clerk, now):
    refund = ask(sale, "100.00", by=clerk, now=now)
    sandbox.act("ccbill", "refund", order=str(sale.public_id), amount="50.00")
    send_refunds(now=now)
    refund.refresh_from_db()
    assert (refund.state, refund.failure_code) == (RefundState.FAILED, "-15")
    assert at_the_gateway(sandbox, sale) == (1, "50.00")
    assert (balance(CLEARING), fresh(sale).status) == ("100.00", Status.CAPTURED)
    assert ask(sale, "100.00", by=clerk, now=now).state == RefundState.APPROVED


@pytest.mark.parametrize("when", ["hang_after", "hang_before"])
def test_a_lost_answer_is_looked_up_never_sent_again(sandbox, sale, clerk, now, when):
    refund = ask(sale, "100.00", by=clerk, now=now)
    sandbox.scenario("datalink", fail=when)
    send_refunds(now=now)
    refund.refresh_from_db()
    assert (refund.state, balance(CLEARING)) == (RefundState.UNKNOWN, "100.00")
    at = now
    for _ in range(8):
        at += timedelta(hours=1)
        send_refunds(now=at)
        resolve_refunds(now=at)
    refund.refresh_from_db()
    if when == "hang_after":
        assert is_refunded_once(sandbox, sale)
    else:
        assert (refund.state, refund.failure_code) == (RefundState.FAILED, "absent")
        assert at_the_gateway(sandbox, sale)[0] == 0
        assert (balance(CLEARING), fresh(sale).refunded_minor) == ("100.00", 0)


def test_a_gateway_that_is_not_there_is_tried_again_later(sandbox, sale, clerk, now, settings):
    refund = ask(sale, "100.00", by=clerk, now=now)
    there = settings.CCBILL["datalink_url"]
    settings.CCBILL = {**settings.CCBILL, "datalink_url": "http://127.0.0.1:9"}
    send_refunds(now=now)
    refund.refresh_from_db()
    assert (refund.state, refund.attempts) == (RefundState.APPROVED, 1)
    settings.CCBILL = {**settings.CCBILL, "datalink_url": there}
    assert send_refunds(now=now) == 0, "not before its time"
    assert send_refunds(now=now + timedelta(minutes=5)) == 1
    assert is_refunded_once(sandbox, sale)


def test_parts_of_one_payment_go_one_after_the_other(sandbox, sale, clerk, now):
    first, second = (ask(sale, "30.00", by=clerk, now=now) for _ in range(2))
    Refund.objects.filter(pk=first.pk).update(state=RefundState.UNKNOWN)
    assert send_refunds(now=now) == 0
    Refund.objects.filter(pk=first.pk).update(state=RefundState.APPROVED)
    assert send_refunds(now=now) == 2
    second.refresh_from_db()
    assert second.state == RefundState.DONE
    assert at_the_gateway(sandbox, sale) == (2, "60.00")


@pytest.fixture
def start_tick():
    started: list[subprocess.Popen[bytes]] = []

    def start(now):
        name = str(connection.settings_dict["NAME"])
        url = django_settings.CCBILL["datalink_url"]
        command = [sys.executable, "-c", TICK, now.isoformat(), name, url]
        started.append(subprocess.Popen(command, cwd=ROOT, env=dict(os.environ)))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def wait_until(true):
    ends = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.02)


def waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def kill(process):
    process.send_signal(signal.SIGKILL)
    assert process.wait(PATIENCE_SECONDS) == -signal.SIGKILL


def later_runs(now):
    at = now + LEASE + timedelta(seconds=1)
    for _ in range(8):
        send_refunds(now=at)
        resolve_refunds(now=at)
        at += timedelta(hours=1)


@pytest.mark.slow
class TestKilled:
    @pytest.mark.parametrize("table", ["payments_refundevent", "payments_transaction"])
    def test_before_the_call_it_is_sent_once_later(self, sandbox, asked, start_tick, now, table):
        sale = asked.transaction
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            process = start_tick(now)
            wait_until(waits_for_a_lock)
            kill(process)
        assert at_the_gateway(sandbox, sale)[0] == 0
        later_runs(now)
        assert is_refunded_once(sandbox, sale)

    def test_while_the_gateway_acts_it_is_looked_up(self, sandbox, sale, clerk, start_tick, now):
        refund = ask(sale, "100.00", by=clerk, now=now)
        sandbox.scenario("datalink", fail="hang_after", seconds=PATIENCE_SECONDS)
        process = start_tick(now)
        wait_until(lambda: at_the_gateway(sandbox, sale)[0] == 1)
        kill(process)
        refund.refresh_from_db()
        assert (refund.state, balance(CLEARING)) == (RefundState.SENDING, "100.00")
        later_runs(now)
        assert is_refunded_once(sandbox, sale)

    @pytest.mark.parametrize("table", ["ledger_line", "payments_transactionevent"])
    def test_while_it_is_booked_it_is_booked_once(self, sandbox, asked, start_tick, now, table):
        sale = asked.transaction
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {table} IN SHARE MODE")
            process = start_tick(now)
            wait_until(waits_for_a_lock)
            kill(process)
        assert at_the_gateway(sandbox, sale)[0] == 1
        assert balance(CLEARING) == "100.00"
        later_runs(now)
        assert is_refunded_once(sandbox, sale)

    def test_the_gateways_notice_may_come_before_the_look_up(
        self, sandbox, sale, clerk, start_tick, now
    ):
        ask(sale, "100.00", by=clerk, now=now)
        sandbox.scenario("datalink", fail="hang_after", seconds=PATIENCE_SECONDS)
        process = start_tick(now)
        wait_until(lambda: at_the_gateway(sandbox, sale)[0] == 1)
        kill(process)
        with transaction.atomic():
            gateway_refunded(
                transaction=locked_payment(sale.pk),
                notice=news(sale, Told.REFUNDED, amount="100.00"),
                now=now,
            )
        later_runs(now)
        assert is_refunded_once(sandbox, sale)


class TestWhatALookUpProves:
    @pytest.mark.parametrize(
        ("seen", "proof"),
        [
            (Seen("UNDONE", refunded=usd("70.00")), Proof.DONE),
            (Seen("UNDONE", refunded=usd("30.00")), Proof.ABSENT),
            (Seen("UNDONE", refunded=usd("50.00")), Proof.MISMATCH),
            (Seen("UNDONE", refunds=2), Proof.DONE),
            (Seen("UNDONE", refunds=1), Proof.ABSENT),
            (Seen("UNDONE", refunds=3), Proof.MISMATCH),
            (Seen("PAID"), Proof.NOTHING),
            (Seen("UNDONE"), Proof.NOTHING),
            (Seen("NOT_FOUND"), Proof.NOTHING),
        ],
    )
    def test_of_a_second_part_of_40(self, seen, proof):
        assert proof is judge(
            seen, amount=usd("40.00"), whole=usd("100.00"), booked=usd("30.00"), count=1,
            disputed=False,
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("seen", "disputed", "proof"),
        [(Seen("UNDONE"), False, Proof.DONE), (Seen("UNDONE"), True, Proof.NOTHING),
         (Seen("PAID"), False, Proof.ABSENT)],
    )  # fmt: skip
    def test_of_the_whole(self, seen, disputed, proof):
        whole = usd("100.00")
        nothing = usd("0.00")
        assert proof is judge(
            seen, amount=whole, whole=whole, booked=nothing, count=0, disputed=disputed
        )
