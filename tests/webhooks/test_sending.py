"""Messages to front ends over real HTTP: once made, at least once sent, never to another brand."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from apps.audit.models import AuditRecord
from apps.core import events
from apps.core.models import OutboxMessage
from apps.core.money import Money
from apps.finance.payments import services as payments
from apps.finance.payments.events import PaymentCaptured
from apps.notifications.models import Message as Mail
from apps.webhooks import errors
from apps.webhooks import services as webhooks
from apps.webhooks.choices import Kind
from apps.webhooks.models import Attempt, Endpoint, Message, Sending
from apps.webhooks.rules.signing import signature_of
from apps.webhooks.rules.waiting import WAITS
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory, StaffFactory

pytestmark = pytest.mark.django_db(transaction=True)


def announce(now, *, source="outbox:1", cluster="boyfanz", kind=Kind.PAYMENT_CAPTURED):
    with transaction.atomic():
        return webhooks.announce(
            kind=kind, cluster=cluster, source=source, data={"id": "p1"}, now=now
        )


def a_tip(now):
    fan = ProfileFactory.create()
    given.a_funded_wallet(fan, now=now)
    with transaction.atomic():
        return payments.tip_from_wallet(
            fan=fan,
            creator=CreatorFactory.create(),
            amount=Money.of("5.00", "USD"),
            message="",
            idempotency_key="tip",
            now=now,
        )


class TestTelling:
    def test_sends_what_was_announced_signed(self, endpoint, receiver, now):
        _, secret = endpoint
        assert announce(now) == 1

        assert webhooks.send_due(now=now) == 1

        [(headers, body)] = receiver.got
        assert json.loads(body) == {
            "type": "payment.captured",
            "timestamp": "2026-01-15T12:00:00.000Z",
            "data": {"id": "p1"},
        }
        assert headers["webhook-signature"] == signature_of(
            secret=secret,
            message_id=headers["webhook-id"],
            timestamp=int(headers["webhook-timestamp"]),
            body=body,
        )
        sending = Sending.objects.get()
        assert (sending.state, sending.attempts, sending.last_answer) == ("DELIVERED", 1, "204")
        assert webhooks.send_due(now=now) == 0

    def test_the_same_event_is_announced_once(self, endpoint, now):
        announce(now)
        assert announce(now) == 0
        assert Sending.objects.count() == 1

    def test_neither_another_brand_nor_another_kind_is_told(self, endpoint, now):
        assert announce(now, cluster="girlfanz") == 0
        assert announce(now, kind=Kind.PAYOUT_PAID) == 0
        assert not Message.objects.exists()

    def test_a_captured_payment_is_told_in_the_words_of_the_api(self, endpoint, receiver, now):
        payment = a_tip(now)

        events.sweep(now=now + timedelta(days=400))
        webhooks.send_due(now=now + timedelta(days=400))

        told = [json.loads(body) for _, body in receiver.got]
        [captured] = [each["data"] for each in told if each["data"]["kind"] == "TIP"]
        assert captured == {
            "id": str(payment.public_id),
            "kind": "TIP",
            "method": payment.method,
            "status": "CAPTURED",
            "amount": {"amount": str(payment.amount.decimal), "currency": "USD"},
            "refunded": {"amount": "0.00", "currency": "USD"},
            "payer": payment.payer.handle,
            "creator": payment.payee.handle,
            "failure_reason": "",
            "subject": "",
            "occasion": "",
        }

    def test_an_event_delivered_twice_is_one_message(self, endpoint, now):
        payment = a_tip(now)
        events.sweep(now=now + timedelta(days=400))
        before = Message.objects.count()
        [message] = [
            each
            for each in OutboxMessage.objects.filter(name=PaymentCaptured.name)
            if each.payload["transaction_id"] == payment.pk
        ]
        OutboxMessage.objects.filter(pk=message.pk).update(delivered_at=None)

        assert events.deliver(message.pk, now=now + timedelta(days=401))
        assert Message.objects.count() == before >= 1


class TestFailing:
    def test_is_sent_again_later_each_time_and_then_given_up(self, endpoint, receiver, now):
        receiver.statuses = [503]
        announce(now)

        moment, waits = now, []
        for _ in range(len(WAITS) + 1):
            webhooks.send_due(now=moment)
            sending = Sending.objects.get()
            waits.append(sending.next_attempt_at - moment)
            assert webhooks.send_due(now=sending.next_attempt_at - timedelta(seconds=1)) == 0
            moment = sending.next_attempt_at + timedelta(seconds=31)  # the breaker's rest

        assert waits[: len(WAITS)] == list(WAITS)
        assert sending.state == "FAILED"
        assert Attempt.objects.count() == len(WAITS) + 1
        assert webhooks.send_due(now=moment + timedelta(days=9)) == 0

    def test_an_endpoint_that_is_gone_is_disabled_at_once(self, endpoint, receiver, now):
        receiver.statuses = [410]
        announce(now)

        webhooks.send_due(now=now)

        assert Endpoint.objects.get().state == "DISABLED"
        assert Sending.objects.get().state == "FAILED"
        assert announce(now, source="outbox:2") == 0

    def test_one_that_fails_for_five_days_is_disabled_and_people_are_told(
        self, endpoint, receiver, now, caplog, staff
    ):
        admin, support = staff("admin"), staff("support")
        receiver.statuses = [500]
        announce(now)
        webhooks.send_due(now=now)
        announce(now, source="outbox:2")

        webhooks.send_due(now=now + timedelta(days=5))

        assert Endpoint.objects.get().state == "DISABLED"
        assert "webhooks.endpoint_disabled" in caplog.text
        record = AuditRecord.objects.get(action="webhooks.endpoint_disabled")
        assert (record.reason, record.cluster) == ("It failed for too long", "boyfanz")
        mail = Mail.objects.get(kind="staff.endpoint_disabled", user=admin)
        assert mail.context["url"] == Endpoint.objects.get().url
        assert mail.context["why"] == "It failed for too long"
        assert not Mail.objects.filter(user=support).exists()

    def test_one_answer_makes_it_well_again(self, endpoint, receiver, now):
        receiver.statuses = [500, 200]
        announce(now)
        webhooks.send_due(now=now)
        assert Endpoint.objects.get().failing_since == now

        webhooks.send_due(now=now + timedelta(days=6))

        row = Endpoint.objects.get()
        assert (row.state, row.failing_since) == ("ACTIVE", None)

    def test_a_private_address_is_never_called(self, endpoint, receiver, now, settings):
        settings.HTTP_ALLOWED_PRIVATE_NETWORKS = []
        announce(now)

        assert webhooks.send_due(now=now) == 0

        assert receiver.got == []
        assert Sending.objects.get().last_answer == "http.forbidden_address"

    @pytest.mark.parametrize("url", ["https://256.1.1.1/", "https://xn--/"])
    def test_an_address_that_is_none_fails_alone(self, endpoint, receiver, boyfanz, now, url):
        """Whoever may open an endpoint could else stop the messages of all brands."""
        webhooks.open_endpoint(
            cluster=boyfanz, url=url, kinds=[Kind.PAYMENT_CAPTURED], description="",
            by=StaffFactory.create(role="admin"), now=now,
        )  # fmt: skip
        assert announce(now) == 2

        assert webhooks.send_due(now=now) == 1

        assert len(receiver.got) == 1
        wrong = Sending.objects.get(endpoint__url=url)
        assert (wrong.state, wrong.last_answer) == ("WAITING", "http.forbidden_address")

    def test_a_redirect_is_not_followed(self, endpoint, receiver, now):
        receiver.statuses = [302]
        announce(now)

        assert webhooks.send_due(now=now) == 0
        assert len(receiver.got) == 1


class TestAtOnce:
    def test_many_workers_send_each_message_once(self, endpoint, receiver, now):
        for i in range(40):
            announce(now, source=f"outbox:{i}")
        start = threading.Barrier(4)

        def work(_: int) -> int:
            start.wait(10)
            try:
                return webhooks.send_due(now=now, limit=10)
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            sent = sum(pool.map(work, range(4)))
        sent += webhooks.send_due(now=now)

        assert sent == 40
        ids = [headers["webhook-id"] for headers, _ in receiver.got]
        assert len(ids) == len(set(ids)) == 40

    def test_what_a_dead_worker_had_claimed_is_sent_after_its_lease(self, endpoint, receiver, now):
        announce(now)
        Sending.objects.update(claimed_until=now + timedelta(minutes=2), attempts=1)

        assert webhooks.send_due(now=now + timedelta(minutes=1)) == 0
        assert webhooks.send_due(now=now + timedelta(minutes=3)) == 1
        assert Sending.objects.get().attempts == 2


class TestByHand:
    def test_what_is_paused_waits_and_is_sent_on_resuming(self, endpoint, receiver, now):
        row, _ = endpoint
        by = StaffFactory.create(role="admin")
        webhooks.pause_endpoint(endpoint_id=row.pk, by=by, reason="moving")
        assert announce(now) == 1
        assert webhooks.send_due(now=now) == 0

        webhooks.resume_endpoint(endpoint_id=row.pk, by=by, reason="moved")

        assert webhooks.send_due(now=now) == 1

    def test_sending_again_uses_the_same_id(self, endpoint, receiver, now):
        announce(now)
        webhooks.send_due(now=now)
        by = StaffFactory.create(role="support")

        webhooks.send_again(sending_id=Sending.objects.get().pk, by=by, reason="asked", now=now)
        webhooks.send_due(now=now)

        first, second = (headers["webhook-id"] for headers, _ in receiver.got)
        assert first == second

    def test_what_waits_is_not_sent_again(self, endpoint, now):
        announce(now)
        by = StaffFactory.create(role="support")

        with pytest.raises(errors.WrongState):
            webhooks.send_again(sending_id=Sending.objects.get().pk, by=by, reason="r", now=now)

    def test_a_trial_reaches_only_its_endpoint(self, endpoint, receiver, now):
        row, _ = endpoint
        by = StaffFactory.create(role="admin")

        webhooks.send_test(endpoint_id=row.pk, by=by, reason="trial", now=now)
        webhooks.send_due(now=now)

        assert json.loads(receiver.got[0][1])["type"] == "endpoint.test"

    def test_old_messages_are_forgotten_with_their_log(self, endpoint, now):
        announce(now)
        announce(now + timedelta(days=30), source="outbox:2")
        webhooks.send_due(now=now)

        assert webhooks.forget_old(now=now + timedelta(days=61)) == 1
        assert list(Message.objects.values_list("source", flat=True)) == ["outbox:2"]
        assert not Attempt.objects.exists()
