"""News of a gateway: in any order, many in one delivery, of strangers, by the wrong secrets."""

import hashlib
from datetime import timedelta
from inspect import unwrap
from typing import Any

import pytest
from django.db import connection

from apps.audit.models import AuditRecord
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import errors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import NoticeOutcome, Status, WebhookStatus
from apps.finance.payments.models import WebhookEvent, WebhookNotice
from apps.finance.payments.rules.waiting import WAITS_FOR_OTHERS
from tests import given
from tests.factories.accounts import ProfileFactory, UserFactory
from tests.factories.payments import MerchantAccountFactory
from tests.finance.payments.inboxes import OTHER_KEY, SETS, deliver, item
from tests.undone import undone_afterwards

pytestmark = pytest.mark.django_db


@pytest.fixture
def fan(settings):
    settings.GATEWAY_CREDENTIALS = SETS
    fan = ProfileFactory.create()
    MerchantAccountFactory.create(
        cluster=fan.cluster, gateway="adyen", account_number="FanzECOM", subaccount="", flex_id=""
    )
    return fan


def balances():
    return {
        (row.code, row.currency): row.debit_minor - row.credit_minor
        for row in ledger.trial_balance()
    }


def moved(before):
    after = balances()
    changes = {key: minor - before.get(key, 0) for key, minor in after.items()}
    return {key: change for key, change in changes.items() if change}


def six_events(deposit):
    sale = f"PSP{deposit.pk}"
    bank: dict[str, Any] = {"reference": f"CASE{deposit.pk}", "original": sale}
    return [
        item(deposit),
        item(deposit),
        item(deposit, success=False, reference=f"NO{deposit.pk}"),
        item(deposit, "REFUND", minor=20_00, reference=f"BACK{deposit.pk}", original=sale),
        item(deposit, "CHARGEBACK", minor=30_00, **bank),
        item(deposit, "CHARGEBACK_REVERSED", minor=30_00, **bank),
    ]


def every_way_on(events, *, told=(), now):
    """
    Tell what is left in every order, and yield each order when all is told and heard.

    Orders that begin alike share their beginning. So do those that only change places of the same
    event told twice: they are one and the same row of deliveries, and 720 orders are 360 rows.
    """
    left = [place for place in range(len(events)) if place not in told]
    if not left:
        payments.process_webhooks(now=now + timedelta(seconds=30))
        connection.check_constraints()  # those too that a commit would have checked
        yield told
    for place in left:
        if place > 0 and place - 1 in left and events[place] == events[place - 1]:
            continue
        with undone_afterwards():
            then = now + timedelta(seconds=len(told))
            deliver(events[place], now=then)
            payments.process_webhooks(now=then, limit=1)  # and what waited for it
            yield from every_way_on(events, told=(*told, place), now=now)


@pytest.mark.slow
def test_all_720_orders_of_six_events_end_the_same(fan, now):
    deposit = given.a_deposit(fan, "50.00", now=now)
    before = balances()
    rows, ends = 0, set()
    for _ in every_way_on(six_events(deposit), now=now):
        rows += 1
        deposit.refresh_from_db()
        mine = WebhookEvent.objects.filter(transaction=deposit)
        states = tuple(sorted(mine.values_list("status", flat=True)))
        heard = tuple(sorted(mine.values_list("notices__outcome", flat=True)))
        ends.add(
            (
                deposit.status,
                deposit.refunded_minor,
                deposit.gateway_reference == f"PSP{deposit.pk}",
                states,
                heard,
                tuple(sorted(moved(before).items())),
            )
        )

    assert rows == 720 // 2
    [(status, refunded, is_its_own, states, heard, money)] = ends
    assert (status, refunded, is_its_own) == (Status.PARTLY_REFUNDED, 20_00, True)
    assert states == ("IGNORED", *("PROCESSED",) * 5)
    assert heard == (*("DONE",) * 5, "REPEAT")
    assert sum(minor for _, minor in money) == 0
    assert dict(money)["1100", "USD"] == 30_00


