"""Card data and secrets that come through any door are kept nowhere (PCI DSS 3.3, 3.5; SAQ A)."""

from __future__ import annotations

import logging
import uuid
from unittest.mock import patch

import pytest
from django.apps import apps
from django.core.cache import caches
from django.db import connection
from psycopg.sql import SQL, Identifier

from apps.core import http
from apps.finance.payments import services as payments
from apps.finance.payments.adapters import GATEWAYS
from apps.finance.payments.adapters.base import Answered, Outcome
from apps.finance.payments.choices import Status
from apps.finance.payments.rules.redact import HIDDEN, clean, clean_text, has_card_number
from tests.factories.accounts import ProfileFactory
from tests.finance.payments.charging import (
    CARD,
    a_token,
    an_account,
    by_fields,
    by_means,
    stored_means,
    wallet,
)
from tests.finance.payments.test_api import ROOT, client_of

pytestmark = pytest.mark.django_db(transaction=True)

SPACED = "4111 1111 1111 1111"
CVV = "cvv-canary-301"
SECRETS = ("security_key", "signing_key")


@pytest.fixture
def payer(sandbox):
    http.reset_breakers()
    profile = ProfileFactory.create()
    an_account(profile)
    return profile


@pytest.fixture
def logged(caplog, capfd):
    """All that was logged, in every form it leaves the process."""
    caplog.set_level(logging.DEBUG)

    def text():
        out, err = capfd.readouterr()
        return caplog.text + str([record.__dict__ for record in caplog.records]) + out + err

    return text


def everything_stored():
    """Every row of every table as text, but for the random bytes of passwords."""
    found = []
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if model._meta.managed and not model._meta.proxy:
                cursor.execute(
                    SQL("SELECT t::text FROM {} t").format(Identifier(model._meta.db_table))
                )
                found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


def everything_cached():
    client = caches["default"]._cache.get_client()  # type: ignore[attr-defined]
    return str([(name, client.dump(name)) for name in client.scan_iter("*")])


def is_nowhere(logged, *canaries):
    for place, text in (
        ("the database", everything_stored()),
        ("the logs", logged()),
        ("the cache", everything_cached()),
    ):
        for canary in canaries:
            assert canary not in text, f"{canary} is in {place}"
    return True


def post(payer, path, body):
    headers = {"HTTP_IDEMPOTENCY_KEY": uuid.uuid4().hex}
    return client_of(payer).post(f"{ROOT}{path}", body, format="json", **headers)


class TestEveryDoor:
    def test_an_api_field(self, payer, creator, logged):
        amount = {"amount": "50.00", "currency": "USD"}
        tip = {"creator": creator.handle, "amount": amount, "method": "CARD"}
        begun = post(payer, "deposits/", {"amount": amount, "checkout": "FIELDS"}).json()
        path = f"transactions/{begun['transaction']['id']}/charge/"
        answers = [
            post(payer, "tips/", {**tip, "message": f"my card {SPACED}"}),
            post(payer, "deposits/", {"amount": amount, "number": CARD, "cvv": CVV}),
            post(payer, path, {"token": CARD, "cvv": CVV}),
        ]
        assert [each.status_code for each in answers] == [422, 201, 422] or answers[1].json()
        assert is_nowhere(logged, CARD, SPACED, CVV)
        assert wallet(payer) == 0

    def test_what_a_gateway_answers(self, payer, now, logged):
        payment = by_fields(payer, now=now)
        loose = Answered(
            Outcome.DECLINED,
            code="05",
            reason="Do not honor",
            sent={"ccnumber": CARD, "cvv": CVV, "note": f"for {SPACED}"},
            received={"echo": CARD, "password": CVV, "response": "2"},
        )
        with patch.object(type(GATEWAYS["nmi"]), "charge", return_value=loose):
            failed = payments.charge(
                transaction=payment, now=now, one_time=payments.OneTime("one-time")
            )

        assert failed.status == Status.FAILED
        attempt = payment.attempts.get()
        assert attempt.sent == {"ccnumber": HIDDEN, "cvv": HIDDEN, "note": f"for {HIDDEN}"}
        assert attempt.received == {"echo": HIDDEN, "password": HIDDEN, "response": "2"}
        assert is_nowhere(logged, CARD, SPACED, CVV)

    def test_tokens_and_secrets_of_a_real_charge(self, sandbox, payer, settings, now, logged):
        token = a_token(sandbox)
        payment = by_fields(payer, now=now, keep=True)
        payments.charge(transaction=payment, now=now, one_time=token)
        means = stored_means(sandbox, payer, now=now)
        payments.charge(transaction=by_means(means, now=now), now=now)

        known = settings.GATEWAY_CREDENTIALS["nmi"]
        assert is_nowhere(logged, token.token, CARD, *(known[name] for name in SECRETS))
        assert wallet(payer) == 150_00


class TestWhatLooksLikeACard:
    @pytest.mark.parametrize(
        "text",
        [CARD, SPACED, "4111-1111-1111-1111", f"({CARD})", "5555555555554444", "378282246310005"],
    )
    def test_is_hidden(self, text):
        assert has_card_number(text)
        assert HIDDEN in clean_text(text)

    @pytest.mark.parametrize(
        "text",
        [
            "4111111111111112",
            "0117240102000000041",
            "1768478400000",
            "call 4111111",
            str(uuid.UUID(int=0x4111_1111)),
            f"a{CARD}",
        ],
    )
    def test_other_digits_stay(self, text):
        assert not has_card_number(text)
        assert clean_text(text) == text

    @pytest.mark.parametrize(
        "name", ["password", "api_key", "hmac", "CardNumber", "cvv2", "security_key", "salt"]
    )
    def test_fields_with_such_names_are_hidden(self, name):
        assert clean({name: "x", "response": "1"}) == {name: HIDDEN, "response": "1"}
