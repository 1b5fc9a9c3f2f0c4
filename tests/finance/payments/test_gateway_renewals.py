"""Gateways that renew by themselves: told once, booked by their word, and stopped."""

from __future__ import annotations

import pytest
from django.db import transaction

from apps.core import events
from apps.core.models import OutboxMessage
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.ledger.models import Entry
from apps.finance.payments import errors, selectors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Occasion, Status
from apps.finance.payments.models import Transaction, WebhookEvent
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.factories.payments import MerchantAccountFactory
from tests.finance.payments.selling import a_purchase

pytestmark = pytest.mark.django_db(transaction=True)

MONTHLY = payments.Renews(Money(1999, "USD"), first_days=30, days=30)


@pytest.fixture
def creator():
    return CreatorFactory.create()


@pytest.fixture
def fan():
    profile = ProfileFactory.create()
    MerchantAccountFactory.of(profile.cluster)
    return profile


def begun(fan, creator, now, renews=MONTHLY):
    return payments.start_sale(a_purchase(fan, creator, "9.99"), now=now, renews=renews)


def heard(sandbox, now):
    for held in sandbox.take_webhooks():
        payments.receive_webhook(
            gateway="ccbill",
            query=held["query"],
            headers={"Content-Type": held["content_type"]},
            body=held["body"].encode(),
            remote_ip="127.0.0.1",
            now=now,
        )
    payments.process_webhooks(now=now)


@pytest.fixture
def sold(sandbox, fan, creator, now):
    """A first month of 9.99, paid on CCBill's page, that CCBill renews for 19.99 every 30 days."""
    first = begun(fan, creator, now)
    sandbox.pay(payments.checkout_url(transaction=first, now=now))
    heard(sandbox, now)
    first.refresh_from_db()
    assert first.status == Status.CAPTURED
    return first


def book(sale, now, key="ccbill:RenewalSuccess:1", **changes):
    given = {
        "first": sale.pk,
        "key": key,
        "amount": Money(1999, "USD"),
        "reference": sale.gateway_reference,
        "gateway_transaction": "9001",
        "subject": "subscription:7:period:2",
        **changes,
    }
    with transaction.atomic():
        return payments.book_gateway_renewal(now=now, **given)


def earned(creator):
    return ledger.balance_of(postings.creator_payable(creator.pk), "USD").minor


