"""HTTP of payouts: codes, shapes, whose rows they are; the rules are tested with the services."""

import uuid

import pytest
from rest_framework.test import APIClient

from apps.clusters.models import Cluster
from apps.payouts import services as payouts
from apps.payouts.choices import Status
from apps.payouts.models import Payout, PayoutMethod
from tests import given
from tests.factories.accounts import ProfileFactory
from tests.factories.payouts import PayoutFactory, PayoutMethodFactory
from tests.payouts.books import dollars, earnings, in_transit

pytestmark = pytest.mark.django_db

PAYOUTS = "/api/v1/payments/payouts/"
METHODS = "/api/v1/payments/payout-methods/"
ADA = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Byron"}
FIFTY = {"amount": "50.00", "currency": "USD"}


def client_of(profile, *, on=None) -> APIClient:
    """A browser of this person on this person's brand, or on another."""
    cluster = on or profile.cluster
    client = APIClient(headers={"host": f"{cluster.slug}.localhost"})
    client.force_authenticate(profile.user)
    return client


@pytest.fixture
def creator(now):
    return given.a_creator("80.00", now=now)


@pytest.fixture
def client(creator) -> APIClient:
    return client_of(creator)


def post(client, method, *, key="k", amount=None):
    headers = {"Idempotency-Key": key} if key is not None else {}
    body = {"method": str(method.public_id), "amount": amount or FIFTY}
    return client.post(PAYOUTS, body, headers=headers)


class TestPostPayouts:
    def test_opens_a_payout_once_for_one_key(self, client, creator, now):
        method = given.a_payout_method(creator, now=now)

        first, second = post(client, method), post(client, method)

        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json() == second.json()
        payout = Payout.objects.get()
        assert first.json() == {
            "id": str(payout.public_id),
            "method": str(method.public_id),
            "rail": "PAXUM",
            "amount": FIFTY,
            "status": "REQUESTED",
            "reference": payout.rail_reference,
            "failure_code": "",
            "requested_at": first.json()["requested_at"],
            "paid_at": None,
            "returned_at": None,
        }
        assert in_transit() == dollars("50.00")

    @pytest.mark.parametrize(
        ("amount", "key", "refusal"),
        [
            ("19.99", "k", (422, "payouts.below_minimum")),
            ("80.01", "k", (409, "ledger.insufficient_funds")),
            ("50.00", None, (422, "idempotency.key_required")),
            ("50.00", "", (422, "idempotency.key_required")),
            ("50.00", "x" * 65, (422, "idempotency.key_malformed")),
        ],
    )
    def test_explains_a_refusal_and_moves_nothing(  # noqa: PLR0917
        self, client, creator, now, amount, key, refusal
    ):
        method = given.a_payout_method(creator, now=now)

        response = post(client, method, key=key, amount={**FIFTY, "amount": amount})

        assert (response.status_code, response.json()["code"]) == refusal
        assert (Payout.objects.count(), earnings(creator)) == (0, dollars("80.00"))

    def test_does_not_find_anothers_method(self, client, creator):
        response = post(client, PayoutMethodFactory.create())

        assert (response.status_code, response.json()["code"]) == (404, "payouts.method_not_found")
        assert earnings(creator) == dollars("80.00")


