"""The inbox over HTTP: its path, its limits, and a hundred deliveries at once."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.audit.models import AuditRecord
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import services as payments
from apps.finance.payments.choices import WebhookStatus
from apps.finance.payments.models import WebhookEvent
from apps.finance.payments.views import MOST_BYTES
from tests import given
from tests.factories.accounts import ProfileFactory
from tests.factories.payments import webhook_fields

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def deliver(settings):
    settings.ALLOWED_HOSTS = ["any.example"]
    path = f"/webhooks/ccbill/{settings.CCBILL['webhook_token']}/?eventType=NewSaleSuccess"

    def deliver(body="a=1", *, path=path, **extra):
        client = Client(enforce_csrf_checks=True, headers={"host": "any.example"})
        return client.post(path, body, content_type=FORM, **extra)

    return deliver


@pytest.mark.django_db(transaction=True)
def test_a_hundred_deliveries_at_once_are_all_answered_and_booked_once(deliver):
    fan = ProfileFactory.create()
    body = urlencode(webhook_fields(given.a_deposit(fan, now=timezone.now())))

    def post(_):
        try:
            return deliver(body).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(post, range(100)))
    payments.process_webhooks(now=timezone.now())

    assert answers == [200] * 100
    states = list(WebhookEvent.objects.values_list("status", flat=True))
    assert states.count(WebhookStatus.PROCESSED) == 1
    assert states.count(WebhookStatus.IGNORED) == 99
    assert ledger.balance_of(postings.wallet(fan.pk), "USD").minor == 50_00
    assert ledger.balance_of(postings.processor_clearing("ccbill"), "USD").minor == 50_00


class TestSize:
    def test_256_kilobytes_are_stored(self, deliver):
        assert deliver("a" * MOST_BYTES).status_code == 200
        assert len(WebhookEvent.objects.get().body) == MOST_BYTES == 262_144

    def test_one_byte_more_is_refused(self, deliver):
        assert deliver("a" * (MOST_BYTES + 1)).status_code == 413
        assert not WebhookEvent.objects.exists()


class TestWrongToken:
    PATH = "/webhooks/ccbill/guessed/?eventType=NewSaleSuccess"

    def test_is_not_found_and_leaves_one_record_an_hour_and_address(self, deliver):
        for _ in range(5):
            assert deliver(path=self.PATH).status_code == 404
        assert deliver(path=self.PATH, REMOTE_ADDR="203.0.113.9").status_code == 404

        assert not WebhookEvent.objects.exists()
        records = AuditRecord.objects.filter(action="payments.webhook_wrong_token")
        assert sorted(str(record.ip) for record in records) == ["127.0.0.1", "203.0.113.9"]
        assert "guessed" not in str([record.facts for record in records])

    def test_one_ipv6_network_leaves_one_record(self):
        left = [
            payments.record_wrong_token(gateway="ccbill", remote_ip=address)
            for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "", "")
        ]
        assert left == [True, False, True, True, False]

    def test_get_is_not_allowed(self, deliver, settings):
        path = f"/webhooks/ccbill/{settings.CCBILL['webhook_token']}/"
        assert Client(headers={"host": "any.example"}).get(path).status_code == 405


def test_a_query_that_is_no_text_is_refused_and_not_stored(deliver, settings):
    path = f"/webhooks/ccbill/{settings.CCBILL['webhook_token']}/?a=%00"
    assert deliver(path=path).status_code == 400
    assert not WebhookEvent.objects.exists()
