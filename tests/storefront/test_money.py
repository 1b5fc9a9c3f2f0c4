"""Tips, wallet and earnings through the pages; what moved is read from the ledger."""

import re
import uuid

import pytest
from django.test import Client

from apps.clusters.models import Cluster
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import selectors as payments
from apps.payouts import selectors as payouts
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.factories.payments import MerchantAccountFactory

pytestmark = pytest.mark.django_db
KEY = "11111111-1111-4111-8111-111111111111"


def browser(profile):
    client = Client(headers={"host": f"{profile.cluster.slug}.localhost"})
    client.force_login(profile.user)
    return client


def text_of(response):
    page = re.sub(r"\s+", " ", response.content.decode())
    return re.sub(r"(?<=>) | (?=<)", "", page)  # blanks beside tags are the formatter's


def tip(**changes):
    return {"key": KEY, "preset": "25", "amount": "", "message": "Hi", "method": "CARD"} | changes


@pytest.fixture
def fan():
    profile = ProfileFactory.create(handle="fan")
    MerchantAccountFactory.of(profile.cluster)
    return profile


@pytest.fixture
def creator():
    return CreatorFactory.create(handle="leo", display_name="Leo")


def test_a_stranger_who_tips_signs_in_and_keeps_the_amount(client, creator):
    response = client.post(
        "/@leo/", tip(preset="other", amount="12.00"), headers={"host": "boyfanz.localhost"}
    )
    assert response["Location"].startswith("/accounts/login/?next=")
    assert "12.00" in response["Location"]


def test_a_card_tip_shows_the_price_then_goes_to_the_gateway(fan, creator):
    client = browser(fan)
    response = client.post("/@leo/", tip(preset="other", amount="12.00"))
    payment = payments.transactions_of(fan).get()
    assert response["Location"] == f"/checkout/{payment.public_id}/"
    page = text_of(client.get(response["Location"]))
    for words in ("Pay $12.00", "FANZ.EXAMPLE 800-555-0100", "Tip to Leo (@leo)", "Renews"):
        assert words in page
    paid = client.post(response["Location"])
    assert paid.status_code == 303
    assert "/ccbill/wap-frontflex/flexforms/" in paid["Location"]


def test_the_same_form_sent_twice_is_one_payment(fan, creator):
    client = browser(fan)
    first, second = client.post("/@leo/", tip()), client.post("/@leo/", tip())
    assert first["Location"] == second["Location"]
    assert payments.transactions_of(fan).count() == 1


@pytest.mark.parametrize("amount", ["", "abc", "-5", "0", "1.234"])
def test_a_bad_amount_keeps_what_was_typed_and_moves_nothing(fan, creator, amount):
    response = browser(fan).post("/@leo/", tip(preset="other", amount=amount, message="Kept"))
    assert response.status_code == 422
    assert "Kept" in text_of(response)
    assert f'value="{amount}"' in text_of(response) or not amount
    assert not payments.transactions_of(fan).exists()


def test_a_tip_from_the_wallet_asks_once_more_then_pays(fan, creator, now):
    given.a_funded_wallet(fan, "50.00", now=now)
    client = browser(fan)
    asked = client.post("/@leo/", tip(method="WALLET"))
    assert "Pay $25.00 from wallet" in text_of(asked)
    assert ledger.balance_of(postings.wallet(fan.pk), "USD").minor == 5000
    for _ in range(2):
        done = client.post("/@leo/", tip(method="WALLET", confirmed="yes"))
        assert "Leo got your tip" in text_of(client.get(done["Location"]))
    assert ledger.balance_of(postings.wallet(fan.pk), "USD").minor == 2500


