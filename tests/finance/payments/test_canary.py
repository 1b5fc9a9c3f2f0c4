"""Card data and secrets that come through any door are kept nowhere (PCI DSS 3.3, 3.5; SAQ A)."""

from __future__ import annotations

import json
import logging
import uuid
from datetime import timedelta
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.core.cache import caches
from django.db import IntegrityError, connection
from django.test import Client
from django.utils import timezone
from psycopg.sql import SQL, Identifier

from apps.core import http
from apps.finance.payments import errors, views
from apps.finance.payments import services as payments
from apps.finance.payments.adapters import GATEWAYS
from apps.finance.payments.adapters.base import Answered, Outcome
from apps.finance.payments.choices import CardData, Status, WebhookStatus
from apps.finance.payments.models import WebhookEvent
from apps.finance.payments.rules.card_data import (
    may_hold_number,
    without_codes,
    without_numbers,
)
from apps.finance.payments.rules.redact import HIDDEN, clean, clean_text, has_card_number
from apps.finance.payments.rules.waiting import MOST_ATTEMPTS
from tests import given
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
ESCAPED = "".join(f"\\u00{ord(each):02x}" for each in CARD).encode()
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
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


NUMBERS = {
    "a text in JSON": (JSON, {"note": f"my card {SPACED} 301"}),
    "a number in JSON": (JSON, {"number": int(CARD)}),
    "a line of JSON": (JSON, {"note": f"card\n{CARD}"}),
    "escaped in JSON": (JSON, b'{"note": "' + ESCAPED + b'"}'),
    "a form": (FORM, urlencode({"card": SPACED, "cvv": CVV}).encode()),
    "a form with its sign escaped": (FORM, f"note=card%3D{CARD}".encode()),
    "XML": ("text/xml", f"<card><number>{CARD}</number><cvv>{CVV}</cvv></card>".encode()),
    "a magnetic stripe": ("text/plain", f"%B{CARD}^BYRON/ADA^29121010000000000".encode()),
    "nothing that is known": ("text/plain", b"\xff" + CARD.encode()),
}


def heard_to_its_end():
    at = timezone.now()
    for _ in range(MOST_ATTEMPTS):
        payments.process_webhooks(now=at)
        at += timedelta(hours=1)
    return WebhookEvent.objects.get()


class TestTheInbox:
    """A card number in a webhook: stored sealed, heard, hidden; nowhere to be read at any time."""

    @pytest.fixture
    def door(self, settings, monkeypatch):
        monkeypatch.setattr(views, "process_soon", lambda: None)  # in tests it would be at once
        settings.ALLOWED_HOSTS = ["any.example"]
        path = f"/webhooks/ccbill/{settings.CCBILL['webhook_token']}/"

        def deliver(body, kind=JSON, *, query="", path=path, **headers):
            client = Client(headers={"host": "any.example", **headers})
            sent = body if isinstance(body, bytes) else json.dumps(body).encode()
            return client.post(f"{path}?{query}", sent, content_type=kind).status_code

        return deliver

    @pytest.mark.parametrize("place", NUMBERS)
    def test_in_a_body(self, door, logged, place):
        kind, body = NUMBERS[place]
        assert door(body, kind) == 200
        assert WebhookEvent.objects.get().card_data == CardData.SEALED
        assert is_nowhere(logged, CARD, SPACED, "4111+1111", CVV, ESCAPED.decode())

        webhook = heard_to_its_end()
        assert webhook.status in {WebhookStatus.REFUSED, WebhookStatus.PARKED}
        assert webhook.card_data == CardData.HIDDEN
        assert is_nowhere(logged, CARD, SPACED, "4111+1111", CVV, ESCAPED.decode())

    def test_in_a_query_and_in_headers(self, door, logged):
        named = {
            "X-Request-ID": CARD,
            "X-Card": SPACED,
            "User-Agent": f"curl {CARD}",
            "X-Cvv": CVV,
        }
        assert door({}, query=urlencode({"card": SPACED, "cvv": CVV}), **named) == 200
        assert door({}, path="/webhooks/ccbill/guessed/", **named) == 404
        assert is_nowhere(logged, CARD, SPACED, "4111+1111", CVV)
        payments.process_webhooks(now=timezone.now())
        assert is_nowhere(logged, CARD, SPACED, "4111+1111", CVV)

    def test_beside_true_news_that_is_heard_all_the_same(self, logged, now):
        """A reference may pass for a card's number; the proof, over every byte, still holds."""
        fan = ProfileFactory.create()
        paid = [given.a_deposit(fan, now=now, key=f"k{n}") for n in range(2)]
        ids = [
            given.a_delivery(each, now=now, subscriptionId=number, note=f"paid with {SPACED}")
            for each, number in zip(paid, ("5555555555554444", "0117240102000000041"), strict=True)
        ]
        assert is_nowhere(logged, SPACED)
        assert payments.process_webhooks(now=now) == 2

        for each in paid:
            each.refresh_from_db()
        assert [each.status for each in paid] == [Status.CAPTURED] * 2
        assert paid[0].gateway_reference == "5555555555554444"
        for webhook in WebhookEvent.objects.filter(pk__in=ids):
            assert webhook.card_data == CardData.HIDDEN
            assert json.loads(bytes(webhook.body))["note"] == f"paid with {HIDDEN}"
        assert is_nowhere(logged, SPACED)

    def test_hidden_it_cannot_be_replayed(self, door, staff):
        door({"note": SPACED})
        webhook = heard_to_its_end()
        with pytest.raises(errors.WebhookEmptied):
            payments.replay_webhook(
                webhook_id=webhook.pk, by=staff("admin"), reason="Again", now=timezone.now()
            )

    def test_the_database_keeps_nothing_sealed_that_is_done(self, door):
        door({"note": SPACED})
        with pytest.raises(IntegrityError, match="webhook_sealed_while_it_waits"):
            WebhookEvent.objects.update(status=WebhookStatus.PARKED)


class TestWhatIsSent:
    @pytest.mark.parametrize(
        "text",
        [
            f"{SPACED} 301", f"22 {SPACED}", f"%B{CARD}^", "4111+1111+1111+1111",
            "4111--1111--1111--1111", "4111%201111%201111%201111", "2 " * 20_000 + "2",
        ],
    )  # fmt: skip
    def test_may_hold_a_card(self, text):
        assert may_hold_number(text.encode())
        assert not may_hold_number(without_numbers(text.encode()))

    @pytest.mark.parametrize(
        "text",
        ["4111111111111112", "0117240102000000041", f"a{CARD}", f"{CARD}f", f"{CARD}1234567",
         str(uuid.UUID(int=0x4111_1111)), "2026-01-15 05:00:00", "t=1768478400,v1=00"],
    )  # fmt: skip
    def test_holds_none(self, text):
        assert not may_hold_number(text.encode())

    @pytest.mark.parametrize(
        "text",
        [f'{{"cvv": "{CVV}"}}', f"card_cvc={CVV}&a=1", f"<cvv2>{CVV}</cvv2>", '{"cardCvv":301}',
         f"securityCode: {CVV}", f'{{"X-Card-Verification-Value": "{CVV}"}}'],
    )  # fmt: skip
    def test_loses_a_security_code(self, text):
        left = without_codes(text.encode()).decode()
        assert HIDDEN in left
        assert "301" not in left

    @pytest.mark.parametrize("text", ['{"cvv_response": "301"}', "cvvresult=MATCH", "cvv=M"])
    def test_keeps_what_a_code_came_to(self, text):
        assert without_codes(text.encode()) == text.encode()


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
