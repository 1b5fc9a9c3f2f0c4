"""HTTP of spending limits: one's own, read and set."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.finance.payments.models import SpendingLimit
from tests.factories.accounts import ProfileFactory
from tests.finance.payments.test_api import ROOT, client_of

pytestmark = pytest.mark.django_db
URL = f"{ROOT}spending-limits/"
USD_20 = {"amount": "20.00", "currency": "USD"}


def put(fan, **body):
    return client_of(fan).put(URL, body, format="json")


def test_each_window_is_there_set_or_not():
    fan = ProfileFactory.create()
    put(fan, per="DAY", amount=USD_20)

    day, week, month = client_of(fan).get(URL).json()

    assert [row["per"] for row in (day, week, month)] == ["DAY", "WEEK", "MONTH"]
    assert (day["limit"], day["left"], day["spent"]["amount"]) == (USD_20, USD_20, "0.00")
    assert (week["limit"], week["left"], week["then_at"]) == (None, None, None)


def test_raising_and_removing_wait_a_day():
    fan = ProfileFactory.create()
    put(fan, per="WEEK", amount=USD_20)
    raised = put(fan, per="WEEK", amount={"amount": "30.00", "currency": "USD"}).json()
    assert (raised["limit"], raised["then"]["amount"]) == (USD_20, "30.00")
    removed = put(fan, per="WEEK", amount=None).json()
    assert (removed["limit"], removed["then"]) == (USD_20, None)
    assert removed["then_at"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"per": "YEAR", "amount": USD_20}, 422, ""),
        ({"per": "DAY", "amount": {"amount": "0.00", "currency": "USD"}}, 422,
         "payments.amount_out_of_range"),
        ({"per": "DAY", "amount": {"amount": "1", "currency": "BTC"}}, 422,
         "payments.currency_not_offered"),
        ({"per": "DAY", "amount": None, "currency": "XXX"}, 422,
         "payments.currency_not_offered"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_limit_is_refused(body, status, code):
    answer = put(ProfileFactory.create(), **body)
    assert answer.status_code in {400, status}
    assert code in answer.content.decode()
    assert not SpendingLimit.objects.exists()


def test_nobody_sees_or_sets_anothers():
    fan, other = ProfileFactory.create(), ProfileFactory.create()
    put(fan, per="DAY", amount=USD_20)
    assert client_of(other).get(URL).json()[0]["limit"] is None
    assert Client(HTTP_HOST="boyfanz.localhost").get(URL).status_code in {401, 403}


def test_a_strange_currency_is_refused():
    answer = client_of(ProfileFactory.create()).get(f"{URL}?currency=XXX")
    assert answer.status_code == 422


def test_reading_takes_few_queries(django_assert_max_num_queries):
    client = client_of(ProfileFactory.create())
    client.get(URL)
    with django_assert_max_num_queries(8):
        client.get(URL)
