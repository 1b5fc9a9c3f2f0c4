"""What a bank is shown of a disputed charge: the terms, the mails, the access, the story."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from apps.accounts.models import Profile
from apps.finance.payments.adapters.base import Told
from apps.finance.payments.choices import Method
from apps.finance.payments.models import Dispute
from apps.finance.payments.selectors import evidence as of_payments
from apps.finance.subscriptions import services
from apps.finance.subscriptions.selectors.evidence import sections_of
from apps.notifications import services as notifications
from tests import given_subscriptions as given
from tests.finance.payments.refunding import a_paid_tip
from tests.finance.payments.test_disputes import hear

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.fixture
def subscription():
    it = given.an_incomplete_one(now=NOW)
    given.paid(it, now=NOW + timedelta(minutes=2))
    given.delivered(now=NOW + timedelta(minutes=2))
    notifications.send_due(now=NOW + timedelta(minutes=5))
    return given.fresh(it)


@pytest.fixture
def chapters(subscription):
    return {each.title: each for each in sections_of(subscription.first_transaction_id)}


def test_it_shows_the_very_words_that_were_agreed_to(subscription, chapters):
    rows = chapters["Terms the customer agreed to"].rows
    assert ("SHA-256 of the words", subscription.terms_hash) in rows
    words = [row[1] for row in rows[2:]]
    assert "\n".join(words) == subscription.terms
    assert "Charged today: $10.00 USD." in " ".join(words)


def test_it_shows_which_period_was_charged_and_what_was_mailed(subscription, chapters):
    assert chapters["What was charged, newest last"].rows == [
        ("1", "2026-01-15 12:00:00 UTC", "10.00 USD", "Paid", "this payment")
    ]
    mails = {row[1]: row for row in chapters["Mails to the customer about it"].rows}
    receipt = mails["Receipts of subscriptions"]
    assert receipt[0] == "2026-01-15 12:05:00 UTC"
    assert receipt[2] == "Sent"
    assert len(receipt[3]) == 64
    assert "Subscriptions confirmed" in mails
    assert not any("new subscriber" in name.lower() for name in mails)


def test_it_shows_the_access_and_who_did_what(subscription, chapters):
    access = chapters["Access the customer had"].rows
    assert access[0] == ("Open to", "2026-02-18 12:00:00 UTC")
    assert access[1][0] == "2026-01-15 12:02:00 UTC"
    services.cancel(
        subscription_id=subscription.public_id, fan=subscription.fan, now=NOW + timedelta(days=1)
    )
    after = {each.title: each for each in sections_of(subscription.first_transaction_id)}
    story = after["History of the subscription"].rows
    assert [row[1] for row in story][:2] == ["Asked for", "Began"]
    assert story[-1][0] == "2026-01-16 12:00:00 UTC"
    assert story[-1][3] == "the customer"
    facts = {row[0]: row[1] for row in after["The subscription"].rows}
    assert facts["Cancelled"] == "2026-01-16 12:00:00 UTC"


def test_it_stands_in_the_pack_of_the_dispute(subscription):
    payment = subscription.first_transaction
    case = hear(payment, Told.CHARGEBACK, at=NOW, amount="10.00", now=NOW + timedelta(days=3))
    assert isinstance(case, Dispute)
    titles = [each.title for each in of_payments.sections_of(case)]
    assert titles.index("Terms the customer agreed to") > titles.index("Receipt")


def test_a_gift_shows_whether_it_was_taken(now):
    price = given.a_price("20.00")
    giver: Profile = given.a_subscriber("50.00", now=now, cluster=price.plan.cluster)
    gift = services.buy_gift(
        giver=giver, price=price, method=Method.WALLET, idempotency_key="g", now=now
    )
    assert gift.transaction_id
    facts = {row[0]: row[1] for row in sections_of(gift.transaction_id)[0].rows}
    assert facts["Taken"] == "not taken"
    assert facts["To"] == "whoever has the code"


def test_other_payments_have_no_such_chapters(now):
    assert sections_of(a_paid_tip(now=now).pk) == []


def test_it_costs_the_same_however_long_it_ran(subscription, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        sections_of(subscription.first_transaction_id)
