"""PAY-7: each delivery is stored, proved, and acted on exactly once, in any order."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.audit.models import AuditRecord
from apps.clusters.models import Cluster
from apps.core.models import OutboxMessage
from apps.core.money import Money
from apps.core.sealing import unseal
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import errors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Status, WebhookStatus
from apps.finance.payments.models import TransactionEvent, WebhookEvent
from apps.finance.payments.rules.waiting import MOST_ATTEMPTS
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory, UserFactory
from tests.factories.payments import MerchantAccountFactory, failure_fields, webhook_fields

pytestmark = pytest.mark.django_db

USD50, NOTHING = Money.of("50.00", "USD"), Money.zero("USD")


def wallet(fan):
    return ledger.balance_of(postings.wallet(fan.pk), "USD")


def test_a_sale_is_captured_and_booked_to_the_cent(now):
    fan, creator = ProfileFactory.create(), CreatorFactory.create()
    tip = given.a_card_tip(fan, creator, "25.00", now=now)
    given.a_delivery(tip, now=now)

    assert payments.process_webhooks(now=now) == 1

    tip.refresh_from_db()
    assert (tip.status, tip.captured_at) == (Status.CAPTURED, now)
    assert ledger.balance_of(postings.creator_payable(creator.pk), "USD").minor == 20_00
    assert ledger.balance_of(postings.PLATFORM_REVENUE, "USD").minor == 3_75
    assert ledger.balance_of(postings.PROCESSOR_FEES_PAYABLE, "USD").minor == 1_25
    assert ledger.balance_of(postings.processor_clearing("ccbill"), "USD").minor == 25_00


@pytest.mark.parametrize(
    ("change", "end"),
    [
        ({"subscriptionInitialPrice": "500.00"}, "REFUSED"),
        ({"dynamicPricingValidationDigest": "0" * 32}, "REFUSED"),
        ({"dynamicPricingValidationDigest": ""}, "REFUSED"),
        ({"subscriptionCurrencyCode": "978"}, "REFUSED"),
        ({"clientSubacc": "0099"}, "QUARANTINED"),
        ({"clientAccnum": "111111"}, "QUARANTINED"),
        ({"X-order": "00000000-0000-4000-8000-000000000000"}, "QUARANTINED"),
        ({"X-order": "nonsense"}, "QUARANTINED"),
    ],
)
def test_what_is_forged_altered_or_of_strangers_moves_nothing(now, change, end):
    fan = ProfileFactory.create()
    deposit = given.a_deposit(fan, now=now)
    history = TransactionEvent.objects.count()
    webhook_id = given.a_delivery(deposit, now=now, **change)

    payments.process_webhooks(now=now)

    deposit.refresh_from_db()
    assert WebhookEvent.objects.get(pk=webhook_id).status == end
    assert deposit.status == Status.REQUIRES_ACTION
    assert TransactionEvent.objects.count() == history
    assert AuditRecord.objects.filter(action=f"payments.webhook_{end.lower()}").count() == 1
    assert wallet(fan) == NOTHING


def test_a_true_delivery_from_a_strange_address_is_refused(now):
    fan = ProfileFactory.create()
    webhook_id = given.a_delivery(given.a_deposit(fan, now=now), now=now, ip="203.0.113.9")

    payments.process_webhooks(now=now)

    assert WebhookEvent.objects.get(pk=webhook_id).status == WebhookStatus.REFUSED
    assert wallet(fan) == NOTHING


def test_a_forgery_does_not_take_the_place_of_the_true_delivery(now):
    fan = ProfileFactory.create()
    deposit = given.a_deposit(fan, now=now)
    given.a_delivery(deposit, now=now, dynamicPricingValidationDigest="0" * 32)
    given.a_delivery(deposit, now=now)

    payments.process_webhooks(now=now)

    assert wallet(fan) == USD50


def test_one_brands_account_cannot_confirm_anothers_order(now):
    fan = ProfileFactory.create()
    other = MerchantAccountFactory.of(Cluster.objects.exclude(pk=fan.cluster_id)[0])
    given.a_delivery(given.a_deposit(fan, now=now), now=now, clientSubacc=other.subaccount)

    payments.process_webhooks(now=now)

    assert wallet(fan) == NOTHING


@pytest.mark.parametrize("order", sorted(set(itertools.permutations("FSS"))))
def test_every_order_of_deliveries_ends_the_same(now, order):
    fan = ProfileFactory.create()
    deposit = given.a_deposit(fan, now=now)
    for letter in order:
        given.a_delivery(deposit, now=now, **(failure_fields() if letter == "F" else {}))
        payments.process_webhooks(now=now)

    deposit.refresh_from_db()
    assert (deposit.status, deposit.failure_code) == (Status.CAPTURED, "")
    assert wallet(fan) == USD50
    statuses = sorted(WebhookEvent.objects.values_list("status", flat=True))
    assert statuses == ["IGNORED", "PROCESSED", "PROCESSED"]
    assert WebhookEvent.objects.get(status="IGNORED").duplicate_of_id is not None


@pytest.mark.django_db(transaction=True)
def test_the_same_delivery_a_hundred_times_at_once_books_once(now):
    fan = ProfileFactory.create()
    deposit = given.a_deposit(fan, now=now)

    def deliver(_):
        try:
            given.a_delivery(deposit, now=now)
            return payments.process_webhooks(now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        finished = sum(pool.map(deliver, range(100)))
    finished += payments.process_webhooks(now=now)

    assert finished == 100
    assert WebhookEvent.objects.filter(status=WebhookStatus.PROCESSED).count() == 1
    assert WebhookEvent.objects.filter(status=WebhookStatus.IGNORED).count() == 99
    assert wallet(fan) == USD50


def test_a_second_sale_for_one_order_is_parked_and_booked_once(now):
    fan = ProfileFactory.create()
    deposit = given.a_deposit(fan, now=now)
    given.a_delivery(deposit, now=now)
    second = given.a_delivery(deposit, now=now, subscriptionId="0117240102000000077")

    payments.process_webhooks(now=now)

    assert WebhookEvent.objects.get(pk=second).status == WebhookStatus.PARKED
    assert wallet(fan) == USD50


@pytest.mark.parametrize(
    ("event", "end"),
    [
        ("Chargeback", WebhookStatus.RECEIVED),  # it waits for the sale to be told
        ("Refund", WebhookStatus.RECEIVED),
        ("NeverHeardOf", WebhookStatus.PARKED),
    ],
)
def test_other_events_are_kept_with_a_reason(now, event, end):
    fan = ProfileFactory.create()
    webhook_id = given.a_delivery(given.a_deposit(fan, now=now), now=now, eventType=event)

    payments.process_webhooks(now=now)

    webhook = WebhookEvent.objects.get(pk=webhook_id)
    assert webhook.status == end
    assert event in webhook.error
    assert wallet(fan) == NOTHING


@pytest.mark.parametrize("event", ["RenewalSuccess", "Expiration"])
def test_news_of_renewals_are_handed_on_and_book_nothing_by_themselves(now, event):
    fan = ProfileFactory.create()
    webhook_id = given.a_delivery(given.a_deposit(fan, now=now), now=now, eventType=event)

    payments.process_webhooks(now=now)

    assert WebhookEvent.objects.get(pk=webhook_id).status == WebhookStatus.PROCESSED
    assert OutboxMessage.objects.filter(name__startswith="payments.renew").count() == 1
    assert wallet(fan) == NOTHING


def test_what_cannot_be_read_is_retried_then_parked(now):
    webhook_id = payments.receive_webhook(
        gateway="ccbill", query={}, headers={}, body=b"\xff{", remote_ip="127.0.0.1", now=now
    )

    for _ in range(MOST_ATTEMPTS):
        webhook = WebhookEvent.objects.get(pk=webhook_id)
        payments.process_webhooks(now=webhook.next_attempt_at)

    webhook.refresh_from_db()
    assert (webhook.status, webhook.attempts) == (WebhookStatus.PARKED, MOST_ATTEMPTS)


def test_passwords_in_headers_are_sealed_and_cookies_dropped(now):
    webhook_id = payments.receive_webhook(
        gateway="ccbill",
        query={},
        headers={
            "Authorization": "Basic c2VjcmV0",
            "Cookie": "a=1",
            "Salt": "x" * 5_000,
            "T": "1",
        },
        body=b"{}",
        remote_ip="127.0.0.1",
        now=now,
    )

    headers = WebhookEvent.objects.get(pk=webhook_id).headers

    assert headers.keys() == {"Authorization", "T"}
    assert "c2VjcmV0" not in headers["Authorization"]
    assert unseal(headers["Authorization"], purpose="payments.webhook") == "Basic c2VjcmV0"


class TestReplay:
    def test_puts_a_refused_delivery_through_its_checks_again(self, now, settings):
        fan, staff = ProfileFactory.create(), UserFactory.create(is_superuser=True)
        webhook_id = given.a_delivery(given.a_deposit(fan, now=now), now=now, ip="203.0.113.9")
        payments.process_webhooks(now=now)
        settings.CCBILL = {**settings.CCBILL, "webhook_networks": ["203.0.113.0/24"]}

        payments.replay_webhook(webhook_id=webhook_id, by=staff, reason="New network", now=now)
        payments.process_webhooks(now=now)

        assert wallet(fan) == USD50
        with pytest.raises(errors.NothingToReplay):
            payments.replay_webhook(webhook_id=webhook_id, by=staff, reason="Again", now=now)

    def test_needs_the_permission_and_a_reason(self, now):
        webhook_id = given.a_delivery(given.a_deposit(ProfileFactory.create(), now=now), now=now)
        with pytest.raises(errors.ReplayNotAllowed):
            payments.replay_webhook(
                webhook_id=webhook_id, by=UserFactory.create(), reason="x", now=now
            )
        with pytest.raises(errors.ReasonMissing):
            payments.replay_webhook(
                webhook_id=webhook_id,
                by=UserFactory.create(is_superuser=True),
                reason=" ",
                now=now,
            )


class TestIntake:
    URL = "/webhooks/ccbill/{}/?eventType=NewSaleSuccess"

    def post(self, settings, body, token=None, **extra):
        url = self.URL.format(token or settings.CCBILL["webhook_token"])
        client = Client(enforce_csrf_checks=True, headers={"host": "any.example"})
        return client.post(url, body, content_type="application/x-www-form-urlencoded", **extra)

    def test_stores_answers_and_processes_a_form(
        self, settings, django_capture_on_commit_callbacks
    ):
        settings.ALLOWED_HOSTS = ["any.example"]
        fan = ProfileFactory.create()
        deposit = given.a_deposit(fan, now=timezone.now())
        with django_capture_on_commit_callbacks(execute=True):
            answer = self.post(settings, urlencode(webhook_fields(deposit)))

        assert answer.status_code == 200
        assert wallet(fan) == USD50

    def test_a_wrong_token_is_not_found_and_stores_nothing(self, settings):
        settings.ALLOWED_HOSTS = ["any.example"]
        assert self.post(settings, "a=1", token="wrong").status_code == 404
        assert not WebhookEvent.objects.exists()

    def test_a_large_body_is_refused(self, settings):
        settings.ALLOWED_HOSTS = ["any.example"]
        assert self.post(settings, "a=" + "x" * 270_000).status_code == 413
        assert not WebhookEvent.objects.exists()


class TestOneDeliveryCostsNoOther:
    @pytest.fixture
    def innocent(self, now):
        deposit = given.a_deposit(ProfileFactory.create(), now=now)

        def deliver():
            given.a_delivery(deposit, now=now)
            return deposit

        return deliver

    @pytest.mark.parametrize("name", ["initialPeriod", "subscriptionId", "X-order", "cardType"])
    @pytest.mark.parametrize("text", ["\ud800", "\0"])
    def test_what_is_no_text_is_refused_alone(self, now, innocent, name, text):
        bad = given.a_deposit(ProfileFactory.create(), now=now)
        poison = given.a_delivery(bad, now=now, **{name: text})
        deposit = innocent()

        assert payments.process_webhooks(now=now) == 2

        assert wallet(deposit.payer) == USD50
        webhook = WebhookEvent.objects.get(pk=poison)
        assert webhook.status == WebhookStatus.REFUSED
        assert "no gateway writes so" in webhook.error
        assert wallet(bad.payer) == NOTHING

    def test_an_unforeseen_failure_is_recorded_and_stops_no_other(self, now, innocent):
        # A gateway this version has no adapter for: nothing in reading foresees it.
        poison = payments.receive_webhook(
            gateway="gone", query={}, headers={}, body=b"{}", remote_ip="127.0.0.1", now=now
        )
        deposit = innocent()

        assert payments.process_webhooks(now=now) == 1

        assert wallet(deposit.payer) == USD50
        webhook = WebhookEvent.objects.get(pk=poison)
        assert (webhook.status, webhook.attempts) == (WebhookStatus.RECEIVED, 1)
        assert webhook.error.startswith("KeyError")
        for _ in range(MOST_ATTEMPTS):
            webhook.refresh_from_db()
            payments.process_webhooks(now=webhook.next_attempt_at)
        webhook.refresh_from_db()
        assert (webhook.status, webhook.attempts) == (WebhookStatus.PARKED, MOST_ATTEMPTS)