class TestFromEndToEnd:
    def test_the_gateway_is_told_charges_is_booked_and_is_stopped(
        self, sandbox, sold, creator, now, monkeypatch
    ):
        assert selectors.renewed_by(sold.pk) is selectors.Renewer.GATEWAY
        [charge] = sandbox.charges(str(sold.public_id))
        assert charge["fields"]["subscriptionRecurringPrice"] == "19.99"
        assert charge["fields"]["recurringPeriod"] == "30"
        monkeypatch.setattr(events, "handlers_of", lambda event: ["subscriptions"])

        sandbox.act("ccbill", "renew", order=str(sold.public_id))
        heard(sandbox, now)
        [message] = OutboxMessage.objects.filter(name="payments.renewed")
        told = message.payload
        renewal = book(
            sold,
            now,
            key=told["key"],
            amount=Money(told["amount_minor"], told["currency"]),
            reference=told["reference"],
            gateway_transaction=told["gateway_transaction"],
        )

        assert told["transaction_id"] == sold.pk
        assert (renewal.status, renewal.amount_minor) == (Status.CAPTURED, 1999)
        assert renewal.merchant_account_id == sold.merchant_account_id
        assert renewal.gateway_reference == told["gateway_transaction"]
        # 15 % of 9.99 and 19.99 for the platform, 5 % for the processor: 7.99 and 15.99 are left.
        assert earned(creator) == (999 - 150 - 50) + (1999 - 300 - 100)
        assert Entry.objects.latest("id").kind == "RENEWAL_CARD"
        assert list(selectors.renewals_of(sold.pk)) == [renewal]

        assert payments.stop_gateway_renewals(transaction_id=sold.pk, now=now)
        [charge] = sandbox.charges(str(sold.public_id))
        assert charge["cancelled_at"]
        assert payments.stop_gateway_renewals(transaction_id=sold.pk, now=now)
        assert sold.history.filter(reason="The gateway renews it no more").count() == 1

    def test_a_chargeback_of_a_renewal_is_the_renewals(self, sandbox, sold, now, monkeypatch):
        renewal = book(sold, now, gateway_transaction="777000111")
        sandbox.act("ccbill", "chargeback", order=str(sold.public_id), amount="19.99")
        [held] = sandbox.take_webhooks()
        about = sandbox.charges(str(sold.public_id))[0]["transaction_id"]
        body = held["body"].replace(f"transactionId={about}", "transactionId=777000111")
        payments.receive_webhook(
            gateway="ccbill", query=held["query"],
            headers={"Content-Type": held["content_type"]}, body=body.encode(),
            remote_ip="127.0.0.1", now=now,
        )  # fmt: skip
        payments.process_webhooks(now=now)

        assert WebhookEvent.objects.latest("id").status == "PROCESSED"
        renewal.refresh_from_db()
        sold.refresh_from_db()
        assert (renewal.status, sold.status) == (Status.DISPUTED, Status.CAPTURED)

    def test_a_gateway_that_does_not_answer_leaves_it_open(self, sandbox, sold, now):
        sandbox.scenario("ccbill", fail="error", times=0)
        sandbox.scenario("datalink", fail="error", times=0)
        answered = payments.stop_gateway_renewals(transaction_id=sold.pk, now=now)
        stopped = bool(sandbox.charges(str(sold.public_id))[0]["cancelled_at"])
        assert answered == stopped

    def test_what_nobody_asked_to_renew_needs_no_stop_and_is_renewed_by_us(
        self, sandbox, fan, creator, now
    ):
        once = begun(fan, creator, now, renews=None)
        sandbox.pay(payments.checkout_url(transaction=once, now=now))
        heard(sandbox, now)
        [charge] = sandbox.charges(str(once.public_id))
        assert charge["fields"].get("subscriptionRecurringPrice", "0.00") in {"0.00", "0", ""}
        assert selectors.renewed_by(once.pk) is selectors.Renewer.US
        assert payments.stop_gateway_renewals(transaction_id=once.pk, now=now)


class TestBooking:
    def test_again_changes_nothing_and_other_news_by_the_key_is_refused(self, sold, creator, now):
        first = book(sold, now)
        before = earned(creator)

        assert book(sold, now).pk == first.pk
        with pytest.raises(errors.KeyReused):
            book(sold, now, amount=Money(2000, "USD"))
        with pytest.raises(errors.SaleClaimed):
            book(sold, now, key="ccbill:RenewalSuccess:2")

        assert earned(creator) == before
        assert Transaction.objects.filter(renewal_of=sold).count() == 1

    def test_what_was_never_paid_or_is_not_there_cannot_be_renewed(self, fan, creator, now, sold):
        unpaid = payments.start_sale(
            a_purchase(fan, creator, idempotency_key="b2", subject="subscription:8:period:1"),
            now=now,
        )
        with pytest.raises(errors.NotPaid):
            book(unpaid, now, reference="R", gateway_transaction="T")
        with pytest.raises(errors.TransactionNotFound):
            book(sold, now, first=10**9)
        with pytest.raises(errors.CurrencyNotOffered):
            book(sold, now, amount=Money(1999, "EUR"))
        with pytest.raises(errors.NotForSale):
            book(sold, now, subject="")
        with pytest.raises(errors.TransactionNotFound):
            payments.stop_gateway_renewals(transaction_id=10**9, now=now)
        assert not Transaction.objects.filter(renewal_of__isnull=False).exists()

    def test_a_renewal_of_a_renewal_is_one_of_the_first(self, sold, now):
        second = book(sold, now)
        third = book(
            second, now, key="k3", gateway_transaction="9002", subject="subscription:7:period:3"
        )
        assert third.renewal_of_id == sold.pk
        assert third.occasion == Occasion.RENEWAL