class TestSeveralInOneDelivery:
    def test_each_is_acted_on_and_shown(self, fan, now):
        deposits = [given.a_deposit(fan, now=now, key=f"d{n}") for n in range(3)]
        webhook_id = deliver(*[item(deposit) for deposit in deposits], now=now)

        assert payments.process_webhooks(now=now) == 1

        for deposit in deposits:
            deposit.refresh_from_db()
        assert {deposit.status for deposit in deposits} == {Status.CAPTURED}
        rows = WebhookNotice.objects.filter(webhook=webhook_id).order_by("number")
        assert [row.transaction_id for row in rows] == [deposit.pk for deposit in deposits]
        assert WebhookEvent.objects.get(pk=webhook_id).status == WebhookStatus.PROCESSED

    def test_a_stranger_among_them_costs_only_itself(self, fan, now):
        deposit = given.a_deposit(fan, now=now)
        stranger = given.a_deposit(fan, now=now, key="other")
        stranger.public_id = "00000000-0000-4000-8000-000000000000"
        webhook_id = deliver(item(stranger), item(deposit), now=now)

        payments.process_webhooks(now=now)

        deposit.refresh_from_db()
        assert deposit.status == Status.CAPTURED
        webhook = WebhookEvent.objects.get(pk=webhook_id)
        assert webhook.status == WebhookStatus.QUARANTINED
        assert list(webhook.notices.order_by("number").values_list("outcome", flat=True)) == [
            NoticeOutcome.QUARANTINED,
            NoticeOutcome.DONE,
        ]
        assert AuditRecord.objects.filter(action="payments.webhook_quarantined").count() == 1

    def test_replayed_what_was_done_stays_done(self, fan, now):
        staff = UserFactory.create(is_superuser=True)
        deposit = given.a_deposit(fan, now=now)
        stranger = given.a_deposit(fan, now=now, key="other")
        known, stranger.public_id = stranger.public_id, "00000000-0000-4000-8000-000000000000"
        webhook_id = deliver(item(stranger), item(deposit), now=now)
        payments.process_webhooks(now=now)
        history = deposit.history.count()
        stranger.public_id = known

        payments.replay_webhook(webhook_id=webhook_id, by=staff, reason="Look again", now=now)
        payments.process_webhooks(now=now)

        assert deposit.history.count() == history
        assert WebhookEvent.objects.get(pk=webhook_id).status == WebhookStatus.QUARANTINED


class TestWhoseSecrets:
    def test_another_brands_secret_proves_nothing(self, fan, now):
        deposit = given.a_deposit(fan, now=now)
        forged = deliver(item(deposit, key=OTHER_KEY), now=now)
        # Proved by its own door, but about an account that is not behind it.
        reached_over = deliver(item(deposit, key=OTHER_KEY), now=now, credentials="adyen-boyfanz")

        payments.process_webhooks(now=now)

        deposit.refresh_from_db()
        assert deposit.status == Status.REQUIRES_ACTION
        states = WebhookEvent.objects.in_bulk([forged, reached_over])
        assert {webhook.status for webhook in states.values()} == {WebhookStatus.REFUSED}
        assert "secrets of another account" in states[reached_over].error
        assert AuditRecord.objects.filter(action="payments.webhook_refused").count() == 2

    def test_an_account_with_its_own_secrets_is_proved_by_them(self, fan, now):
        fan.cluster.refresh_from_db()
        account = MerchantAccountFactory.of(fan.cluster)
        account.credentials = "adyen-boyfanz"
        account.save()
        deposit = given.a_deposit(fan, now=now)
        deliver(item(deposit, key=OTHER_KEY), now=now, credentials="adyen-boyfanz")

        payments.process_webhooks(now=now)

        deposit.refresh_from_db()
        assert deposit.status == Status.CAPTURED

    def test_re_encoded_numbers_are_another_message(self, fan, now):
        deposit = given.a_deposit(fan, now=now)
        changed = item(deposit)
        changed["amount"]["value"] = "5000.0"
        webhook_id = deliver(changed, now=now)

        payments.process_webhooks(now=now)

        assert WebhookEvent.objects.get(pk=webhook_id).status == WebhookStatus.REFUSED


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[" * 200_000,
        b'{"a": "\\ud800"}',
    ],
)
def test_what_has_no_single_meaning_is_refused_at_once(fan, now, body):
    webhook_id = payments.receive_webhook(
        gateway="adyen", query={}, headers={}, body=body, remote_ip="203.0.113.5", now=now
    )

    assert payments.process_webhooks(now=now) == 1

    webhook = WebhookEvent.objects.get(pk=webhook_id)
    assert webhook.status == WebhookStatus.REFUSED
    assert AuditRecord.objects.filter(action="payments.webhook_refused").count() == 1


