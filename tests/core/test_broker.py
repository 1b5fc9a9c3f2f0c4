"""Nothing waits for the broker or fails with it: what was stored is found by a tick."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from apps.core import broker
from apps.core.models import OutboxMessage
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Status, WebhookStatus
from apps.finance.payments.models import Transaction, WebhookEvent
from fanz.celery import app
from tests import given
from tests.core.misbehaving import frozen_port, refusing_port
from tests.factories.accounts import ProfileFactory
from tests.factories.payments import webhook_fields

MOST_SECONDS = 5


@pytest.fixture(params=[refusing_port, frozen_port], ids=["refused", "frozen"])
def dead_broker(request, monkeypatch):
    with request.param() as port:
        monkeypatch.setenv("CELERY_BROKER_WRITE_URL", f"redis://127.0.0.1:{port}/3")
        monkeypatch.setattr(app, "_pool", None)
        monkeypatch.setattr(app.amqp, "_producer_pool", None)
        app.conf.task_always_eager = False
        yield
        app.conf.task_always_eager = True


def timed(call: Callable[[], Any]) -> Any:
    """Return what ``call`` gives, soon enough for a processor that waits for us."""
    started = time.monotonic()
    answer = call()
    assert time.monotonic() - started < MOST_SECONDS
    return answer


@pytest.mark.usefixtures("dead_broker")
def test_telling_a_worker_neither_raises_nor_waits():
    started = time.monotonic()
    broker.start_soon("core.sweep_outbox")
    assert time.monotonic() - started < 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("dead_broker")
class TestWithADeadBroker:
    def test_a_webhook_is_stored_and_answered(self, settings):
        fan = ProfileFactory.create()
        body = urlencode(webhook_fields(given.a_deposit(fan, now=timezone.now())))
        path = f"/webhooks/ccbill/{settings.CCBILL['webhook_token']}/?eventType=NewSaleSuccess"

        answer = timed(
            lambda: Client(headers={"host": "testserver"}).post(
                path, body, content_type="application/x-www-form-urlencoded"
            )
        )

        assert answer.status_code == 200
        assert WebhookEvent.objects.get().status == WebhookStatus.RECEIVED

    def test_a_payment_is_captured_and_what_it_tells_is_kept(self):
        fan = ProfileFactory.create()
        given.a_delivery(given.a_deposit(fan, now=timezone.now()), now=timezone.now())

        assert timed(lambda: payments.process_webhooks(now=timezone.now())) == 1

        assert Transaction.objects.get().status == Status.CAPTURED
        assert OutboxMessage.objects.filter(delivered_at=None, parked_at=None).count() == 1
