"""HTTP of payments: quotes, one payment, lists in few queries, and brands kept apart."""

import uuid

import pytest
from rest_framework.test import APIClient

from apps.audit.models import AuditRecord
from apps.finance.payments import services as payments
from apps.finance.payments import tasks
from fanz.settings.beat import CELERY_BEAT_SCHEDULE
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory, UserFactory

pytestmark = pytest.mark.django_db

ROOT = "/api/v1/payments/"


def client_of(profile, *, on=None):
    client = APIClient(headers={"host": f"{(on or profile.cluster).slug}.localhost"})
    client.force_authenticate(profile.user)
    return client


class TestQuote:
    def test_shows_the_split_to_the_cent(self, fan):
        asked = {"kind": "TIP", "method": "CARD", "amount": "25.00", "currency": "USD"}
        answer = client_of(fan).get(f"{ROOT}quote/", asked)

        assert answer.status_code == 200
        split = {name: part["amount"] for name, part in answer.json().items()}
        assert split == {
            "amount": "25.00",
            "price": "25.00",
            "tax": "0.00",
            "platform_fee": "3.75",
            "processing_fee": "1.25",
            "net": "20.00",
        }

    @pytest.mark.parametrize("bad", [{"amount": "0.00"}, {"currency": "XXX"}, {"kind": "GIFT"}])
    def test_refuses_what_cannot_be_paid(self, fan, bad):
        asked = {"kind": "TIP", "method": "CARD", "amount": "25.00", "currency": "USD", **bad}
        assert client_of(fan).get(f"{ROOT}quote/", asked).status_code in {400, 422}


class TestOneTransaction:
    def test_is_shown_to_its_payer_and_once_captured_to_its_payee(self, fan, creator, now):
        tip = given.a_card_tip(fan, creator, "25.00", now=now)
        path = f"{ROOT}transactions/{tip.public_id}/"
        assert client_of(fan).get(path).status_code == 200
        assert client_of(creator).get(path).status_code == 404
        given.a_delivery(tip, now=now)
        payments.process_webhooks(now=now)
        for party in (fan, creator):
            answer = client_of(party).get(path)
            assert answer.status_code == 200
            assert answer.json()["id"] == str(tip.public_id)

    def test_is_not_found_by_others_nor_on_another_brand_either_way(self, fan, girlfanz, now):
        here = given.a_deposit(fan, now=now)
        twin = ProfileFactory.create(user=fan.user, cluster=girlfanz)
        there = given.a_deposit(twin, now=now, key="there")
        path = f"{ROOT}transactions/{{}}/"

        assert client_of(twin).get(path.format(here.public_id)).status_code == 404
        assert client_of(fan).get(path.format(there.public_id)).status_code == 404
        assert (
            client_of(ProfileFactory.create()).get(path.format(here.public_id)).status_code == 404
        )
        assert client_of(fan).get(path.format(uuid.uuid4())).status_code == 404
        assert client_of(fan).get(path.format(here.public_id)).status_code == 200
        for profile, own in ((fan, here), (twin, there)):
            shown = client_of(profile).get(f"{ROOT}transactions/").json()["results"]
            assert [row["id"] for row in shown] == [str(own.public_id)]

    def test_needs_a_person(self):
        client = APIClient(headers={"host": "boyfanz.localhost"})
        for path in ("transactions/", f"transactions/{uuid.uuid4()}/", "quote/"):
            assert client.get(ROOT + path).status_code in {401, 403}


def test_a_list_takes_the_same_few_queries_however_long(fan, now, django_assert_max_num_queries):
    for number in range(12):
        given.a_card_tip(
            fan, CreatorFactory.create(cluster=fan.cluster), now=now, key=f"k{number}"
        )
    client = client_of(fan)
    with django_assert_max_num_queries(8):
        assert len(client.get(f"{ROOT}transactions/").json()["results"]) == 12


class TestTicks:
    def test_are_the_ones_the_clock_starts(self):
        clock = {entry["task"] for entry in CELERY_BEAT_SCHEDULE.values()}
        assert {tasks.process_webhooks.name, tasks.resolve_stale.name} <= clock

    def test_do_what_they_say(self, fan, now):
        deposit = given.a_deposit(fan, now=now)
        given.a_delivery(deposit, now=now)
        assert tasks.process_webhooks.delay().result == 1
        given.a_deposit(fan, now=now, key="abandoned")
        assert tasks.resolve_stale.delay().result == 1


def test_every_act_leaves_its_record(fan, now):
    deposit = given.a_deposit(fan, now=now)
    webhook = given.a_delivery(deposit, now=now, ip="203.0.113.9")
    payments.process_webhooks(now=now)
    staff = UserFactory.create(is_superuser=True)
    payments.replay_webhook(webhook_id=webhook, by=staff, reason="again", now=now)

    found = {
        record.action: (record.actor_id, record.reason) for record in AuditRecord.objects.all()
    }
    assert found["payments.started"] == (fan.user_id, "")
    assert found["payments.webhook_refused"][0] is None
    assert found["payments.webhook_replayed"] == (staff.pk, "again")


@pytest.mark.parametrize("path", [f"{ROOT}transactions/", f"{ROOT}payouts/"])
@pytest.mark.parametrize("cursor", ["cD0lMDA=", "cD1hYmM=", "cD0yMDI2LTEzLTQ1VDAwOjAwOjAw"])
def test_a_cursor_that_is_none_of_ours_is_not_found(fan, path, cursor):
    answer = client_of(fan).get(path, {"cursor": cursor})
    assert answer.status_code == 404
    assert answer.json()["code"] == "request.not_found"


def test_json_nested_too_deeply_cannot_be_read(fan):
    answer = client_of(fan).generic(
        "POST",
        f"{ROOT}deposits/",
        "[" * 100_000,
        content_type="application/json",
        headers={"Idempotency-Key": "deep"},
    )
    assert answer.status_code == 400
    assert answer.json()["code"] == "request.parse_error"


def test_a_sign_in_nested_too_deeply_cannot_be_read(fan):
    answer = client_of(fan).generic(
        "POST", "/_allauth/app/v1/auth/login", "[" * 100_000, content_type="application/json"
    )
    assert answer.status_code == 400
    assert answer.json()["code"] == "request.parse_error"
