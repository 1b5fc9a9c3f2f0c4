"""Endpoints and messages in FanzDash: what is shown, to whom, and at what price."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.webhooks.models import Endpoint, Message, Sending

ENDPOINTS, SENDINGS = "/admin/webhooks/endpoint/", "/admin/webhooks/sending/"


def some(endpoint, now, count):
    for i in range(count):
        message = Message.objects.create(
            cluster=endpoint.cluster, kind="payment.captured", body="{}", source=f"x:{i}",
            created_at=now,
        )  # fmt: skip
        Sending.objects.create(message=message, endpoint=endpoint, next_attempt_at=now)


def test_a_new_endpoint_shows_its_secret_once(console, boyfanz):
    client = console("admin")
    answer = client.post(
        f"{ENDPOINTS}new/",
        {
            "cluster": boyfanz.pk,
            "url": "https://front.example/told",
            "description": "Shop",
            "kinds": ["payment.captured"],
        },
        follow=True,
    )

    assert "whsec_" in answer.content.decode()
    page = client.get(f"{ENDPOINTS}{Endpoint.objects.get().pk}/change/").content.decode()
    assert "whsec_" not in page
    assert "https://front.example/told" in page


def test_a_form_with_a_bad_address_says_so_and_opens_nothing(console, boyfanz):
    answer = console("admin").post(
        f"{ENDPOINTS}new/",
        {"cluster": boyfanz.pk, "url": "nowhere", "kinds": ["payment.captured"]},
    )

    assert answer.status_code == 422
    assert "must be an https:// one" in answer.content.decode()
    assert not Endpoint.objects.exists()


def test_support_reads_and_opens_none(console):
    client = console("support")

    assert client.get(ENDPOINTS).status_code == 200
    assert client.get(f"{ENDPOINTS}new/").status_code == 403


@pytest.mark.parametrize("role", ["payouts", "security"])
def test_others_do_not_see_them(console, role):
    client = console(role)

    assert client.get(ENDPOINTS).status_code == 403
    assert client.get(SENDINGS).status_code == 403


def test_lists_ask_as_much_for_many_rows_as_for_one(console, endpoint, now):
    row, _ = endpoint
    client = console("admin")
    some(row, now, 1)
    asked = []
    for _ in range(2):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(SENDINGS).status_code == 200
            assert client.get(f"{ENDPOINTS}{row.pk}/change/").status_code == 200
        asked.append(len(queries))
        Sending.objects.all().delete()
        Message.objects.all().delete()
        some(row, now, 30)

    assert asked[0] == asked[1]
