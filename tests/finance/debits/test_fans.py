"""A fan's way to pay by bank, over HTTP: words, mandate, debit, transfer, taking it back."""

from __future__ import annotations

import pytest

from apps.audit.models import AuditRecord
from apps.finance.debits.models import Debit, Mandate, Transfer
from apps.finance.payments.models import Transaction
from apps.finance.risk.models import Assessment
from tests.factories.accounts import ProfileFactory
from tests.finance.debits import given

pytestmark = pytest.mark.django_db
BANK = "/api/v1/payments/bank"


@pytest.fixture(autouse=True)
def _credentials(settings):
    settings.GATEWAY_CREDENTIALS = given.CREDENTIALS


@pytest.fixture
def banks():
    return {kind: given.a_bank(kind) for kind in ("ach", "sepa", "wire")}


@pytest.fixture
def client(api, fan, banks):
    api.force_authenticate(fan.user)
    return api


def words(client, kind):
    return next(way for way in client.get(f"{BANK}/ways/").json() if way["kind"] == kind)


def wish(client, kind="SEPA", **more):
    account = (
        {"iban": "nl91 abna 0417 1643 00"}
        if kind == "SEPA"
        else {"routing": "231380104", "account": "12345678"}
    )
    version = words(client, kind)["words_version"]
    return {
        "scheme": kind, "holder": " Ada  Byron ", "words_version": version, "agreed": True,
        **account, **more,
    }  # fmt: skip


def sign(client, kind="SEPA", **more):
    agent = {"HTTP_USER_AGENT": "Lynx/2.9"}
    return client.post(f"{BANK}/mandates/", wish(client, kind, **more), format="json", **agent)


def pay(client, mandate, amount="25.00", currency="EUR", key="k1"):
    body = {"mandate": mandate, "amount": {"amount": amount, "currency": currency}}
    return client.post(f"{BANK}/debits/", body, format="json", HTTP_IDEMPOTENCY_KEY=key)


def test_the_ways_of_a_brand_say_what_must_be_agreed_to(client):
    ways = {way["kind"]: way for way in client.get(f"{BANK}/ways/").json()}
    assert set(ways) == {"ACH", "SEPA", "WIRE"}
    assert "within 8 weeks" in ways["SEPA"]["words"]
    assert "DE98ZZZ09999999999" in ways["SEPA"]["words"]
    assert "up to 2 more times within 180 days" in ways["ACH"]["words"]
    assert ways["WIRE"]["words"] == ""


def test_a_way_that_is_not_set_up_or_of_another_brand_is_not_offered(client, settings, banks):
    settings.GATEWAY_CREDENTIALS = given.CREDENTIALS | {"sepa": {"iban": "DE1"}}
    banks["wire"].is_active = False
    banks["wire"].save()
    assert [way["kind"] for way in client.get(f"{BANK}/ways/").json()] == ["ACH"]
    refused = client.post(
        f"{BANK}/transfers/", {"amount": {"amount": "5.00", "currency": "EUR"}}, format="json",
        HTTP_IDEMPOTENCY_KEY="w",
    )  # fmt: skip
    assert (refused.status_code, refused.json()["code"]) == (404, "debits.not_offered")


def test_a_signature_keeps_the_words_the_place_and_the_browser(client, fan):
    answer = sign(client)
    assert answer.status_code == 201
    body = answer.json()
    assert (body["state"], body["last4"], body["holder"]) == ("ACTIVE", "4300", "Ada Byron")
    kept = Mandate.objects.get()
    assert kept.proof == body["words"] == words(client, "SEPA")["words"]
    assert (kept.signed_ip, kept.signed_agent) == ("127.0.0.1", "Lynx/2.9")
    assert "NL91ABNA0417164300" not in answer.content.decode() + kept.sealed_account
    assert AuditRecord.objects.filter(action="debits.mandate_signed").count() == 1


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"words_version": "sepa-1"}, "debits.words_changed"),
        ({"iban": "NL91ABNA0417164301"}, "debits.account_invalid"),
        ({"holder": "  "}, "validation_error"),
        ({"agreed": False}, "validation_error"),
    ],
)
def test_what_is_not_agreed_to_or_not_an_account_is_refused(client, more, code):
    answer = sign(client, **more)
    assert answer.status_code in {400, 409, 422}
    assert answer.json()["code"] == code or code == "validation_error"
    assert not Mandate.objects.exists()


