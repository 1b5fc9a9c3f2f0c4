"""Where the page of a payment leads: to the thing when paid, to where it is chosen if not."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from django.db import transaction
from django.test import Client

from apps.accounts.models import Profile
from apps.finance.payments.choices import Method
from apps.finance.payments.models import Transaction
from apps.finance.payments.services.move import cancel
from apps.finance.purchases import services as purchases
from apps.finance.purchases.models import Item
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.models import Gift, Price
from tests import given
from tests.factories.accounts import ProfileFactory
from tests.factories.payments import MerchantAccountFactory
from tests.finance.payments.refunding import captured
from tests.finance.purchases.selling import an_item, begun, payment_of, usd
from tests.given_subscriptions import a_price, an_incomplete_one, paid, price_of

pytestmark = pytest.mark.django_db


def page_of(payment: Transaction) -> tuple[str, dict[str, str]]:
    """Its words, and the buttons that lead on from it: label -> address."""
    assert payment.payer is not None
    client = Client(headers={"host": f"{payment.cluster.slug}.localhost"})
    client.force_login(payment.payer.user)
    html = " ".join(client.get(f"/checkout/{payment.public_id}/").content.decode().split())
    found = re.findall(r'<a class="button[^"]*" href="([^"]*)">([^<]*)</a>', html)
    buttons = {label.strip(): url.replace("&amp;", "&") for url, label in found}
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)), buttons


def given_up(payment: Transaction, *, now: datetime) -> Transaction:
    with transaction.atomic():
        cancel(transaction=payment, now=now, reason="The payer left")
    return payment


class TestAnItem:
    @pytest.fixture
    def item(self, creator: Profile, now: datetime) -> Item:
        return an_item(creator, now=now)

    @pytest.fixture
    def payment(self, fan: Profile, item: Item, now: datetime) -> Transaction:
        return payment_of(begun(fan, item, now=now))

    def test_paid_it_leads_to_the_item(
        self, payment: Transaction, item: Item, now: datetime
    ) -> None:
        words, buttons = page_of(captured(payment, now=now))

        assert "A video is yours" in words
        assert buttons["Go to A video"] == f"/items/{item.public_id}/"

    def test_not_paid_it_is_chosen_anew_and_no_tip_is_offered(
        self, payment: Transaction, item: Item, now: datetime
    ) -> None:
        _, buttons = page_of(given_up(payment, now=now))

        assert buttons == {"Try again": f"/items/{item.public_id}/"}


class TestAGift:
    @pytest.fixture
    def price(self, creator: Profile) -> Price:
        return a_price("24.00", months=3, creator=creator)

    def bought(
        self, giver: Profile, price: Price, *, now: datetime, to: Profile | None = None
    ) -> Transaction:
        MerchantAccountFactory.of(giver.cluster)
        gift = subscriptions.buy_gift(
            giver=giver, price=price, method=Method.CARD, to=to, idempotency_key="g-1", now=now
        )
        assert gift.transaction is not None
        return gift.transaction

    def test_paid_it_leads_to_the_code(self, fan: Profile, price: Price, now: datetime) -> None:
        words, buttons = page_of(captured(self.bought(fan, price, now=now), now=now))

        assert "Your gift is paid" in words
        assert "The code to hand on is among your gifts" in words
        assert buttons["Your gifts"] == "/gifts/"
        assert Gift.objects.get().code not in words  # it is on the page of gifts alone

    def test_who_it_is_for_is_said(self, fan: Profile, price: Price, now: datetime) -> None:
        to = ProfileFactory.create(display_name="Kim")
        words, _ = page_of(captured(self.bought(fan, price, now=now, to=to), now=now))

        assert "Kim is told of it" in words

    def test_not_paid_the_same_gift_is_chosen_anew(
        self, fan: Profile, creator: Profile, price: Price, now: datetime
    ) -> None:
        _, buttons = page_of(given_up(self.bought(fan, price, now=now), now=now))

        assert buttons == {"Try again": f"/@{creator.handle}/gift/?price={price.public_id}"}


class TestAGoal:
    @pytest.mark.parametrize(("is_paid", "label"), [(True, "See how far the goal is"),
                                                    (False, "Try again")])  # fmt: skip
    def test_both_ways_lead_to_the_goal(
        self, fan: Profile, creator: Profile, now: datetime, is_paid: bool, label: str
    ) -> None:
        goal = purchases.open_goal(creator=creator, title="A bed", target=usd("50.00"), now=now)
        MerchantAccountFactory.of(fan.cluster)
        tip = purchases.tip_goal(
            goal=goal, fan=fan, amount=usd("5.00"), message="", key="t-1", now=now
        )
        words, buttons = page_of(captured(tip, now=now) if is_paid else given_up(tip, now=now))

        assert ("got your tip towards A bed" in words) is is_paid
        assert buttons[label] == f"/goals/{goal.public_id}/"


class TestASubscription:
    def test_paid_it_leads_to_the_subscription(self, now: datetime) -> None:
        begun = an_incomplete_one(now=now)
        words, buttons = page_of(paid(begun, now=now))

        assert f"You are subscribed to {begun.creator.display_name}" in words
        assert "It begins in a moment" in words  # the news of the capture is on its way
        assert buttons["Your subscription"] == f"/subscriptions/{begun.public_id}/"

    def test_paid_for_what_was_over_it_promises_nothing(self, now: datetime) -> None:
        begun = an_incomplete_one(now=now)
        assert begun.first_transaction is not None
        type(begun).objects.filter(pk=begun.pk).update(
            state="ENDED", ended_at=now, end_reason="INCOMPLETE", due_at=None
        )
        words, _ = page_of(captured(begun.first_transaction, now=now))

        assert "You are subscribed" not in words
        assert f"Paid: your subscription to {begun.creator.display_name}" in words

    def test_not_paid_another_plan_may_be_chosen(self, now: datetime) -> None:
        begun = an_incomplete_one(now=now)
        assert begun.first_transaction is not None
        _, buttons = page_of(given_up(begun.first_transaction, now=now))

        assert buttons == {"Try again": f"/@{begun.creator.handle}/#plans"}

    def test_a_renewal_that_is_not_paid_leads_to_the_subscription_not_to_a_tip(
        self, now: datetime
    ) -> None:
        begun = an_incomplete_one(now=now)
        payment = begun.first_transaction
        assert payment is not None
        subject = f"subscription:{begun.pk}:period:2"
        Transaction.objects.filter(pk=payment.pk).update(subject=subject)
        type(begun).objects.filter(pk=begun.pk).update(first_transaction=None)
        payment.refresh_from_db()
        _, buttons = page_of(given_up(payment, now=now))

        assert buttons == {"Try again": f"/subscriptions/{begun.public_id}/"}
        assert price_of(begun).amount == payment.price


class TestWithoutASubject:
    def test_a_tip_that_was_not_paid_begins_with_the_same_amount(
        self, fan: Profile, creator: Profile, now: datetime
    ) -> None:
        tip = given.a_card_tip(fan, creator, "12.00", now=now)
        _, buttons = page_of(given_up(tip, now=now))

        page = f"/@{creator.handle}/?preset=other&amount=12.00"
        assert buttons == {"Try again": page}

    def test_a_deposit_leads_back_to_the_wallet(self, fan: Profile, now: datetime) -> None:
        words, buttons = page_of(captured(given.a_deposit(fan, now=now), now=now))

        assert "Your wallet is topped up" in words
        assert buttons == {"Back to your wallet": "/wallet/"}
