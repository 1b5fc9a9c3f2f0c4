"""Kept cards on the pages: paid with, preferred, removed; and the card fields of a gateway."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from apps.core import http
from apps.finance.payments import selectors as payments
from apps.finance.payments.models import PaymentMethod
from apps.finance.payments.selectors.methods import means_of
from apps.finance.payments.services import charge
from apps.finance.subscriptions import services as subscriptions
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.finance.payments.charging import (
    DECLINED,
    a_token,
    an_account,
    by_means,
    sales_of,
    stored_means,
    wallet,
)
from tests.given_subscriptions import a_price, a_subscription
from tests.storefront.test_money import KEY, browser, text_of, tip

pytestmark = pytest.mark.django_db


@pytest.fixture
def fan(sandbox):
    http.reset_breakers()
    profile = ProfileFactory.create(handle="fan")
    an_account(profile)
    return profile


@pytest.fixture
def kept(sandbox, fan, now):
    means = stored_means(sandbox, fan, now=now)
    PaymentMethod.objects.filter(pk=means.pk).update(brand="visa", last4="1111", expires="2031-08")
    means.refresh_from_db()
    return means


class TestPayingWithAKeptCard:
    def test_shows_the_terms_then_one_click_charges_once(self, sandbox, fan, kept, now):
        CreatorFactory.create(handle="leo", display_name="Leo")
        client = browser(fan)
        page = text_of(client.get("/@leo/"))
        assert f'value="{kept.public_id}"' in page
        assert "Visa ending 1111<small>until 08/31</small>" in page.replace(" <small>", "<small>")
        begun = client.post("/@leo/", tip(method=str(kept.public_id)))
        terms = text_of(client.get(begun["Location"]))
        for words in ("Pay $25.00", "Visa ending 1111", "FANZ.EXAMPLE 800-555-0100", "Renews"):
            assert words in terms
        payment = payments.transactions_of(fan).filter(kind="TIP").get()
        assert sales_of(sandbox, payment) == []
        for _ in range(2):
            client.post(begun["Location"])
        assert len(sales_of(sandbox, payment)) == 1
        assert "Leo got your tip" in text_of(client.get(begun["Location"]))

    def test_anothers_card_cannot_be_chosen(self, sandbox, fan, kept):
        CreatorFactory.create(handle="leo")
        other = ProfileFactory.create()
        refused = browser(other).post("/@leo/", tip(method=str(kept.public_id)))
        assert refused.status_code == 422
        assert not payments.transactions_of(other).exists()

    def test_a_bank_that_asks_for_a_confirmation_is_gone_to(self, fan, kept, now):
        CreatorFactory.create(handle="leo")
        client = browser(fan)
        begun = client.post("/@leo/", tip(method=str(kept.public_id)))
        payment = payments.transactions_of(fan).filter(kind="TIP").get()
        attempt = payment.attempts.get()
        attempt.status, attempt.checkout = "WAITING", {"url": "https://bank.example/3ds"}
        attempt.save()
        type(payment).objects.filter(pk=payment.pk).update(status="REQUIRES_ACTION")
        page = text_of(client.get(begun["Location"]))
        assert "Your bank asks you to confirm" in page
        assert 'href="https://bank.example/3ds" rel="noreferrer"' in page


class TestTheCardsOfAPayer:
    def test_are_listed_preferred_and_removed(self, sandbox, fan, kept, now):
        client = browser(fan)
        page = text_of(client.get("/wallet/cards/"))
        assert "Visa ending 1111" in page
        assert "Offered first" in page
        assert client.post(f"/wallet/cards/{kept.public_id}/prefer/").status_code == 302
        client.post(f"/wallet/cards/{kept.public_id}/remove/")
        assert not means_of(fan).exists()
        kept.refresh_from_db()
        assert kept.sealed_token == ""
        assert "No cards kept" in text_of(client.get("/wallet/cards/"))

    def test_what_a_card_pays_is_listed_and_said_before_and_after_it_is_removed(
        self, fan, kept, now, django_assert_max_num_queries
    ):
        price = a_price(name="Gold")
        charge(transaction=by_means(kept, now=now), now=now)  # it fills the wallet
        paid = a_subscription(now=now, price=price, fan=fan)
        subscriptions.change_means(subscription_id=paid.public_id, fan=fan, to=kept, now=now)
        over = a_subscription(now=now, fan=fan)
        subscriptions.change_means(subscription_id=over.public_id, fan=fan, to=kept, now=now)
        subscriptions.cancel(subscription_id=over.public_id, fan=fan, now=now)
        client, name = browser(fan), f"Gold of {price.plan.creator.display_name}"
        link = f'<a href="/subscriptions/{paid.public_id}/">{name}</a>'
        client.get("/wallet/cards/")
        with django_assert_max_num_queries(9):
            page = text_of(client.get("/wallet/cards/"))
        assert f"Pays{link}." in page
        assert f"Without this card the next charge of{link}fails." in page
        assert str(over.public_id) not in page
        told = text_of(client.post(f"/wallet/cards/{kept.public_id}/remove/", follow=True))
        assert "It was to pay Gold of" in told
        assert f'<a href="/subscriptions/{paid.public_id}/">Choose another way</a>' in told
        assert str(over.public_id) not in told

    def test_are_nobody_elses(self, fan, kept):
        stranger = browser(ProfileFactory.create())
        for act in ("prefer", "remove"):
            path = f"/wallet/cards/{kept.public_id}/{act}/"
            assert stranger.post(path).status_code == 404
            assert Client(headers={"host": "boyfanz.localhost"}).post(path).status_code == 302
        assert means_of(fan).count() == 1


class TestTheGatewaysFields:
    @pytest.fixture
    def begun(self, fan):
        form = {"key": KEY, "preset": "50", "amount": "", "method": "CARD", "keep": "on"}
        return browser(fan).post("/wallet/", form)["Location"]

    def test_let_the_gateways_script_into_this_page_alone(self, sandbox, fan, begun):
        client = browser(fan)
        page = client.get(begun)
        policy = page["Content-Security-Policy"]
        assert f"script-src 'self' {sandbox.url};" in policy
        assert f"frame-src {sandbox.url}" in policy
        assert "unsafe" not in policy
        assert f'<script src="{sandbox.url}/nmi/token/Collect.js"' in page.content.decode()
        assert not re.search(r"<input[^>]+(number|cvv|card)", page.content.decode())
        assert "script-src" not in client.get("/wallet/")["Content-Security-Policy"]

    def test_show_buttons_of_wallets_only_where_a_site_switched_them_on(
        self, sandbox, fan, begun, settings
    ):
        client = browser(fan)
        assert "data-wallet" not in text_of(client.get(begun))
        given = settings.GATEWAY_CREDENTIALS
        more = {"wallet_buttons": "googlepay, someday", "fields_hosts": "https://pay.example"}
        settings.GATEWAY_CREDENTIALS = {**given, "nmi": {**given["nmi"], **more}}
        page = client.get(begun)
        assert re.findall(r'id="(\w+)" data-wallet', page.content.decode()) == ["googlepay"]
        policy = page["Content-Security-Policy"]
        assert f"frame-src {sandbox.url} https://pay.example" in policy
        client.post(begun, {"token": a_token(sandbox).token, "wallet": "googlepay"})
        assert wallet(fan) == 50_00

    def test_a_token_pays_and_the_card_is_kept_as_was_asked(self, sandbox, fan, begun):
        client = browser(fan)
        client.get(begun)
        client.post(begun, {"token": a_token(sandbox).token})
        assert "Your wallet is topped up" in text_of(client.get(begun))
        assert wallet(fan) == 50_00
        assert means_of(fan).count() == 1

    def test_after_a_decline_another_card_may_be_typed(self, sandbox, fan, begun):
        client = browser(fan)
        client.get(begun)
        client.post(begun, {"token": a_token(sandbox, DECLINED).token})
        declined = text_of(client.get(begun))
        assert "The payment was declined" in declined
        assert "Nothing was charged." in declined
        assert "data-card-fields" in declined
        client.post(begun, {"token": a_token(sandbox).token})
        assert wallet(fan) == 50_00

    @pytest.mark.parametrize("token", ["", "4111 1111 1111 1111", "x" * 4001])
    def test_what_is_no_token_charges_nothing(self, sandbox, fan, begun, token):
        client = browser(fan)
        client.get(begun)
        client.post(begun, {"token": token})
        payment = payments.transactions_of(fan).get()
        assert payment.status == "REQUIRES_ACTION"
        assert sandbox.sales("nmi", str(payment.public_id)) == []


class TestTheListOfPayments:
    def test_is_narrowed_by_what_and_by_state_and_by_day(self, fan, kept, now):
        client = browser(fan)
        assert "Money added" in text_of(client.get("/payments/?state=paid&kind=WALLET_DEPOSIT"))
        for nothing in ("state=declined", "kind=TIP", "until=2001-01-01", "since=2999-01-01"):
            assert "No payment fits" in text_of(client.get(f"/payments/?{nothing}"))
        assert "Enter a valid date" in text_of(client.get("/payments/?since=nonsense"))
