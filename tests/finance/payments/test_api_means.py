"""HTTP of checkouts, stored means, receipts and exports: one's own, in few queries."""

from __future__ import annotations

import csv
import io
import uuid

import pytest
from django.db import transaction

from apps.core import http
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Status
from apps.finance.payments.models import PaymentMethod, Transaction
from apps.notifications import services as notifications
from tests import given
from tests.factories.accounts import ProfileFactory
from tests.finance.payments.charging import (
    CARD,
    a_token,
    an_account,
    sales_of,
    stored_means,
    wallet,
)
from tests.finance.payments.test_api import ROOT, client_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def payer(sandbox):
    http.reset_breakers()
    profile = ProfileFactory.create()
    an_account(profile)
    return profile


def key():
    return {"HTTP_IDEMPOTENCY_KEY": uuid.uuid4().hex}


def deposit(payer, headers=None, **more):
    body = {"amount": {"amount": "50.00", "currency": "USD"}, **more}
    return client_of(payer).post(f"{ROOT}deposits/", body, format="json", **(headers or key()))


class TestFields:
    def test_a_token_of_the_fields_pays(self, sandbox, payer):
        begun = deposit(payer, checkout="FIELDS", keep=True).json()
        assert begun["next_action"]["type"] == "fields"
        assert begun["next_action"]["gateway"] == "nmi"
        path = f"{ROOT}transactions/{begun['transaction']['id']}/"

        again = client_of(payer).post(f"{path}checkout/").json()
        paid = client_of(payer).post(
            f"{path}charge/", {"token": a_token(sandbox).token}, format="json", **key()
        )

        assert again["next_action"] == begun["next_action"]
        assert paid.json()["transaction"]["status"] == "CAPTURED"
        assert wallet(payer) == 50_00
        [means] = client_of(payer).get(f"{ROOT}payment-methods/").json()["results"]
        assert "token" not in means
        assert means["is_default"]

    def test_a_card_number_is_refused_and_kept_nowhere(self, payer):
        begun = deposit(payer, checkout="FIELDS").json()["transaction"]["id"]

        answer = client_of(payer).post(
            f"{ROOT}transactions/{begun}/charge/", {"token": CARD}, format="json", **key()
        )

        assert (answer.status_code, answer.json()["code"]) == (422, "payments.card_data_refused")
        assert Transaction.objects.get().status == Status.REQUIRES_ACTION
        assert wallet(payer) == 0

    def test_a_strangers_payment_is_not_found(self, sandbox, payer):
        begun = deposit(payer, checkout="FIELDS").json()["transaction"]["id"]
        stranger = client_of(ProfileFactory.create(cluster=payer.cluster))
        for name in ("checkout", "charge", "receipt"):
            path = f"{ROOT}transactions/{begun}/{name}/"
            body = {"token": a_token(sandbox).token}
            answer = (
                stranger.get(path)
                if name == "receipt"
                else stranger.post(path, body, format="json", **key())
            )
            assert answer.status_code == 404
        assert wallet(payer) == 0


class TestAStoredMeans:
    def test_is_charged_at_once_and_once_for_a_key(self, sandbox, payer, now):
        means = stored_means(sandbox, payer, now=now)
        headers = key()

        answers = [deposit(payer, headers, payment_method=str(means.public_id)) for _ in range(2)]

        assert [each.status_code for each in answers] == [201, 201]
        assert answers[0].json()["transaction"]["status"] == "CAPTURED"
        assert wallet(payer) == 100_00
        assert len(sales_of(sandbox, Transaction.objects.latest("id"))) == 1

    def test_of_somebody_else_is_not_found_and_charges_nothing(self, sandbox, payer, now):
        means = stored_means(sandbox, payer, now=now)
        other = ProfileFactory.create(cluster=payer.cluster)

        assert deposit(other, payment_method=str(means.public_id)).status_code == 404
        path = f"{ROOT}payment-methods/{means.public_id}/"
        assert client_of(other).delete(path).status_code == 404
        assert client_of(other).post(f"{path}default/").status_code == 404
        assert client_of(other).get(f"{ROOT}payment-methods/").json()["results"] == []
        assert PaymentMethod.objects.get().removed_at is None

    def test_another_becomes_the_default_and_the_next_one_when_it_goes(self, sandbox, payer, now):
        first = stored_means(sandbox, payer, now=now)
        second = stored_means(sandbox, payer, now=now, key="two")
        client = client_of(payer)

        client.post(f"{ROOT}payment-methods/{second.public_id}/default/")
        second.refresh_from_db()
        assert second.is_default
        gone = client.delete(f"{ROOT}payment-methods/{second.public_id}/")

        assert gone.status_code == 204
        [left] = client.get(f"{ROOT}payment-methods/").json()["results"]
        assert (left["id"], left["is_default"]) == (str(first.public_id), True)
        assert deposit(payer, payment_method=str(second.public_id)).status_code == 404

    def test_any_number_is_listed_in_as_many_queries(
        self, sandbox, payer, now, django_assert_max_num_queries
    ):
        for name in ("a", "b", "c"):
            stored_means(sandbox, payer, now=now, key=name)
        client = client_of(payer)
        with django_assert_max_num_queries(6):
            assert len(client.get(f"{ROOT}payment-methods/").json()["results"]) == 3


class TestPapers:
    def test_the_receipt_names_what_the_statement_shows(self, fan, now):
        given.a_funded_wallet(fan, "50.00", now=now)
        paid = Transaction.objects.get()
        answer = client_of(fan).get(f"{ROOT}transactions/{paid.public_id}/receipt/").json()
        assert answer["descriptor"] == "FANZ.EXAMPLE 800-555-0100"
        assert answer["amount"] == {"amount": "50.00", "currency": "USD"}

    def test_is_mailed_once_by_the_brand(self, fan, now, mailoutbox):
        given.a_funded_wallet(fan, "50.00", now=now)
        paid = Transaction.objects.get()
        for _ in range(2):
            with transaction.atomic():
                payments.queue_receipt(transaction_id=paid.pk, now=now)

        assert notifications.send_due(now=now) == 1
        assert notifications.send_due(now=now) == 0

        [mail] = mailoutbox
        assert mail.to == [fan.user.email]
        assert fan.cluster.name in mail.subject
        for told in ("FANZ.EXAMPLE 800-555-0100", "50.00 USD", str(paid.public_id)):
            assert told in mail.body

    def test_the_export_is_filtered_and_harmless_to_spreadsheets(self, fan, creator, now):
        given.a_deposit(fan, "20.00", now=now, key="small")
        given.a_deposit(fan, "50.00", now=now, key="large")
        Transaction.objects.filter(amount_minor=50_00).update(message='=HYPERLINK("x")')

        answer = client_of(fan).get(f"{ROOT}transactions/export/", {"least_minor": 30_00})

        rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
        assert [(row["amount"], row["message"]) for row in rows] == [
            ("50.00", '\'=HYPERLINK("x")')
        ]

    def test_the_export_needs_no_more_queries_for_more_rows(
        self, fan, now, django_assert_max_num_queries
    ):
        for number in range(5):
            given.a_deposit(fan, now=now, key=f"k{number}")
        with django_assert_max_num_queries(6):
            answer = client_of(fan).get(f"{ROOT}transactions/export/")
            assert len(answer.getvalue().decode().splitlines()) == 6
