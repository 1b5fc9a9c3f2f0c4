"""What a card statement will show is known before the fan agrees to pay (R-SUB-08)."""

from __future__ import annotations

import hashlib
import re
import uuid
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Profile
from apps.audit.models import AuditRecord
from apps.core import http
from apps.finance.payments.models import MerchantAccount
from apps.finance.payments.selectors.candidates import forget_candidates
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.choices import State
from apps.finance.subscriptions.models import Price, Subscription
from sandbox.accounts import credentials
from tests.factories.payments import MerchantAccountFactory
from tests.given_subscriptions import a_price, an_incomplete_one

pytestmark = pytest.mark.django_db
GUESS, TRUE = "FANZ.EXAMPLE 800-555-0100", "BOYFANZ.COM 800-555-0199"


@pytest.fixture
def price(creator: Profile) -> Price:
    return a_price("12.00", creator=creator)


@pytest.fixture
def account(fan: Profile) -> MerchantAccount:
    """The one that a quote names."""
    forget_candidates()
    return MerchantAccountFactory.create(cluster=fan.cluster, rank=1)


@pytest.fixture
def other(account: MerchantAccount) -> MerchantAccount:
    """The one that takes so small a price."""
    MerchantAccount.objects.filter(pk=account.pk).update(least_minor=5_000)
    forget_candidates()
    return MerchantAccountFactory.create(
        cluster=account.cluster, rank=2, account_number="900002", descriptor=TRUE
    )


@pytest.fixture
def client(fan: Profile) -> Client:
    client = Client(headers={"host": "boyfanz.localhost"})
    client.force_login(fan.user)
    return client


def words(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def agree(client: Client, price: Price) -> Any:
    """The terms are shown, and agreed to by the button."""
    here = f"/@{price.plan.creator.handle}/subscribe/?price={price.public_id}&method=CARD"
    shown = client.get(here)
    assert f"On your statement: {GUESS}." in words(shown)
    sent = {
        name: found[1]
        for name in ("terms_hash", "total_minor")
        if (found := re.search(rf'name="{name}" value="([^"]*)"', shown.content.decode()))
    }
    return client.post(here, {**sent, "agreed": "on", "key": str(uuid.uuid4())})


def test_where_it_is_as_shown_the_fan_goes_straight_to_the_gateway(
    client: Client, price: Price, account: MerchantAccount
) -> None:
    answer = agree(client, price)

    assert answer["Location"].startswith("http")
    kept = Subscription.objects.get()
    assert f"On your statement: {GUESS}." in kept.terms


def test_where_routing_chose_another_account_the_true_text_is_shown_before_it_is_paid(
    client: Client, price: Price, account: MerchantAccount, other: MerchantAccount
) -> None:
    answer = agree(client, price)

    begun = Subscription.objects.select_related("first_transaction").get()
    payment = begun.first_transaction
    assert payment is not None
    assert payment.merchant_account == other
    assert answer["Location"] == f"/checkout/{payment.public_id}/"
    page = words(client.get(answer["Location"]))
    assert f"On your statement: {TRUE}." in page
    assert GUESS not in page
    assert "Pay $12.00" in page
    assert f"On your statement: {TRUE}." in begun.terms
    assert begun.terms_hash == hashlib.sha256(begun.terms.encode()).hexdigest()


def test_a_gateway_that_takes_over_is_shown_before_the_fan_is_sent_there(
    client: Client, fan: Profile, price: Price, settings: Any, now: Any
) -> None:
    settings.GATEWAY_CREDENTIALS = credentials("http://127.0.0.1:9")
    http.reset_breakers()
    forget_candidates()
    MerchantAccountFactory.create(
        cluster=fan.cluster, gateway="segpay", account_number="20010", subaccount="",
        flex_id="101:202", credentials="segpay", rank=1,
    )  # fmt: skip
    begun = an_incomplete_one(now=now, price=price, fan=fan)
    payment = begun.first_transaction
    assert payment is not None
    assert payment.gateway == "segpay"
    MerchantAccountFactory.create(
        cluster=fan.cluster, rank=2, account_number="900002", descriptor=TRUE
    )
    forget_candidates()
    here = f"/checkout/{payment.public_id}/"

    assert client.post(here)["Location"] == here
    page = words(client.get(here))
    assert f"your statement shows {TRUE}" in page
    assert f"On your statement: {TRUE}." in page
    begun.refresh_from_db()
    assert f"On your statement: {TRUE}." in begun.terms
    assert AuditRecord.objects.filter(action="subscriptions.terms_restated").count() == 1
    assert client.post(here)["Location"].startswith("http")


class TestTermsThatAreKept:
    def restate(self, begun: Subscription, fan: Profile, subject: str = "") -> bool:
        subject = subject or f"subscription:{begun.pk}:period:1"
        changed = subscriptions.restate_terms(
            fan=fan, subject=subject, descriptor=TRUE, now=begun.created_at
        )
        before = begun.terms
        begun.refresh_from_db()
        assert (begun.terms != before) is changed
        return changed

    def test_are_restated_once(self, now: Any) -> None:
        begun = an_incomplete_one(now=now)
        assert self.restate(begun, begun.fan)
        assert not self.restate(begun, begun.fan)
        assert begun.terms.count("On your statement: ") == 1

    @pytest.mark.parametrize("subject", ["", "item:1", "gift:1", "subscription:1:period:2"])
    def test_of_nothing_else_are_left_alone(self, fan: Profile, now: Any, subject: str) -> None:
        begun = an_incomplete_one(now=now)
        subject = subject.replace(":1:", f":{begun.pk}:")
        assert not self.restate(begun, fan if not subject else begun.fan, subject)

    def test_that_are_in_force_stay_word_for_word(self, now: Any) -> None:
        begun = an_incomplete_one(now=now)
        Subscription.objects.filter(pk=begun.pk).update(state=State.ACTIVE, started_at=now,
                                                        current_from=now)  # fmt: skip
        begun.refresh_from_db()
        assert not self.restate(begun, begun.fan)
