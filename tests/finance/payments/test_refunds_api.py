"""HTTP of refunds and disputes: whose rows they are, in few queries."""

from datetime import timedelta

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from apps.finance.payments.adapters.base import Told
from apps.finance.payments.services.refund_books import book_refund
from apps.finance.payments.services.refund_moves import locked_refund
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.finance.payments.refunding import a_paid_tip, a_policy, ask
from tests.finance.payments.test_disputes import hear

pytestmark = pytest.mark.django_db

ROOT = "/api/v1/payments/"


def client_of(profile):
    client = APIClient(headers={"host": f"{profile.cluster.slug}.localhost"})
    client.force_authenticate(profile.user)
    return client


@pytest.fixture
def sold(staff, now):
    """Three tips of one fan to one creator: each refunded in part and disputed."""
    a_policy(now=now)
    clerk = staff("finance")
    fan, creator = ProfileFactory.create(), CreatorFactory.create()
    tips = [a_paid_tip("50.00", fan=fan, creator=creator, now=now) for _ in range(3)]
    for number, tip in enumerate(tips):
        refund = ask(tip, "20.00", by=clerk, now=now + timedelta(seconds=number))
        with transaction.atomic():
            book_refund(*locked_refund(refund.pk), now=now, reason="Sent")
        hear(tip, Told.CHARGEBACK, at=now, case=f"case-{number}", amount="30.00", now=now)
    return fan, creator, tips


def test_payer_and_creator_see_refunds_others_do_not(sold):
    fan, creator, _ = sold
    for who in (fan, creator):
        rows = client_of(who).get(f"{ROOT}refunds/").json()["results"]
        assert [row["amount"] for row in rows] == [{"amount": "20.00", "currency": "USD"}] * 3
        assert rows[0]["state"] == "DONE"
        assert (rows[0]["payer"], rows[0]["creator"]) == (fan.handle, creator.handle)
    assert client_of(ProfileFactory.create()).get(f"{ROOT}refunds/").json()["results"] == []


def test_the_creator_alone_sees_disputes(sold):
    fan, creator, _ = sold
    rows = client_of(creator).get(f"{ROOT}disputes/").json()["results"]
    assert [row["stage"] for row in rows] == ["CHARGEBACK"] * 3
    assert rows[-1]["kept_back"]["amount"] == "24.00"
    assert client_of(fan).get(f"{ROOT}disputes/").json()["results"] == []


def test_what_nobody_has_decided_yet_is_not_shown(staff, now):
    tip = a_paid_tip("50.00", now=now)
    ask(tip, "20.00", by=staff("finance"), now=now)
    assert client_of(tip.payer).get(f"{ROOT}refunds/").json()["results"] == []


@pytest.mark.parametrize("name", ["refunds", "disputes"])
def test_lists_take_few_queries_whatever_their_length(sold, name, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        assert len(client_of(sold[1]).get(f"{ROOT}{name}/").json()["results"]) == 3


@pytest.mark.parametrize("name", ["refunds", "disputes"])
def test_nobody_unknown_reads_and_nobody_writes(sold, name):
    stranger = APIClient(headers={"host": "boyfanz.localhost"})
    assert stranger.get(f"{ROOT}{name}/").status_code in {401, 403}
    assert client_of(sold[0]).post(f"{ROOT}{name}/", {}).status_code == 405