def test_an_empty_wallet_refuses_in_words_and_moves_nothing(fan, creator):
    response = browser(fan).post("/@leo/", tip(method="WALLET", confirmed="yes"))
    assert response.status_code == 422
    assert "Nothing was charged." in text_of(response)
    assert ledger.balance_of(postings.creator_payable(creator.pk), "USD").minor == 0


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("PROCESSING", "Waiting for the card processor"),
        ("FAILED", "The payment was declined"),
        ("EXPIRED", "This checkout has expired"),
        ("UNKNOWN", "We are checking this payment"),
        ("CANCELLED", "This payment was cancelled"),
    ],
)
def test_each_state_of_a_payment_has_its_words(fan, creator, now, status, words):
    payment = given.a_card_tip(fan, creator, now=now)
    type(payment).objects.filter(pk=payment.pk).update(status=status)
    page = text_of(browser(fan).get(f"/checkout/{payment.public_id}/"))
    assert words in page
    assert "Pay $" not in page
    assert ('http-equiv="refresh"' in page) == (status == "PROCESSING")


def test_nobody_else_sees_a_payment_not_even_the_payee(fan, creator, now):
    payment = given.a_card_tip(fan, creator, now=now)
    type(payment).objects.filter(pk=payment.pk).update(status="CAPTURED", captured_at=now)
    for other in (creator, ProfileFactory.create()):
        assert browser(other).get(f"/checkout/{payment.public_id}/").status_code == 404
    elsewhere = Client(headers={"host": "pupfanz.localhost"})
    elsewhere.force_login(fan.user)
    assert elsewhere.get(f"/checkout/{payment.public_id}/").status_code == 404


def test_a_payment_under_review_says_so_and_offers_nothing_to_press(fan, creator, now):
    payment = given.a_card_tip(fan, creator, now=now)
    type(payment).objects.filter(pk=payment.pk).update(status="CREATED", review_since=now)
    client = browser(fan)
    page = text_of(client.get(f"/checkout/{payment.public_id}/"))
    assert "We are having a look at this payment" in page
    assert "In review" in page
    assert "Pay $" not in page
    client.post(f"/checkout/{payment.public_id}/")
    assert payment.attempts.get().status == "CREATED"
    assert "In review" in text_of(client.get("/payments/"))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("51", "Try again later, use another card"),
        ("41", "This card cannot be used for it"),
        ("54", "Check the card number, the date"),
        ("not_reached", "could not be reached"),
        ("refused", "another way to pay may work"),
    ],
)
def test_a_declined_payment_says_what_to_do_next(fan, creator, now, code, words):
    payment = given.a_card_tip(fan, creator, now=now)
    type(payment).objects.filter(pk=payment.pk).update(
        status="FAILED", failure_code=code, failure_reason="inner reason", gateway="segpay"
    )
    page = text_of(browser(fan).get(f"/checkout/{payment.public_id}/"))
    assert words in page
    assert "Nothing was charged." in page
    assert ("inner reason" in page) == (code != "refused")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (("REFUNDED", 2500), "This payment was refunded"),
        (("PARTLY_REFUNDED", 1000), "$10.00 of $25.00 went back to you"),
        (("DISPUTED", 0), "Your bank is looking into this payment"),
    ],
)
def test_what_happens_after_a_payment_is_told_with_its_descriptor(fan, creator, now, state, words):
    payment = given.a_card_tip(fan, creator, now=now)
    type(payment).objects.filter(pk=payment.pk).update(
        status=state[0], refunded_minor=state[1], captured_at=now
    )
    page = text_of(browser(fan).get(f"/checkout/{payment.public_id}/"))
    assert words in page
    assert "FANZ.EXAMPLE 800-555-0100" in page


def test_a_forged_return_is_refused_and_changes_nothing(fan, creator, now):
    payment = given.a_card_tip(fan, creator, now=now)
    response = browser(fan).get(
        "/checkout/ccbill/return/", {"X-order": str(payment.public_id), "responseDigest": "x"}
    )
    assert response.status_code in (404, 422)
    payment.refresh_from_db()
    assert payment.status == "REQUIRES_ACTION"


