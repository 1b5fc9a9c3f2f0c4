"""Mail is taken in once for each key, with the change it tells of, and can be taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.notifications import errors, selectors
from apps.notifications import services as notifications
from apps.notifications.choices import State
from apps.notifications.models import Message
from tests.notifications.given import context_of, mail, queued

pytestmark = pytest.mark.django_db


def test_the_same_key_is_queued_once_for_ever(fan, now):
    with transaction.atomic():
        notifications.queue(mail(fan), now=now)
        notifications.queue(mail(fan), now=now)
        assert notifications.queue_many([mail(fan), mail(fan, key="b")] * 2, now=now) == 1
    notifications.send_due(now=now)
    with transaction.atomic():
        assert notifications.queue_many([mail(fan), mail(fan, key="b")], now=now) == 0

    assert sorted(Message.objects.values_list("key", "state")) == [
        ("a-key", State.SENT),
        ("b", State.SENT),
    ]


def test_what_is_queued_is_what_was_given(fan, now):
    later = now + timedelta(days=2, microseconds=5)
    odd = {**context_of("subscription.receipt"), "creator": 'Zoë "{x}" \\ 🦊', "list": ["a", [1]]}
    row = queued(fan, context=odd, send_at=later, now=now)

    assert (row.kind, row.user_id, row.cluster_id) == (
        "subscription.receipt", fan.user_id, fan.cluster_id,
    )  # fmt: skip
    assert (row.subject_ref, row.context, row.state) == ("subscription:7", odd, State.QUEUED)
    assert (row.queued_at, row.send_at, row.next_attempt_at) == (now, later, later)
    assert (row.attempts, row.claimed_until, row.ended_at, row.text) == (0, None, None, "")


def test_it_stands_and_falls_with_the_change_it_tells_of(fan, now):
    with transaction.atomic():
        notifications.queue(mail(fan), now=now)
        transaction.set_rollback(True)
    assert not Message.objects.exists()


def test_many_are_one_statement(fan, now):
    for count in (1, 50):
        messages = [mail(fan, key=f"{count}:{i}") for i in range(count)]
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            assert notifications.queue_many(messages, now=now) == count
        assert len(queries) == 1
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        assert notifications.queue_many([], now=now) == 0
    assert len(queries) == 0


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"key": ""}, errors.BadKey),
        ({"key": "k" * 121}, errors.BadKey),
        ({"kind": "no.such"}, errors.KindUnknown),
        ({"context": {"creator": "Leo"}}, errors.ContextMissing),
    ],
)
def test_what_could_not_be_said_is_refused_and_nothing_is_queued(fan, now, change, error):
    good = mail(fan, key="good")
    with pytest.raises(error), transaction.atomic():
        notifications.queue_many([good, replace(mail(fan), **change)], now=now)
    assert not Message.objects.exists()


def test_the_longest_key_fits(fan, now):
    assert queued(fan, key="k" * 120, now=now).state == State.QUEUED


def test_queueing_needs_the_callers_transaction(fan, now):
    with pytest.raises(RuntimeError, match="inside a transaction"):
        notifications.queue(mail(fan), now=now)


class TestWithdrawing:
    def test_what_waits_is_never_sent(self, fan, now, mailoutbox):
        queued(fan, now=now)
        queued(fan, key="other", subject_ref="subscription:8", now=now)
        with transaction.atomic():
            assert notifications.withdraw(subject_ref="subscription:7", now=now) == 1
            assert notifications.withdraw(subject_ref="subscription:7", now=now) == 0

        assert notifications.send_due(now=now) == 1
        assert Message.objects.get(key="a-key").state == State.WITHDRAWN
        assert len(mailoutbox) == 1

    def test_takes_only_the_kinds_named(self, fan, now):
        queued(fan, now=now)
        queued(fan, "subscription.trial_ending", key="trial", now=now)
        with transaction.atomic():
            taken = notifications.withdraw(
                subject_ref="subscription:7", kinds=["subscription.trial_ending"], now=now
            )
        assert taken == 1
        assert Message.objects.get(key="a-key").state == State.QUEUED

    def test_nothing_named_takes_nothing(self, fan, now):
        queued(fan, subject_ref="", now=now)
        with transaction.atomic():
            assert notifications.withdraw(subject_ref="", now=now) == 0

    def test_what_was_sent_stays_sent(self, fan, now):
        queued(fan, now=now)
        notifications.send_due(now=now)
        with transaction.atomic():
            assert notifications.withdraw(subject_ref="subscription:7", now=now) == 0
        assert selectors.sent_at("a-key") == now
        assert selectors.sent_at("other") is None
