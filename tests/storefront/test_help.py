"""Pages people turn to: support, their age, and the ways there from a refusal."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts import services as accounts
from apps.accounts.models import Profile
from apps.audit.models import AuditRecord
from apps.finance.payments.models import Transaction
from tests import given
from tests.factories.accounts import ProfileFactory, UserFactory
from tests.finance.purchases.selling import an_item
from tests.given_subscriptions import a_price

pytestmark = pytest.mark.django_db
LINK = '<a href="/age/">How to show your age</a>'


def browser(profile: Profile | None = None) -> Client:
    client = Client(headers={"host": "boyfanz.localhost"})
    if profile is not None:
        client.force_login(profile.user)
    return client


def words(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.fixture
def unknown() -> Profile:
    """Somebody new: nobody has checked their age."""
    fan: Profile = ProfileFactory.create(user=UserFactory.create(age_state="UNKNOWN"))
    given.a_funded_wallet(fan, "50.00", now=timezone.now())
    return fan


class TestSupport:
    def test_everybody_finds_where_to_write_to(self) -> None:
        answer = browser().get("/help/")

        assert 'href="mailto:support@boyfanz.localhost"' in answer.content.decode()
        assert 'href="/help/"' in browser().get("/").content.decode()

    def test_the_account_menu_leads_to_the_choice_of_mail(self, unknown: Profile) -> None:
        assert 'href="/mail/preferences/"' in browser(unknown).get("/help/").content.decode()


class TestAge:
    def test_every_page_that_refuses_says_where_it_goes_on(
        self, unknown: Profile, creator: Profile
    ) -> None:
        price, item = a_price(creator=creator), an_item(creator, now=timezone.now())
        client = browser(unknown)
        subscribe = f"/@{creator.handle}/subscribe/?price={price.public_id}"
        gift = {
            "price": str(price.public_id),
            "method": "WALLET",
            "seen": "1000",
            "key": "11111111-1111-4111-8111-111111111111",
        }
        for answer in (
            client.get(subscribe),
            client.get(f"/items/{item.public_id}/"),
            client.post(f"/@{creator.handle}/gift/", gift),
        ):
            assert LINK in answer.content.decode(), words(answer)
        assert not Transaction.objects.exclude(kind="WALLET_DEPOSIT").exists()

    def test_it_says_how_and_who_and_checks_nothing_itself(self, unknown: Profile) -> None:
        client = browser(unknown)
        answer = client.get("/age/")
        for said in (
            "Nobody has checked your age yet",
            unknown.user.email,
            "support@boyfanz.localhost",
            "Our compliance staff, or a provider of age checks",
        ):
            assert said in words(answer)
        assert client.post("/age/", {"age_state": "ADULT"}).status_code == 405
        unknown.user.refresh_from_db()
        assert unknown.user.age_state == "UNKNOWN"
        assert not AuditRecord.objects.filter(action="accounts.age_checked").exists()

    @pytest.mark.parametrize(
        ("state", "said"),
        [("ADULT", "You are known to be an adult"), ("MINOR", "you are not of age")],
    )
    def test_what_was_found_is_shown(self, unknown: Profile, state: str, said: str) -> None:
        accounts.record_age_check(
            user=unknown.user, state=state, by=None, reason="provider 17", now=timezone.now()
        )
        answer = words(browser(unknown).get("/age/"))

        assert said in answer
        assert "provider 17" not in answer

    def test_strangers_sign_in_first(self) -> None:
        assert browser().get("/age/")["Location"].startswith("/accounts/login/")


class TestCharges:
    HERE = "/help/charges/"

    def test_a_stranger_learns_whose_it_is_and_nothing_else(self, creator: Profile) -> None:
        fan: Profile = ProfileFactory.create(display_name="Somebody Private")
        given.a_card_tip(fan, creator, now=timezone.now())
        assert 'href="/help/charges/"' in browser().get("/").content.decode()

        answer = browser().post(self.HERE, {"text": "fanz.example 800"})

        page = answer.content.decode()
        assert "It is ours" in words(answer)
        assert "mailto:support@boyfanz.localhost" in page
        assert "http://boyfanz.localhost" in page
        for private in (fan.display_name, creator.display_name, "25.00", fan.user.email):
            assert private not in page

    def test_what_is_not_ours_is_said(self) -> None:
        assert "None of our sites" in words(browser().post(self.HERE, {"text": "SOME OTHER SHOP"}))

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({}, "Type the text, or the day"),
            ({"text": "abc"}, "at least 5"),
            ({"text": "4111 1111 1111 1111"}, "Never type a whole card number"),
            ({"on": "2026-01-15", "amount": "25.00"}, "This is needed too"),
            ({"on": "2026-01-15", "amount": "25.00", "last4": "42x2"}, "Type four figures"),
            ({"on": "soon", "amount": "25.00", "last4": "4242"}, "Enter a valid date"),
        ],
    )
    def test_what_is_no_question_is_refused(self, typed: dict[str, str], said: str) -> None:
        answer = browser().post(self.HERE, typed)

        assert answer.status_code == 422
        assert said in words(answer)

    def test_nobody_looks_up_many(self, creator: Profile) -> None:
        given.a_card_tip(ProfileFactory.create(), creator, now=timezone.now())
        client, asked = browser(), {"text": "fanz.example"}
        for _ in range(10):
            assert client.post(self.HERE, asked).status_code == 200

        refused = client.post(self.HERE, asked)
        assert refused.status_code == 429
        assert "too many tries" in words(refused)
        assert "It is ours" not in words(refused)
        assert client.post(self.HERE, asked, REMOTE_ADDR="203.0.113.9").status_code == 200