def test_the_same_account_gives_the_same_mandate_until_it_is_revoked(client):
    first = sign(client).json()["id"]
    assert sign(client).json()["id"] == first
    revoked = client.post(f"{BANK}/mandates/{first}/revoke/")
    assert revoked.json()["state"] == "REVOKED"
    assert sign(client).json()["id"] != first
    assert pay(client, first).json()["code"] == "debits.mandate_not_active"
    assert not Transaction.objects.exists()


def test_nobody_tries_account_numbers_by_the_dozen(client):
    for number in range(5):
        mandate = sign(client, "ACH", account=f"1234567{number}").json()["id"]
        client.post(f"{BANK}/mandates/{mandate}/revoke/")
    answer = sign(client, "ACH", account="99999999")
    assert (answer.status_code, answer.json()["code"]) == (409, "debits.too_many_mandates")
    assert Mandate.objects.count() == 5


def test_a_debit_is_asked_for_once_a_key(client):
    mandate = sign(client).json()["id"]
    first, again = pay(client, mandate), pay(client, mandate)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert first.json()["state"] == "READY"
    assert Debit.objects.count() == Transaction.objects.count() == 1
    listed = client.get(f"{BANK}/debits/").json()["results"]
    assert [row["id"] for row in listed] == [first.json()["id"]]
    assert client.get(f"{BANK}/debits/{first.json()['id']}/").json() == first.json()


def test_risk_hears_from_where_a_debit_is_asked_for(client, settings):
    settings.CLIENT_COUNTRY_HEADER, settings.TRUSTED_PROXIES = "X-Country", 1
    signed = sign(client).json()["id"]
    body = {"mandate": signed, "amount": {"amount": "25.00", "currency": "EUR"}}

    asked = client.post(
        f"{BANK}/debits/", body, format="json", HTTP_IDEMPOTENCY_KEY="k1", HTTP_X_COUNTRY="CA"
    )

    assert asked.status_code == 201
    heard = Assessment.objects.get()
    assert heard.facts["country_ip"] == "CA"
    assert heard.ip_hash
    assert Transaction.objects.get().payer_country == "CA"


def test_a_debit_beyond_what_the_account_takes_is_refused(client):
    answer = pay(client, sign(client).json()["id"], "1000.01")
    assert answer.status_code == 422
    assert not Debit.objects.exists()


def test_a_transfer_says_where_to_send_it_and_what_to_write(client):
    body = {"amount": {"amount": "80.00", "currency": "EUR"}}
    answer = client.post(f"{BANK}/transfers/", body, format="json", HTTP_IDEMPOTENCY_KEY="w1")
    told = answer.json()
    assert answer.status_code == 201
    assert told["send_to"]["iban"] == "DE89370400440532013000"
    assert told["reference"] == Transfer.objects.get().reference
    assert client.get(f"{BANK}/transfers/{told['id']}/").json() == told


def test_another_person_finds_none_of_it(client, boyfanz):
    mandate = sign(client).json()["id"]
    debit = pay(client, mandate).json()["id"]
    client.force_authenticate(ProfileFactory.create(cluster=boyfanz).user)
    for path in (f"mandates/{mandate}", f"debits/{debit}"):
        assert client.get(f"{BANK}/{path}/").status_code == 404
    assert client.post(f"{BANK}/mandates/{mandate}/revoke/").status_code == 404
    assert pay(client, mandate).status_code == 404
    assert client.get(f"{BANK}/mandates/").json()["results"] == []
    assert Mandate.objects.get().state == "ACTIVE"


@pytest.mark.parametrize("path", ["ways", "mandates", "debits", "transfers"])
def test_who_is_not_signed_in_is_turned_away(api, path):
    assert api.get(f"{BANK}/{path}/").status_code in {401, 403}


def test_a_list_asks_as_much_for_three_as_for_one(client, django_assert_max_num_queries):
    mandate = sign(client).json()["id"]
    for n in range(3):
        pay(client, mandate, key=f"k{n}")
    with django_assert_max_num_queries(6):
        assert len(client.get(f"{BANK}/debits/").json()["results"]) == 3