class TestGetPayouts:
    def test_lists_mine_on_this_brand_in_few_queries(
        self, client, creator, now, django_assert_max_num_queries
    ):
        method = PayoutMethodFactory.create(profile=creator)
        mine = [PayoutFactory.create(method=method) for _ in range(10)]
        PayoutFactory.create()
        client.get(PAYOUTS)

        with django_assert_max_num_queries(6):
            response = client.get(PAYOUTS)

        listed = {row["id"] for row in response.json()["results"]}
        assert listed == {str(payout.public_id) for payout in mine}

    def test_filters_by_state_and_turns_pages(self, client, creator):
        method = PayoutMethodFactory.create(profile=creator)
        paid = PayoutFactory.create(method=method, paid=True)
        PayoutFactory.create(method=method)

        response = client.get(PAYOUTS, {"status": "PAID"})
        page = client.get(PAYOUTS, {"page_size": 1})

        assert [row["id"] for row in response.json()["results"]] == [str(paid.public_id)]
        assert len(page.json()["results"]) == 1
        assert page.json()["next"]
        assert client.get(PAYOUTS, {"status": "LOST"}).status_code == 422

    def test_shows_and_cancels_mine(self, client, creator, now):
        payout = given.a_requested_payout(creator=creator, now=now)
        address = f"{PAYOUTS}{payout.public_id}/"

        assert client.get(address).json()["status"] == "REQUESTED"
        assert client.post(f"{address}cancel/").json()["status"] == "CANCELLED"

        assert earnings(creator) == dollars("80.00")

    def test_does_not_cancel_what_was_paid(self, client, creator, rail, now):
        payout = given.an_approved_payout(creator=creator, now=now)
        payouts.send_approved(now=now)

        response = client.post(f"{PAYOUTS}{payout.public_id}/cancel/")

        assert (response.status_code, response.json()["code"]) == (409, "payouts.wrong_state")

    def test_says_what_is_available_and_pending(self, client, creator, now):
        given.a_requested_payout(creator=creator, now=now)

        assert client.get(f"{PAYOUTS}balance/").json() == {
            "available": {"amount": "30.00", "currency": "USD"},
            "pending": FIFTY,
            "minimum": {"amount": "20.00", "currency": "USD"},
            "currency": "USD",
        }


class TestMethods:
    def test_adds_and_lists_mine(self, client):
        made = client.post(METHODS, {"rail": "PAXUM", "details": ADA})

        assert made.status_code == 201
        assert made.json()["details"] == {**ADA, "business_name": ""}
        assert client.get(METHODS).json()["results"] == [made.json()]

    def test_explains_bad_details(self, client):
        response = client.post(METHODS, {"rail": "PAXUM", "details": {**ADA, "email": "no"}})

        assert (response.status_code, response.json()["code"]) == (422, "payouts.bad_details")
        assert not PayoutMethod.objects.exists()

    def test_is_for_creators(self):
        response = client_of(ProfileFactory.create()).post(
            METHODS, {"rail": "PAXUM", "details": ADA}
        )

        assert (response.status_code, response.json()["code"]) == (403, "payouts.not_a_creator")


class TestWhoMay:
    def test_nobody_enters_without_signing_in(self, creator):
        client = client_of(creator)
        client.force_authenticate(None)
        some = uuid.uuid4()

        for address in (PAYOUTS, METHODS, f"{PAYOUTS}balance/", f"{PAYOUTS}{some}/"):
            assert client.get(address).status_code in {401, 403}
        for address in (PAYOUTS, METHODS, f"{PAYOUTS}{some}/cancel/"):
            assert client.post(address, {}).status_code in {401, 403}

    def test_another_person_and_the_same_person_on_another_brand_find_nothing(self, creator, now):
        payout = given.a_requested_payout(creator=creator, now=now)
        other_brand = Cluster.objects.exclude(pk=creator.cluster_id).get(slug="girlfanz")
        stranger = ProfileFactory.create(cluster=creator.cluster)
        address = f"{PAYOUTS}{payout.public_id}/"

        for client in (client_of(stranger), client_of(creator, on=other_brand)):
            assert client.get(address).status_code == 404
            assert client.post(f"{address}cancel/").status_code == 404
            assert client.get(PAYOUTS).json()["results"] == []
            assert client.get(METHODS).json()["results"] == []
            assert client.get(f"{PAYOUTS}balance/").json()["pending"]["amount"] == "0.00"

        payout.refresh_from_db()
        assert (payout.status, in_transit()) == (Status.REQUESTED, dollars("50.00"))
