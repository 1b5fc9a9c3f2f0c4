"""The outbox: at least once, after commit, whatever fails in between."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.core import broker, events
from apps.core.models import OutboxMessage


@dataclass(frozen=True)
class Happened(events.Event):
    name: ClassVar[str] = "test.happened"
    thing_id: int


@pytest.fixture
def seen(monkeypatch):
    monkeypatch.setattr(events, "_handlers", {Happened.name: []})
    monkeypatch.setattr(events, "_types", {})
    heard: list[int] = []

    @events.subscribe(Happened)
    def hear(event: Happened) -> None:
        if event.thing_id < 0:
            raise ValueError("negative")
        heard.append(event.thing_id)

    return heard


def published(thing_id: int) -> OutboxMessage:
    with transaction.atomic():
        events.publish(Happened(thing_id))
    return OutboxMessage.objects.latest("id")


class TestDelivery:
    def test_an_event_reaches_its_handlers_after_commit(
        self, db, seen, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            message = published(7)
            assert seen == []

        message.refresh_from_db()
        assert seen == [7]
        assert message.delivered_at is not None

    def test_a_second_delivery_is_harmless(self, db, seen):
        message, now = published(7), timezone.now()

        assert events.deliver(message.pk, now=now) is True
        assert events.deliver(message.pk, now=now) is False
        assert seen == [7]

    def test_the_sweep_delivers_what_a_dead_worker_left(self, db, seen):
        published(7)

        assert events.sweep(now=timezone.now()) == 0
        assert events.sweep(now=timezone.now() + timedelta(seconds=11)) == 1
        assert seen == [7]

    def test_a_failing_message_does_not_stop_the_next(self, db, seen):
        bad, good = published(-1), published(8)

        assert events.sweep(now=timezone.now() + timedelta(seconds=11)) == 1

        bad.refresh_from_db()
        good.refresh_from_db()
        assert (seen, bad.attempts, bad.error) == ([8], 1, "ValueError: negative")
        assert good.delivered_at is not None

    def test_after_ten_attempts_a_message_is_parked_and_can_be_requeued(self, db, seen):
        bad, now = published(-1), timezone.now()
        for _ in range(12):
            now += timedelta(hours=2)
            events.sweep(now=now)

        bad.refresh_from_db()
        assert (bad.attempts, bad.parked_at is not None) == (10, True)
        assert events.requeue(bad.pk, now=now) is True
        bad.refresh_from_db()
        assert (bad.attempts, bad.parked_at) == (0, None)

    def test_publishing_needs_a_transaction(self, transactional_db):
        with pytest.raises(RuntimeError, match="transaction"):
            events.publish(Happened(1))

    def test_delivered_messages_are_forgotten_after_thirty_days(self, db, seen):
        message, now = published(7), timezone.now()
        events.deliver(message.pk, now=now)

        assert events.forget_delivered(now=now + timedelta(days=29)) == 0
        assert events.forget_delivered(now=now + timedelta(days=31)) == 1


def published_together(*things: int) -> tuple[int, int]:
    with transaction.atomic():
        events.publish_many([Happened(each) for each in things])
    ids = OutboxMessage.objects.order_by("id").values_list("pk", flat=True)
    return ids[0], list(ids)[-1]


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    @pytest.fixture(autouse=True)
    def _no_worker(self, monkeypatch):
        monkeypatch.setattr(broker, "start_soon", lambda *_args, **_more: None)

    def test_all_are_delivered_once_in_their_order(self, seen):
        first, last = published_together(*range(250))
        now = timezone.now()

        assert events.deliver_range(first, last, now=now) == 250
        assert events.deliver_range(first, last, now=now) == 0
        assert seen == list(range(250))

    def test_each_costs_a_fraction_of_one_alone(self, seen):
        first, last = published_together(*range(events.TOGETHER))

        with CaptureQueriesContext(connection) as asked:
            events.deliver_range(first, last, now=timezone.now())

        assert len(asked) <= 12

    def test_one_that_fails_stops_no_other_and_is_tried_again(self, seen):
        first, last = published_together(1, -1, 2)
        now = timezone.now()

        assert events.deliver_range(first, last, now=now) == 2

        bad = OutboxMessage.objects.get(delivered_at=None)
        assert (bad.attempts, bad.error) == (1, "ValueError: negative")
        assert bad.next_attempt_at == now + timedelta(seconds=10)
        assert seen[-2:] == [1, 2]

    def test_those_of_a_worker_that_died_are_left_to_the_sweep_one_by_one(self, seen):
        first, last = published_together(1, 2)
        now = timezone.now()
        events._claim_fresh(first, last, now=now)  # and then it was killed

        assert events.deliver_range(first, last, now=now) == 0
        assert events.sweep(now=now + timedelta(seconds=11)) == 2
        assert set(OutboxMessage.objects.values_list("attempts", flat=True)) == {2}
