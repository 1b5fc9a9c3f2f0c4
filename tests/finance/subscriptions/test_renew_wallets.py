"""Renewals from wallets: each period once, everything booked, by the thousand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.entitlements.models import Entitlement
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import services as payments
from apps.finance.payments.models import Transaction
from apps.finance.subscriptions.choices import PeriodState, RunState, State, What
from apps.finance.subscriptions.models import (
    BillingRun,
    DunningTry,
    Period,
    Subscription,
    SubscriptionEvent,
)
from apps.finance.subscriptions.services.renew_wallets import renew_wallets
from apps.finance.subscriptions.services.tick import bill_due
from apps.notifications.models import Message
from tests.finance.subscriptions import crowd

pytestmark = pytest.mark.django_db(transaction=True)

DUE = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOW = DUE + timedelta(minutes=3)


def wallet(fan):
    return ledger.balance_of(postings.wallet(fan), "USD").minor


def test_a_renewal_books_money_period_access_history_and_receipt():
    [fan] = crowd.subscribers(1, due=DUE, among=crowd.prices(1))

    billed = bill_due(now=NOW)

    assert (billed.renewed, billed.declined, dict(billed.money)) == (1, 0, {"USD": 10_00})
    subscription = Subscription.objects.get(fan=fan)
    paid = Transaction.objects.get(payer=fan)
    assert (paid.amount_minor, paid.occasion) == (10_00, "RENEWAL")
    assert paid.subject == f"subscription:{subscription.pk}:period:2"
    assert wallet(fan) == 90_00
    creator = ledger.balance_of(postings.creator_payable(subscription.creator_id), "USD")
    assert creator.minor == paid.net_minor > 0
    period = Period.objects.get(subscription=subscription, number=2)
    assert (period.state, period.transaction_id) == (PeriodState.PAID, paid.pk)
    # Anchored on 31 December: the second period ends on the last day of February.
    assert (period.from_at, period.until_at) == (DUE, datetime(2026, 2, 28, 12, tzinfo=UTC))
    assert (subscription.state, subscription.period_number) == (State.ACTIVE, 2)
    assert subscription.current_until == subscription.due_at == period.until_at
    assert period.until_at is not None
    assert subscription.access_until == period.until_at + timedelta(days=3)
    access = Entitlement.objects.get(source=f"subscription:{subscription.pk}")
    assert access.until_at == subscription.access_until
    line = SubscriptionEvent.objects.get(subscription=subscription)
    assert (line.what, line.from_state, line.to_state) == (What.RENEWED, "ACTIVE", "ACTIVE")
    assert (line.plan_id, line.period_number) == (subscription.plan_id, 2)
    mail = Message.objects.get(kind="subscription.receipt")
    assert mail.context["amount"] == "$10.00"
    assert mail.context["next_charge_on"] == "2026-02-28"
    assert mail.context["manage_url"].endswith(f"/subscriptions/{subscription.public_id}/")
    run = BillingRun.objects.get()
    assert (run.state, run.due, run.renewed, run.money) == (RunState.DONE, 1, 1, {"USD": 10_00})


def test_one_that_the_wallet_cannot_pay_is_tried_again_and_stops_no_other():
    [poor] = crowd.subscribers(1, due=DUE, wallet="9.99", name="poor")
    [rich] = crowd.subscribers(1, due=DUE, wallet="10.00", name="rich")

    billed = bill_due(now=NOW)

    assert (billed.renewed, billed.declined) == (1, 1)
    assert (wallet(poor), wallet(rich)) == (9_99, 0)
    subscription = Subscription.objects.get(fan=poor)
    assert (subscription.state, subscription.tries) == (State.PAST_DUE, 1)
    assert subscription.due_at == NOW + timedelta(days=1)
    assert subscription.access_until == DUE + timedelta(days=3)
    assert not Transaction.objects.filter(payer=poor).exists()
    failed = DunningTry.objects.get(subscription=subscription)
    assert (failed.number, failed.decline_class) == (1, "LATER")
    assert failed.code == "payments.insufficient_wallet"
    mail = Message.objects.get(kind="subscription.declined")
    assert mail.context["reason"] == "Your wallet holds too little."
    assert mail.context["next_try_on"] == "2026-02-01"


def test_one_whose_wallet_is_emptied_meanwhile_is_tried_again_and_stops_no_other(monkeypatch):
    among = crowd.prices(2)
    people = crowd.subscribers(6, due=DUE, among=among, wallet="10.00")
    spent, creator = Profile.objects.get(pk=people[3]), among[0].plan.creator
    see = ledger.available_of_many

    def see_then_spend(accounts):
        seen = see(accounts)
        payments.tip_from_wallet(
            fan=spent, creator=creator, amount=Money.of("1.00", "USD"), message="",
            idempotency_key="meanwhile", now=NOW,
        )  # fmt: skip
        return seen

    monkeypatch.setattr(ledger, "available_of_many", see_then_spend)
    billed = bill_due(now=NOW)

    assert (billed.renewed, billed.declined, billed.failed) == (5, 1, 0)
    assert dict(billed.money) == {"USD": 50_00}
    assert [wallet(fan) for fan in people] == [0, 0, 0, 9_00, 0, 0]
    [failed] = DunningTry.objects.all()
    assert failed.subscription.fan_id == spent.pk
    assert Period.objects.filter(number=2).count() == 5
    assert Message.objects.filter(kind="subscription.receipt").count() == 5


def statements_of(count, name):
    """Statements of one batch, taken back so that nothing is delivered."""
    crowd.subscribers(count, due=DUE, name=name, among=crowd.prices(2))
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        billed = renew_wallets(now=NOW, limit=1000, claimed=[])
        transaction.set_rollback(True)
    Subscription.objects.update(due_at=None)
    assert billed.renewed == count
    return len(queries)


def test_a_thousand_take_no_more_statements_than_ten():
    assert statements_of(1000, "many") <= statements_of(10, "few")


def test_with_nothing_due_a_tick_is_one_query():
    crowd.subscribers(3, due=DUE + timedelta(days=1))
    with CaptureQueriesContext(connection) as queries:
        assert bill_due(now=NOW).touched == 0
    assert len(queries) == 1
    assert not BillingRun.objects.exists()
