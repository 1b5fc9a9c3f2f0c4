"""Workers at once, workers killed, people who cancel meanwhile: real threads and processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction

from apps.notifications import services as notifications
from apps.notifications.choices import State
from apps.notifications.models import Message
from apps.notifications.rules.waiting import LEASE
from tests.factories.accounts import ProfileFactory
from tests.notifications.given import mail, queued

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
CROWD, MAILS = 4, 60
TICK = """
import sys
from datetime import datetime
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[2]
settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(sys.argv[3])
from apps.notifications import services
services.send_due(now=datetime.fromisoformat(sys.argv[1]))
"""


@pytest.fixture
def fan():
    return ProfileFactory.create()


def at_once(act):
    ready = threading.Barrier(CROWD)

    def run(_):
        try:
            ready.wait(10)
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(CROWD) as pool:
        return list(pool.map(run, range(CROWD)))


def test_workers_at_once_send_each_message_once(fan, server, now):
    with transaction.atomic():
        notifications.queue_many([mail(fan, key=f"k{n}") for n in range(MAILS)], now=now)

    sent = at_once(lambda: notifications.send_due(now=now))

    assert sum(sent) == MAILS
    assert len([count for count in sent if count]) > 1
    assert len({letter["Message-ID"] for letter in server.letters}) == len(server.letters) == MAILS
    assert set(Message.objects.values_list("state", "attempts")) == {(State.SENT, 1)}


def test_the_same_keys_queued_at_once_are_queued_once(fan, now):
    messages = [mail(fan, key=f"k{n}") for n in range(MAILS)]

    def queue():
        with transaction.atomic():
            return notifications.queue_many(messages[::-1], now=now)

    assert sum(at_once(queue)) == MAILS == Message.objects.count()


def killed_when_taken(server, now):
    """A worker that is killed when the server has its first letter."""
    started = threading.Event()

    def kill():
        started.wait(30)
        process.kill()
        process.wait()

    server.on_taken = kill
    name = str(connection.settings_dict["NAME"])
    process = subprocess.Popen(
        [sys.executable, "-c", TICK, now.isoformat(), name, str(server.port)],
        cwd=ROOT,
        env=dict(os.environ),
    )
    started.set()
    process.wait(60)
    server.on_taken = lambda: None


def test_killed_right_after_sending_it_is_sent_once_more_under_the_same_name(fan, server, now):
    """The one double there is: nobody can ask a mail server what it took."""
    for key in ("a", "b", "c"):
        queued(fan, key=key, now=now)
    killed_when_taken(server, now)
    assert len(server.letters) == 1
    assert notifications.send_due(now=now + LEASE - timedelta(seconds=1)) == 0

    assert notifications.send_due(now=now + LEASE + timedelta(seconds=1)) == 3

    names = [letter["Message-ID"] for letter in server.letters]
    assert len(names) == 4
    assert len(set(names)) == 3
    assert names[0] == names[1]
    assert set(Message.objects.values_list("state", "attempts")) == {(State.SENT, 2)}


def test_withdrawn_while_a_worker_holds_it_it_is_not_sent(fan, server, now):
    queued(fan, key="on the wire", subject_ref="subscription:1", now=now - timedelta(hours=1))
    queued(fan, key="held", subject_ref="subscription:2", now=now)

    def withdraw_both():
        server.on_taken = lambda: None
        with transaction.atomic():
            for number in (1, 2):
                notifications.withdraw(subject_ref=f"subscription:{number}", now=now)
        connection.close()

    server.on_taken = withdraw_both
    assert notifications.send_due(now=now) == 1

    assert len(server.letters) == 1
    assert dict(Message.objects.values_list("key", "state")) == {
        "on the wire": State.SENT,
        "held": State.WITHDRAWN,
    }


def test_a_worker_slower_than_its_lease_does_not_send_what_another_sent(fan, server, now):
    for key in ("a", "b"):
        queued(fan, key=key, now=now)

    def another_goes_on():
        server.on_taken = lambda: None
        notifications.send_due(now=now + LEASE + timedelta(seconds=1))
        connection.close()

    server.on_taken = another_goes_on
    assert notifications.send_due(now=now) == 1

    names = [letter["Message-ID"] for letter in server.letters]
    assert (len(names), len(set(names))) == (3, 2)  # the one on the wire came twice
    assert set(Message.objects.values_list("state", flat=True)) == {State.SENT}