class TestWaiting:
    def test_a_refund_told_first_waits_for_its_sale(self, fan, now):
        deposit = given.a_deposit(fan, now=now)
        refund = deliver(item(deposit, "REFUND", minor=20_00, reference="R1",
                              original=f"PSP{deposit.pk}"), now=now)  # fmt: skip
        assert payments.process_webhooks(now=now) == 0
        assert WebhookEvent.objects.get(pk=refund).status == WebhookStatus.RECEIVED

        deliver(item(deposit), now=now)
        assert payments.process_webhooks(now=now) == 2

        deposit.refresh_from_db()
        assert (deposit.status, deposit.refunded_minor) == (Status.PARTLY_REFUNDED, 20_00)

    def test_in_vain_it_is_parked_after_a_day(self, fan, now):
        deposit = given.a_deposit(fan, now=now)
        refund = deliver(item(deposit, "REFUND", minor=20_00, reference="R1",
                              original=f"PSP{deposit.pk}"), now=now)  # fmt: skip
        tries = 0
        while (webhook := WebhookEvent.objects.get(pk=refund)).status == "RECEIVED":
            payments.process_webhooks(now=max(now, webhook.next_attempt_at))
            tries += 1
            assert tries < 60, "it asks ever more seldom"

        assert webhook.status == WebhookStatus.PARKED
        assert webhook.processed_at >= now + WAITS_FOR_OTHERS
        assert "in vain" in webhook.error


class TestStaff:
    @pytest.fixture
    def staff(self):
        return UserFactory.create(is_superuser=True)

    def test_ignores_what_is_quarantined(self, fan, staff, now):
        stranger = given.a_deposit(fan, now=now)
        stranger.public_id = "00000000-0000-4000-8000-000000000000"
        webhook_id = deliver(item(stranger), now=now)
        payments.process_webhooks(now=now)

        payments.ignore_webhook(webhook_id=webhook_id, by=staff, reason="A test sale", now=now)

        webhook = WebhookEvent.objects.get(pk=webhook_id)
        assert (webhook.status, webhook.error) == ("IGNORED", "By staff: A test sale")
        assert AuditRecord.objects.filter(action="payments.webhook_ignored").count() == 1
        with pytest.raises(errors.WebhookNotWaiting):
            payments.ignore_webhook(webhook_id=webhook_id, by=staff, reason="x", now=now)

    def test_parks_what_waits_and_nothing_moves(self, fan, staff, now):
        deposit = given.a_deposit(fan, now=now)
        webhook_id = deliver(item(deposit), now=now)
        with pytest.raises(errors.ReplayNotAllowed):
            payments.park_webhook(
                webhook_id=webhook_id, by=UserFactory.create(), reason="x", now=now
            )
        payments.park_webhook(webhook_id=webhook_id, by=staff, reason="Wait", now=now)

        assert payments.process_webhooks(now=now) == 0
        deposit.refresh_from_db()
        assert deposit.status == Status.REQUIRES_ACTION


class TestRetention:
    def test_what_was_sent_is_emptied_after_its_time_and_its_hash_stays(self, fan, now, settings):
        settings.WEBHOOK_KEPT_DAYS = 30
        deposit = given.a_deposit(fan, now=now)
        done = deliver(item(deposit), now=now)
        stranger = given.a_deposit(fan, now=now, key="other")
        stranger.public_id = "00000000-0000-4000-8000-000000000000"
        asked = deliver(item(stranger), now=now)
        payments.process_webhooks(now=now)
        sent = bytes(WebhookEvent.objects.get(pk=done).body)

        empty_webhooks = unwrap(payments.empty_webhooks)
        assert empty_webhooks(now=now + timedelta(days=29)) == 0
        assert empty_webhooks(now=now + timedelta(days=31)) == 1
        assert empty_webhooks(now=now + timedelta(days=31)) == 0

        webhook = WebhookEvent.objects.get(pk=done)
        assert (bytes(webhook.body), webhook.query, webhook.headers) == (b"", {}, {})
        assert bytes(webhook.body_sha256 or b"") == hashlib.sha256(sent).digest()
        assert bytes(WebhookEvent.objects.get(pk=asked).body)
        assert webhook.notices.count() == 1
