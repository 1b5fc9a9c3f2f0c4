"""Paying from a bank account on the pages: words shown whole, signed, used, taken back."""

from __future__ import annotations

import re

import pytest

from apps.finance.debits import selectors as debits
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import selectors as payments
from tests.factories.accounts import ProfileFactory
from tests.finance.debits.given import CREDENTIALS, IBAN, a_bank
from tests.storefront.test_money import KEY, browser, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def fan(settings):
    settings.GATEWAY_CREDENTIALS = CREDENTIALS
    return ProfileFactory.create()


def sign(fan, scheme="sepa", **changes):
    client = browser(fan)
    page = client.get(f"/wallet/bank/sign/{scheme}/").content.decode()
    version = re.search(r'name="words_version" value="([^"]+)"', page)
    assert version
    form = {"holder": "Ann Example", "iban": IBAN, "words_version": version[1], "agreed": "on"}
    return client.post(f"/wallet/bank/sign/{scheme}/", form | changes)


def test_a_sepa_mandate_shows_the_prescribed_words_and_asks_for_an_unticked_yes(fan):
    a_bank("sepa")
    page = text_of(browser(fan).get("/wallet/bank/sign/sepa/"))
    for words in (
        "SEPA Direct Debit Mandate",
        "DE98ZZZ09999999999",
        "you authorise (A) Fanz Example GmbH to send instructions to your bank",
        "A refund must be claimed within 8 weeks",
    ):
        assert words in page
    assert " checked" not in page
    refused = sign(fan, agreed="")
    assert refused.status_code == 422
    assert "Read the text and tick the box" in text_of(refused)
    assert not debits.mandates_of(fan).exists()


def test_it_is_kept_with_words_address_and_browser_and_taken_back(fan):
    a_bank("sepa")
    assert sign(fan)["Location"] == "/wallet/bank/"
    mandate = debits.mandates_of(fan).get()
    assert mandate.proof.startswith("SEPA Direct Debit Mandate.")
    assert mandate.signed_ip == "127.0.0.1"
    client = browser(fan)
    page = text_of(client.get("/wallet/bank/"))
    assert "Account ending 4300" in page
    assert IBAN not in page
    other = browser(ProfileFactory.create())
    for act in ("pay", "revoke"):
        assert other.post(f"/wallet/bank/{mandate.public_id}/{act}/").status_code == 404
    client.post(f"/wallet/bank/{mandate.public_id}/revoke/")
    mandate.refresh_from_db()
    assert mandate.state == "REVOKED"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"iban": "NL91ABNA0417164301"}, "not a valid bank account"),
        ({"holder": " "}, "This field is required"),
        ({"words_version": "sepa-old"}, "words of the mandate have changed"),
    ],
)
def test_what_cannot_be_signed_is_said_and_what_was_typed_stays(fan, typed, words):
    a_bank("sepa")
    refused = sign(fan, **typed)
    assert refused.status_code == 422
    assert words in text_of(refused)
    assert f'value="{typed.get("iban", IBAN)}"' in text_of(refused)
    assert not debits.mandates_of(fan).exists()


def test_an_ach_debit_is_asked_for_once_and_books_nothing_yet(fan):
    a_bank("ach")
    sign(fan, "ach", iban="", routing="021000021", account="123456789", kind="CHECKING")
    mandate = debits.mandates_of(fan).get()
    client = browser(fan)
    for amount in ("", "abc", "0"):
        path = f"/wallet/bank/{mandate.public_id}/pay/"
        assert client.post(path, {"key": KEY, "amount": amount}).status_code == 422
    pages = {client.post(path, {"key": KEY, "amount": "40.00"})["Location"] for _ in range(2)}
    assert len(pages) == 1
    page = text_of(client.get(pages.pop()))
    assert "Your bank debit is on its way" in page
    assert "Account ending 6789" in page
    assert payments.transactions_of(fan).count() == 1
    assert ledger.balance_of(postings.wallet(fan.pk), "USD").minor == 0


def test_a_transfer_says_where_to_send_it_and_what_to_write(fan):
    a_bank("wire", currency="USD")
    client = browser(fan)
    assert "/wallet/bank/" in text_of(client.get("/wallet/"))
    begun = client.post("/wallet/bank/transfer/", {"key": KEY, "amount": "120.00"})
    page = text_of(client.get(begun["Location"]))
    reference = debits.transfers_of(fan).get().reference
    assert reference in page.replace(" ", "")
    for words in ("DE89 3704 0044 0532 0130 00", "COBADEFFXXX", "$120.00"):
        assert words in page


def test_a_brand_without_banks_offers_none(fan):
    client = browser(fan)
    assert "takes no payments by bank now" in text_of(client.get("/wallet/bank/"))
    assert client.get("/wallet/bank/sign/sepa/").status_code == 404
    assert "Pay from your bank" not in text_of(client.get("/wallet/"))