def test_the_wallet_shows_balance_and_history(fan, now):
    given.a_funded_wallet(fan, "50.00", now=now)
    page = text_of(browser(fan).get("/wallet/"))
    assert '<p class="amount">$50.00</p>' in page
    assert "Money added" in page
    other = ProfileFactory.create(user=fan.user, cluster=Cluster.objects.get(slug="pupfanz"))
    assert '<p class="amount">$0.00</p>' in text_of(browser(other).get("/wallet/"))


def test_a_deposit_goes_to_its_checkout(fan):
    form = {"key": KEY, "preset": "50", "amount": "", "method": "CARD"}
    response = browser(fan).post("/wallet/", form)
    assert payments.transactions_of(fan).get().amount.minor == 5000
    assert response["Location"].startswith("/checkout/")


def test_a_fan_is_offered_to_become_a_creator_and_does(fan):
    client = browser(fan)
    assert "Become a creator" in text_of(client.get("/earnings/"))
    response = client.post("/become-creator/", {"display_name": "Max", "handle": "max"})
    assert response["Location"] == "/@max/"
    fan.refresh_from_db()
    assert fan.is_creator


def test_a_payout_is_requested_once_and_cancelled(now):
    creator = given.a_creator("80.00", now=now)
    method = given.a_payout_method(creator, now=now)
    client = browser(creator)
    for _ in range(2):
        client.post("/earnings/", {"key": KEY, "method": method.pk, "amount": "50.00"})
    payout = payouts.payouts_of(creator).get()
    assert payouts.available_of(creator, "USD").minor == 3000
    page = text_of(client.get("/earnings/"))
    for amount in ("<dd>$30.00</dd>", "<dd>$50.00</dd>", "<dd>$80.00</dd>"):
        assert amount in page
    assert "−$50.00" in text_of(client.get("/earnings/statement/"))  # noqa: RUF001
    stranger = browser(given.a_creator("1.00", now=now))
    assert stranger.post(f"/earnings/payouts/{payout.public_id}/cancel/").status_code == 404
    client.post(f"/earnings/payouts/{payout.public_id}/cancel/")
    assert payouts.available_of(creator, "USD").minor == 8000


def test_too_large_a_payout_is_refused_and_moves_nothing(now):
    creator = given.a_creator("80.00", now=now)
    method = given.a_payout_method(creator, now=now)
    response = browser(creator).post(
        "/earnings/", {"key": uuid.uuid4(), "method": method.pk, "amount": "80.01"}
    )
    assert response.status_code == 422
    assert 'value="80.01"' in text_of(response)
    assert "No money was moved." in text_of(response)
    assert payouts.available_of(creator, "USD").minor == 8000


def test_a_paxum_account_is_added(now):
    creator = given.a_creator("80.00", now=now)
    client = browser(creator)
    details = {"email": "me@mail.example", "first_name": "Ada", "last_name": "Byron"}
    client.post("/earnings/methods/", details)
    assert payouts.methods_of(creator).get().details["email"] == "me@mail.example"
    assert client.post("/earnings/methods/", details | {"email": "no"}).status_code == 422


def test_only_what_the_card_account_may_charge_is_offered(fan):
    page = text_of(browser(fan).get("/wallet/"))
    assert "$2.95 to $100.00 at a time" in page
    assert 'value="100"' in page
    assert 'value="200"' not in page
    form = {"key": KEY, "preset": "other", "amount": "100.01", "method": "CARD"}
    refused = browser(fan).post("/wallet/", form)
    assert "Choose an amount between $2.95 and $100.00." in text_of(refused)
    assert not payments.transactions_of(fan).exists()


def test_a_brand_without_a_card_account_says_so():
    page = text_of(browser(ProfileFactory.create()).get("/wallet/"))
    assert "Cards are not taken on BoyFanz at the moment" in page
    assert "Continue to checkout" not in page


def test_too_small_a_payout_names_the_smallest(now):
    creator = given.a_creator("80.00", now=now)
    method = given.a_payout_method(creator, now=now)
    form = {"key": KEY, "method": method.pk, "amount": "19.99"}
    refused = text_of(browser(creator).post("/earnings/", form))
    assert "The smallest payout is $20.00." in refused
