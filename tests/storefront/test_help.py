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
            assert LINK in answer.content.decode()
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
